package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"xlvs/cmd/xlvs/demo"
)

// envMain has the test binary be xlvs itself, as the user that it names.
const envMain = "XLVS_TEST_MAIN"

func TestMain(m *testing.M) {
	switch os.Getenv(envMain) {
	case "root":
		main()
	case "nobody": // by now, since nobody may not execute what is in root's directories
		if err := syscall.Setuid(65534); err != nil {
			panic(err)
		}
		main()
	}
	goleak.VerifyTestMain(m)
}

// write writes text to a file and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "xlvs.toml")
	rewrite(t, path, text)
	return path
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const (
	goodFile   = "[[service]]\nprotocol = \"tcp\"\nvip = \"192.0.2.1\"\nport = 80\n"
	brokenFile = "workers = 1\n" + goodFile + "scheduler = \"random\"\n"
)

// brokenWords are of the two errors in brokenFile.
var brokenWords = []string{":1: unknown key", ":6: service TCP 192.0.2.1:80: scheduler"}

func TestDispatch(t *testing.T) {
	good, broken := write(t, goodFile), write(t, brokenFile)
	missing := filepath.Join(t.TempDir(), "missing.toml")
	tests := map[string]struct {
		args   []string
		code   int
		stdout []string // what it must contain; nothing: it must be empty
		stderr []string // one for each line
	}{
		"help":                     {[]string{"-h"}, 0, []string{"usage: xlvs", "run [-c FILE]", "check", "demo", "version"}, nil},
		"help as a command":        {[]string{"help"}, 0, []string{"usage: xlvs"}, nil},
		"help of run":              {[]string{"run", "-h"}, 0, []string{"-c FILE"}, nil},
		"help of check":            {[]string{"check", "--help"}, 0, []string{"-c FILE"}, nil},
		"unknown command":          {[]string{"start"}, 2, nil, []string{`unknown command "start": xlvs -h lists the commands`}},
		"empty command":            {[]string{""}, 2, nil, []string{`unknown command ""`}},
		"flag before the command":  {[]string{"-c", good, "run"}, 2, nil, []string{`unknown command "-c"`}},
		"unknown flag of run":      {[]string{"run", "-x"}, 2, nil, []string{"run: flag provided but not defined: -x: xlvs run -h lists the flags"}},
		"flag without its value":   {[]string{"run", "-c"}, 2, nil, []string{"run: flag needs an argument: -c"}},
		"argument too many to run": {[]string{"run", good}, 2, nil, []string{"run: unexpected argument"}},
		"run a broken file":        {[]string{"run", "-c", broken}, 1, nil, brokenWords},
		"run a missing file":       {[]string{"run", "-c", missing}, 1, nil, []string{missing + ": no such file or directory"}},
		"check without a file":     {[]string{"check"}, 2, nil, []string{"-c FILE is missing"}},
		"check with an argument":   {[]string{"check", "-c", good, "more"}, 2, nil, []string{`unexpected argument "more"`}},
		"check a good file":        {[]string{"check", "-c", good}, 0, []string{"[timeouts]", `scheduler = "wlc"`}, nil},
		"check a broken file":      {[]string{"check", "-c", broken}, 1, nil, brokenWords},
		"check a missing file":     {[]string{"check", "-c", missing}, 1, nil, []string{missing + ": no such file or directory"}},
		"unknown flag of demo":     {[]string{"demo", "-x"}, 2, nil, []string{"demo: flag provided but not defined: -x"}},
		"version":                  {[]string{"version"}, 0, []string{"xlvs ", " go1."}, nil},
		"version with an argument": {[]string{"version", "1"}, 2, nil, []string{`version: unexpected argument "1"`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			if code := dispatch(t.Context(), tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			checkWords(t, "stdout", stdout.String(), tt.stdout)
			checkLines(t, stderr.String(), tt.stderr)
		})
	}
}

// checkWords checks that text contains all words, and is empty if there are none.
func checkWords(t *testing.T, what, text string, words []string) {
	t.Helper()
	if len(words) == 0 && text != "" {
		t.Errorf("%s is %q, want nothing", what, text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s is %q, want %q in it", what, text, w)
		}
	}
}

// checkLines checks that each line of stderr speaks for xlvs and has its words.
func checkLines(t *testing.T, stderr string, words []string) {
	t.Helper()
	lines := strings.SplitAfter(stderr, "\n")
	lines = lines[:len(lines)-1] // nothing, behind the last line break
	if len(lines) != len(words) {
		t.Fatalf("stderr is %q, want %d lines", stderr, len(words))
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, "xlvs: ") || !strings.Contains(line, words[i]) {
			t.Errorf("line %d of stderr is %q, want xlvs: and %q", i, line, words[i])
		}
	}
}

func TestDispatchWithoutCommand(t *testing.T) {
	var stdout, stderr strings.Builder
	if code := dispatch(t.Context(), nil, &stdout, &stderr); code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	checkWords(t, "stdout", stdout.String(), nil)
	checkWords(t, "stderr", stderr.String(), []string{"usage: xlvs", "run [-c FILE]"})
}

// What check prints is a configuration that check accepts and prints again.
func TestCheckPrintsAConfiguration(t *testing.T) {
	once, twice := checkFile(t, write(t, goodFile)), ""
	if twice = checkFile(t, write(t, once)); twice != once {
		t.Errorf("check of its own output prints\n%s\nwant\n%s", twice, once)
	}
}

func checkFile(t *testing.T, path string) string {
	t.Helper()
	var stdout strings.Builder
	if err := checkCommand(t.Context(), []string{"-c", path}, &stdout, nil); err != nil {
		t.Fatal(err)
	}
	return stdout.String()
}

func TestExitCode(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	tests := map[string]struct {
		err    error
		code   int
		stderr string
	}{
		"none":          {nil, 0, ""},
		"one":           {first, 1, "xlvs: first\n"},
		"joined":        {errors.Join(first, second), 1, "xlvs: first\nxlvs: second\n"},
		"joined below":  {fmt.Errorf("open: %w", errors.Join(first, second)), 1, "xlvs: open: first\nxlvs: second\n"},
		"wrapping two":  {fmt.Errorf("%w, then %w", first, second), 1, "xlvs: first, then second\n"},
		"wrapped usage": {fmt.Errorf("demo: %w", usageError("no")), 2, "xlvs: demo: no\n"},
		"demo's usage":  {fmt.Errorf("demo: no: %w", demo.ErrUsage), 2, "xlvs: demo: no: xlvs demo -h lists the flags\n"},
		"interrupted":   {context.Canceled, 1, "xlvs: context canceled\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stderr strings.Builder
			if code := exitCode(tt.err, &stderr); code != tt.code || stderr.String() != tt.stderr {
				t.Errorf("exitCode(%v) = %d and %q, want %d and %q", tt.err, code, stderr.String(), tt.code, tt.stderr)
			}
		})
	}
}

func TestVersionLine(t *testing.T) {
	commit := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}}
	tests := map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"built without modules": {debug.BuildInfo{GoVersion: "go1.26.0"}, "xlvs (unknown version) go1.26.0"},
		"released": {
			debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v0.1.0"}},
			"xlvs v0.1.0 go1.26.0",
		},
		"from a clean tree": {
			debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "(devel)"}, Settings: commit},
			"xlvs (devel) commit 0123abc 2026-01-02T03:04:05Z go1.26.0",
		},
		"from a changed tree": {
			debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "(devel)"},
				Settings: append(commit, debug.BuildSetting{Key: "vcs.modified", Value: "true"})},
			"xlvs (devel) commit 0123abc 2026-01-02T03:04:05Z (modified) go1.26.0",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := versionLine(&tt.info); got != tt.want {
				t.Errorf("versionLine = %q, want %q", got, tt.want)
			}
		})
	}
}
