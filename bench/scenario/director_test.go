package scenario

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
)

// A director is the xlvs binary, running in a host.
type director struct {
	t       *testing.T
	host    *lab.Host
	path    string // of its configuration
	process *lab.Process
	log     *journal // standard error
	prints  *journal // standard output
}

// direct starts a director in the director's host of s. It is stopped with the
// test, and its log shown if the test has failed.
func direct(t *testing.T, s *site, c *config.Config) *director {
	t.Helper()
	d := &director{
		t: t, host: s.Director, path: filepath.Join(t.TempDir(), "xlvs.toml"),
		log: new(journal), prints: new(journal),
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the director's log:\n%s", d.log.tail(4000))
			t.Logf("end of what the director printed:\n%s", d.prints.tail(2000))
		}
	})
	d.write(c)
	d.start()
	t.Cleanup(d.stop)
	return d
}

// start starts the process and waits until it says that it moves packets.
func (d *director) start() {
	d.t.Helper()
	from := d.log.len()
	cmd := exec.Command(os.Getenv(binaryKey), "run", "-c", d.path)
	cmd.Stdout, cmd.Stderr = d.prints, d.log
	var err error
	d.process, err = d.host.Start(cmd)
	must(d.t, err)
	eventually(d.t, "the director runs", func() bool {
		select {
		case <-d.process.Done():
			d.t.Fatalf("the director ended: %v", d.process.Wait())
		default:
		}
		return bytes.Contains(d.log.since(from), []byte("director is running"))
	})
}

// stop ends the process as an operator does, and checks that nothing stays.
func (d *director) stop() {
	d.t.Helper()
	d.process.Stop()
	if err := d.process.Wait(); err != nil {
		d.t.Errorf("the director ended with %v, want success", err)
	}
	if d.attached() {
		d.t.Error("an interface has an XDP program after the director's end")
	}
}

// kill ends the process without giving it time for anything.
func (d *director) kill() {
	d.t.Helper()
	d.signal(syscall.SIGKILL)
	_ = d.process.Wait() // says that it was killed
}

func (d *director) signal(sig syscall.Signal) {
	d.t.Helper()
	if err := d.process.Signal(sig); err != nil {
		d.t.Fatalf("the director is gone: %v", err)
	}
}

// write makes c the director's configuration file.
func (d *director) write(c *config.Config) {
	d.t.Helper()
	var b bytes.Buffer
	must(d.t, c.Write(&b))
	must(d.t, os.WriteFile(d.path, b.Bytes(), 0o600))
}

// reload has the director follow c, and waits until its table is that of c.
func (d *director) reload(c *config.Config) {
	d.t.Helper()
	d.write(c)
	d.signal(syscall.SIGHUP)
	want := weights(c)
	eventually(d.t, "the director follows its file", func() bool { return d.table().has(want) })
}

// attached reports whether an interface has an XDP program.
func (d *director) attached() bool {
	d.t.Helper()
	for _, dev := range []string{"eth0", "eth1"} {
		link, err := d.host.Link(dev)
		if err == nil && link.Xdp != nil && link.Xdp.Attached {
			return true
		}
	}
	return false
}

// A journal keeps what a process writes.
type journal struct {
	mu sync.Mutex
	b  []byte
}

// Write appends b.
func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.b = append(j.b, b...)
	return len(b), nil
}

func (j *journal) len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.b)
}

// since returns what was written after the first from bytes.
func (j *journal) since(from int) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Clone(j.b[from:])
}

// tail returns the last n bytes.
func (j *journal) tail(n int) []byte { return j.since(max(0, j.len()-n)) }
