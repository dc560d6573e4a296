package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// describeMachine returns a line about the machine, without which no figure
// means anything. What cannot be found out is called unknown.
func describeMachine() string {
	kernel := "unknown"
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		kernel = unix.ByteSliceToString(u.Release[:])
	}
	info, _ := os.ReadFile("/proc/cpuinfo")
	return fmt.Sprintf("machine: %d × %s, Linux %s, %s/%s",
		runtime.NumCPU(), cpuModel(info), kernel, runtime.Version(), runtime.GOARCH)
}

// cpuModel returns the first processor's name in the text of /proc/cpuinfo, which
// only some architectures tell.
func cpuModel(info []byte) string {
	for line := range bytes.Lines(info) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		if name := bytes.TrimSpace(value); string(bytes.TrimSpace(key)) == "model name" && len(name) > 0 {
			return string(name)
		}
	}
	return "unknown processor"
}

// commandLine returns how to measure the same again.
func commandLine(name string, args []string) string {
	return "command: " + strings.Join(append([]string{"go run ./bench", name}, args...), " ")
}
