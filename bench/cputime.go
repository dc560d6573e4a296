package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// userHZ is the unit of times in /proc (USER_HZ): the same on every
// architecture that Go knows Linux on.
const userHZ = 100

var errStat = errors.New("not the stat file of a process")

// cpuTime returns the processor time of a process and of those of its children
// that have ended.
func cpuTime(pid int) (time.Duration, error) {
	file := fmt.Sprintf("/proc/%d/stat", pid)
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	t, err := parseStat(b)
	if err != nil {
		return 0, fmt.Errorf("read processor time: %s: %w", file, err)
	}
	return t, nil
}

// parseStat adds up utime, stime, cutime and cstime of a stat file: fields 14
// to 17 (proc_pid_stat(5)).
func parseStat(b []byte) (time.Duration, error) {
	// The name may hold blanks and parentheses, so look for its last one.
	const state, utime, count = 3, 14, 4
	name := bytes.LastIndexByte(b, ')')
	fields := bytes.Fields(b[name+1:]) // from field 3 on
	if name < 0 || len(fields) < utime-state+count {
		return 0, errStat
	}
	var ticks time.Duration
	for _, f := range fields[utime-state:][:count] {
		// In 36 bits fit 21 years, and four times that in a time.Duration.
		n, err := strconv.ParseUint(string(f), 10, 36)
		if err != nil {
			return 0, fmt.Errorf("%w: %w", errStat, err)
		}
		ticks += time.Duration(n)
	}
	return ticks * (time.Second / userHZ), nil
}
