package compare

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

func TestParseSoftirq(t *testing.T) {
	tests := map[string]struct {
		in   string
		want time.Duration
		ok   bool
	}{
		"two processors":     {"cpu  1 2 3 4 5 6 150 8 9 10\ncpu0 1 2 3 4 5 6 7\nintr 5\n", 1500 * time.Millisecond, true},
		"empty":              {"", 0, false},
		"no sum":             {"cpu0 1 2 3 4 5 6 7 8\n", 0, false},
		"an old kernel":      {"cpu 1 2 3 4\n", 0, false},
		"negative":           {"cpu 1 2 3 4 5 6 -7 8\n", 0, false},
		"more than a life":   {"cpu 1 2 3 4 5 6 99999999999999 8\n", 0, false},
		"a word":             {"cpu 1 2 3 4 5 6 many 8\n", 0, false},
		"no end of the line": {"cpu 1 2 3 4 5 6 100", time.Second, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseSoftirq([]byte(tt.in))
			if got != tt.want || (err == nil) != tt.ok || !tt.ok && !errors.Is(err, ErrProc) {
				t.Errorf("parseSoftirq(%q) = %v, %v, want %v", tt.in, got, err, tt.want)
			}
		})
	}
}

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
	f.Add([]byte("cpu  1 2 3 4 5 6 150 8 9 10\nSlab: 3 kB\n"))
	f.Fuzz(func(t *testing.T, b []byte) { // must not panic
		if d, err := parseSoftirq(b); err == nil && d < 0 {
			t.Errorf("parseSoftirq(%q) = %v", b, d)
		}
		if n, err := parseKibibytes(b, "Slab:"); err == nil && n < 0 {
			t.Errorf("parseKibibytes(%q) = %v", b, n)
		}
	})
}

func TestThisMachine(t *testing.T) {
	if d, err := SoftirqTime(); err != nil || d <= 0 {
		t.Errorf("SoftirqTime() = %v, %v", d, err)
	}
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
