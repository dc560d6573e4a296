package ipvsadm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// theirs is the ipvsadm that this one is to be like.
const theirs = "ipvsadm"

// pretend is the environment variable that makes this program run theirs with a
// kernel that seems to have IPVS: every request of ipvsadm's comes back with the
// number in it as its errno, 0 for success.
const pretend = "XLVS_TEST_IPVS_ERRNO"

// A trial is a command line for theirs.
type trial struct {
	Args  []string
	Stdin string
}

func TestMain(m *testing.M) {
	var errno uint32
	if _, err := fmt.Sscan(os.Getenv(pretend), &errno); err != nil {
		os.Exit(m.Run())
	}
	if err := tryAll(errno); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tryAll runs theirs on the trials in stdin, and writes the results to stdout.
func tryAll(errno uint32) error {
	if err := pretendIPVS(errno); err != nil {
		return err
	}
	var trials []trial
	if err := json.NewDecoder(os.Stdin).Decode(&trials); err != nil {
		return err
	}
	results := make([]result, len(trials))
	for i, t := range trials {
		var stdout, stderr bytes.Buffer
		c := exec.Command(theirs, t.Args...)
		c.Stdin, c.Stdout, c.Stderr = strings.NewReader(t.Stdin), &stdout, &stderr
		var exit *exec.ExitError
		if err := c.Run(); err != nil && !errors.As(err, &exit) {
			return err
		}
		results[i] = result{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}

// The socket options of IPVS are those from ipvsOptions on; the second that can
// be asked for is what ipvsadm begins with.
const (
	ipvsOptions = 64 + 1024 + 64
	ipvsInfo    = ipvsOptions + 1
	ipvsEnd     = ipvsOptions + 64
)

// pretendIPVS has the kernel answer requests to IPVS, of this process and all that
// it starts, without looking at them (seccomp). What a request is to fill in stays
// as it is.
func pretendIPVS(errno uint32) error {
	const number, level, name = 0, 16 + 8, 16 + 16 // in struct seccomp_data, little-endian
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	jump := func(test uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | test, Jt: yes, Jf: no, K: k}
	}
	done := func(with uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: with} }
	filter := []unix.SockFilter{
		load(number),
		jump(unix.BPF_JEQ, unix.SYS_SETSOCKOPT, 1, 0),
		jump(unix.BPF_JEQ, unix.SYS_GETSOCKOPT, 0, 7),
		load(level),
		jump(unix.BPF_JEQ, unix.SOL_IP, 0, 5),
		load(name),
		jump(unix.BPF_JGE, ipvsEnd, 3, 0),
		jump(unix.BPF_JGE, ipvsOptions, 0, 2),
		jump(unix.BPF_JEQ, ipvsInfo, 2, 0),
		done(unix.SECCOMP_RET_ERRNO | errno),
		done(unix.SECCOMP_RET_ALLOW),
		done(unix.SECCOMP_RET_ERRNO), // success
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if e != 0 {
		return fmt.Errorf("set seccomp filter: %w", e)
	}
	return nil
}

// try returns what theirs does of each trial. What it says of a kernel older than
// itself is left out.
func try(t *testing.T, errno unix.Errno, trials []trial) []result {
	t.Helper()
	if _, err := exec.LookPath(theirs); err != nil {
		if os.Getenv("XLVS_PRIVILEGED") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	in, err := json.Marshal(trials)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", pretend, errno), "LC_ALL=C")
	c.Stdin = bytes.NewReader(in)
	out, err := c.Output()
	var results []result
	if err == nil {
		err = json.Unmarshal(out, &results)
	}
	if err != nil {
		t.Fatalf("run %s: %v", theirs, err)
	}
	for i := range results {
		if r := &results[i]; strings.HasPrefix(r.Stderr, "Warning: IPVS version mismatch") {
			_, r.Stderr, _ = strings.Cut(r.Stderr, "\n\n")
		}
	}
	return results
}
