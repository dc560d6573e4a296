package compare

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"testing"
)

func TestParseKibibytes(t *testing.T) {
	tests := map[string]struct {
		in   string
		want float64
		ok   bool
	}{
		"among others":      {"MemTotal: 5 kB\nSlab:       1000 kB\nSlabs: 3 kB\n", 1024000, true},
		"empty":             {"", 0, false},
		"another key":       {"Slabs: 3 kB\n", 0, false},
		"another unit":      {"Slab: 3 MB\n", 0, false},
		"no unit":           {"Slab: 3\n", 0, false},
		"negative":          {"Slab: -3 kB\n", 0, false},
		"more than memory":  {"Slab: 99999999999999999 kB\n", 0, false},
		"key without value": {"Slab:\n", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseKibibytes([]byte(tt.in), "Slab:")
			if got != tt.want || (err == nil) != tt.ok || !tt.ok && !errors.Is(err, ErrProc) {
				t.Errorf("parseKibibytes(%q) = %v, %v, want %v", tt.in, got, err, tt.want)
			}
		})
	}
}

func FuzzParseProc(f *testing.F) {
	f.Add([]byte("MemFree: 1 kB\nSlab: 3 kB\n"))
	f.Fuzz(func(t *testing.T, b []byte) { // must not panic
		if n, err := parseKibibytes(b, "Slab:"); err == nil && n < 0 {
			t.Errorf("parseKibibytes(%q) = %v", b, n)
		}
	})
}

func TestThisMachine(t *testing.T) {
	if n, err := KernelMemory(); err != nil || n <= 0 {
		t.Errorf("KernelMemory() = %v, %v", n, err)
	}
	if n, err := ProcessMemory(os.Getpid()); err != nil || n <= 0 {
		t.Errorf("ProcessMemory() = %v, %v", n, err)
	}
}

func TestFamily(t *testing.T) {
	cmd := exec.Command("sh", "-c", "sleep 60 & echo; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it has started its child
		t.Fatal(err)
	}
	pids, err := Family(cmd.Process.Pid)
	for _, pid := range slices.Backward(pids) {
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill()
		}
	}
	_ = cmd.Wait()
	if err != nil || len(pids) != 2 || pids[0] != cmd.Process.Pid {
		t.Errorf("Family() = %v, %v, want %d and its child", pids, err, cmd.Process.Pid)
	}
	if pids, err := Family(1 << 30); err == nil {
		t.Errorf("Family of nobody = %v", pids)
	}
}
