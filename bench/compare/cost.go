package compare

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// ErrProc is wrapped by errors of files in /proc that do not say what they should.
var ErrProc = errors.New("not what proc(5) describes")

// KernelMemory returns how many bytes the kernel's own objects take, those of
// everybody together.
func KernelMemory() (float64, error) {
	return readProc("/proc/meminfo", func(b []byte) (float64, error) { return parseKibibytes(b, "Slab:") })
}

// ProcessMemory returns how many bytes a process takes, with its share of what
// it shares.
func ProcessMemory(pid int) (float64, error) {
	return readProc(fmt.Sprintf("/proc/%d/smaps_rollup", pid), func(b []byte) (float64, error) { return parseKibibytes(b, "Pss:") })
}

// Family returns a process and those that its first thread started, and so on.
func Family(pid int) ([]int, error) {
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pids[i], pids[i]))
		if errors.Is(err, os.ErrNotExist) && i > 0 {
			continue // it has just ended
		}
		if err != nil {
			return nil, err
		}
		for _, f := range bytes.Fields(b) {
			child, err := strconv.Atoi(string(f))
			if err != nil {
				return nil, fmt.Errorf("read children of process %d: %w: %w", pid, ErrProc, err)
			}
			pids = append(pids, child)
		}
	}
	return pids, nil
}

// parseKibibytes returns the value of the line that begins with key, in bytes.
func parseKibibytes(b []byte, key string) (float64, error) {
	fields := bytes.Fields(firstLine(b, key))
	if len(fields) != 3 || string(fields[2]) != "kB" {
		return 0, ErrProc
	}
	n, err := strconv.ParseUint(string(fields[1]), 10, 50)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrProc, err)
	}
	return float64(n) * 1024, nil
}

// firstLine returns the first line of b whose first word is key.
func firstLine(b []byte, key string) []byte {
	for line := range bytes.Lines(b) {
		if fields := bytes.Fields(line); len(fields) > 0 && string(fields[0]) == key {
			return line
		}
	}
	return nil
}

// readProc reads a file and has parse find a value in it.
func readProc[T any](file string, parse func([]byte) (T, error)) (value T, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return value, err
	}
	if value, err = parse(b); err != nil {
		return value, fmt.Errorf("read %s: %w", file, err)
	}
	return value, nil
}
