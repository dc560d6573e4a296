package guest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// deaf is a log that takes nothing.
type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestConsoleKeepsTheEnd(t *testing.T) {
	var log bytes.Buffer
	c := &console{log: &log}
	for i := range 2000 {
		_, err := fmt.Fprintf(c, "line %d\r\n", i)
		must(t, err)
	}
	if end := c.end(); !strings.HasSuffix(end, "line 1998\nline 1999") || len(end) > 2*tailSize {
		t.Errorf("end is %d bytes: %.40q, want the last lines", len(end), end)
	}
	if !strings.HasPrefix(log.String(), "line 0\r\n") {
		t.Errorf("the log begins %.40q, want everything", log.String())
	}
}

func TestConsoleGoesOnWithoutLog(t *testing.T) {
	for name, c := range map[string]*console{"none": {}, "full": {log: deaf{}}} {
		if n, err := c.Write([]byte("text\xff")); n != 5 || err != nil {
			t.Errorf("log %s: Write = %d, %v, want 5", name, n, err)
		}
		if !strings.Contains(c.end(), "text?") {
			t.Errorf("log %s: end %q", name, c.end())
		}
	}
	if got := new(console).end(); got != "nothing on the console" {
		t.Errorf("end of a silent console: %q", got)
	}
}

func TestConsoleSeesPanics(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"none":    {"[    1.0] Run /init as init process\n", ""},
		"panic":   {"[    1.0] Kernel panic - not syncing: Fatal exception\r\n[    1.0] Offset\n", "Kernel panic - not syncing: Fatal exception"},
		"cut off": {"Kernel panic - not", "Kernel panic - not"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := new(console)
			_, err := c.Write([]byte(tt.text))
			must(t, err)
			if got := c.panicked(); got != tt.want {
				t.Errorf("panicked = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	o := Options{KernelArguments: "slub_debug=P"}
	o.fillIn()
	line := strings.Join(arguments(emulation, "/boot/vmlinuz", o), " ")
	for _, want := range []string{"-accel tcg", "-m 1024", "-smp 1", "-kernel /boot/vmlinuz", "console=ttyS0", forEmulation, "slub_debug=P"} {
		if !strings.Contains(line, want) {
			t.Errorf("arguments %q lack %q", line, want)
		}
	}
	o = Options{Memory: 512, CPUs: 2}
	line = strings.Join(arguments(virtualization, "/boot/vmlinuz", o), " ")
	if !strings.Contains(line, "-accel kvm") || !strings.Contains(line, "-m 512") || !strings.Contains(line, "-smp 2") || strings.Contains(line, forEmulation) {
		t.Errorf("arguments for KVM: %q", line)
	}
}
