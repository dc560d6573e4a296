// Command xlvs is a Linux Virtual Server director in user space.
//
// Each word after `xlvs` is a command with flags of its own. Commands wire the
// packages below them and decide nothing about packets; only here are flags
// read, lines logged and exit codes chosen: 0 for done, 1 for a failure, 2 for a
// command line that means nothing. An error is a line on stderr that says what
// was being done and to what; several errors are several lines.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/cmd/xlvs/demo"
	"xlvs/cmd/xlvs/importer"
	"xlvs/cmd/xlvs/ipvsadm"
	"xlvs/cmd/xlvs/proc"
	"xlvs/cmd/xlvs/realserver"
)

// Exit codes.
const (
	exitDone = iota
	exitFailure
	exitUsage
)

func main() {
	if name := filepath.Base(os.Args[0]); slices.Contains(ipvsadm.Programs[:], name) {
		os.Exit(runIPVSAdm(name, os.Args[1:]))
	}
	if len(os.Args) > 1 && slices.Contains(ipvsadm.Programs[:], os.Args[1]) {
		os.Exit(runIPVSAdm(os.Args[1], os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	// Whoever asks twice does not want to wait; but timeout(1) passes one request
	// on twice, at once.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	os.Exit(dispatch(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// runIPVSAdm is ipvsadm, or one of the scripts that come with it, whose usage,
// words and exit codes are their own. A signal ends it at once, as it ends them:
// what -R waits for on its standard input may never come.
func runIPVSAdm(name string, args []string) (exitCode int) {
	p := ipvsadm.Program{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Dial: connectIPVSAdm}
	return p.Run(context.Background(), name, args)
}

// A command is a word after `xlvs`. Its function returns a usageError, or one of
// its own that exitCode knows, for arguments it does not understand, and
// flag.ErrHelp when it was asked for help and gave it.
type command struct {
	name, args, what string
	run              func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

// commands returns the commands in the order in which the usage lists them.
func commands() []command {
	return []command{
		{"run", "[-c FILE]", "be a director, in the foreground", runCommand},
		{"check", "-c FILE", "validate a configuration and print it with its defaults", checkCommand},
		{"reload", "", "have the running director read its file again", reloadCommand},
		{"apply", "[-c FILE]", "have the running director follow a file, or --dry-run", applyCommand},
		{"save", "[-o FILE]", "write the running state as a file, with its comments", saveCommand},
		{"ipvsadm", "…", "ipvsadm 1.31 for the running director; also ipvsadm-save, ipvsadm-restore", nil},
		{"proc", "FILE", "print what /proc/net/ip_vs and its like would", procCommand},
		{"capture", "-o FILE", "write frames with their verdicts as pcapng", captureCommand},
		{"import", "FORMAT", "make a configuration from another program's", importer.Command},
		{"demo", "", "watch a director at work on this machine alone", demo.Command},
		{"realserver", "", "make this host a real server for direct routing or tunneling", realserver.Command},
		{"version", "", "print the version", versionCommand},
	}
}

// dispatch runs the command that args name and returns the exit code.
func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		printUsage(stderr)
		return exitUsage
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		printUsage(stdout)
		return exitDone
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return exitCode(c.run(ctx, args[1:], stdout, stderr), stderr)
		}
	}
	return exitCode(usageError(fmt.Sprintf("unknown command %q: xlvs -h lists the commands", args[0])), stderr)
}

// exitCode reports err, if there is one, and returns the exit code for it.
func exitCode(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	for _, line := range errorLines(err) {
		fmt.Fprintln(stderr, "xlvs:", line)
	}
	if isUsage(err) {
		return exitUsage
	}
	return exitFailure
}

// isUsage reports whether err is about a command line that means nothing.
func isUsage(err error) bool {
	_, ok := errors.AsType[usageError](err)
	return ok || slices.ContainsFunc([]error{demo.ErrUsage, realserver.ErrUsage, importer.ErrUsage, proc.ErrUsage},
		func(usage error) bool { return errors.Is(err, usage) })
}

// errorLines returns what err says, a line for each of the errors that were
// joined to it. That is told by the text: errors.Join puts a line break between
// its errors, also below a wrapping, and nothing else does.
func errorLines(err error) []string { return strings.Split(err.Error(), "\n") }

func printUsage(w io.Writer) {
	fmt.Fprint(w, "usage: xlvs COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-15s  %s\n", c.name+" "+c.args, c.what)
	}
	fmt.Fprint(w, "\nxlvs COMMAND -h lists a command's flags.\n")
}
