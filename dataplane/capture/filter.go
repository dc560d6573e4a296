package capture

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/bpf"
)

// A Filter is a classic BPF program that says which frames are wanted. The zero
// Filter wants all.
type Filter struct{ vm *bpf.VM }

// ErrFilter is wrapped by ParseFilter.
var ErrFilter = errors.New("not a BPF program")

// maxInstructions is the kernel's BPF_MAXINSNS.
const maxInstructions = 4096

// ParseFilter reads a program in the form that `tcpdump -ddd` writes: the number
// of instructions, then a line of four numbers for each. The empty text is the
// zero Filter. Programs for the link type Ethernet fit.
func ParseFilter(text string) (Filter, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if lines[0] == "" {
		return Filter{}, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || n != len(lines)-1 || n > maxInstructions {
		return Filter{}, fmt.Errorf("%w: line 1: want the number of the instructions that follow, at most %d", ErrFilter, maxInstructions)
	}
	program := make([]bpf.Instruction, n)
	for i, line := range lines[1:] {
		var raw bpf.RawInstruction
		if _, err := fmt.Sscanf(line, "%d %d %d %d", &raw.Op, &raw.Jt, &raw.Jf, &raw.K); err != nil {
			return Filter{}, fmt.Errorf("%w: line %d: want four numbers: op, jt, jf, k", ErrFilter, i+2)
		}
		program[i] = raw.Disassemble()
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		return Filter{}, fmt.Errorf("%w: %w", ErrFilter, err)
	}
	return Filter{vm}, nil
}

// Match reports whether frame is wanted. A program that fails wants nothing.
func (f Filter) Match(frame []byte) bool {
	if f.vm == nil {
		return true
	}
	n, err := f.vm.Run(frame)
	return err == nil && n > 0
}
