package control

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// readme returns the lines of README.md.
func readme(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// TestCommands runs the commands of README.md, in their order.
func TestCommands(t *testing.T) {
	s := open(t, new(fakeDirector), Options{Load: noChange, Capturer: capturer(noPackets)}, nil)
	program := curl(t)
	n := 0
	for _, line := range readme(t) {
		command, ok := strings.CutPrefix(line, "curl ")
		if !ok {
			continue
		}
		n++
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", program+" --silent --show-error --fail-with-body "+command)
		cmd.Env = append(os.Environ(), "S="+s.path)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if n < len(s.server.resources()) {
		t.Errorf("README.md has %d commands, fewer than there are resources", n)
	}
}

func TestReadmeListsErrors(t *testing.T) {
	text := strings.Join(readme(t), "\n")
	for _, c := range codes {
		if row := fmt.Sprintf("| `%s` | %d | `", c.code, c.status); !strings.Contains(text, row) {
			t.Errorf("README.md has no row %q", row)
		}
	}
	for _, w := range kindWords {
		if !strings.Contains(text, "`"+w.name+"`") {
			t.Errorf("README.md has no operation %q", w.name)
		}
	}
}
