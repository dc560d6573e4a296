// Command bench measures what a director does on this machine.
//
// It builds a small network out of namespaces, sends through a director what one
// core can make, or what programs say to each other, and looks at what comes out
// at the other end. What is compared runs in one go, round by round in turn, because a machine's
// speed drifts by more than the differences of interest. Nothing outside of the
// namespaces is touched, and they are gone at the end. It takes root, the go
// command unless -xlvs names a binary, and for TCP the programs nft and iperf3.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"xlvs/bench/guest"
)

// Exit codes.
const (
	exitDone = iota
	exitFailure
	exitUsage
)

func main() {
	if guest.IsGuest() {
		guest.Main(guestJobs)
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	context.AfterFunc(ctx, stop) // whoever asks twice does not want to wait
	os.Exit(dispatch(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// A command is a word after `go run ./bench`. Its function returns a usageError
// for arguments it does not understand, and flag.ErrHelp when it was asked for
// help and gave it.
type command struct {
	name, args, what string
	run              func(ctx context.Context, args []string, stdout io.Writer) error
}

// commands returns the commands in the order in which the usage lists them.
func commands() []command {
	return []command{
		{"veth", "[flags]", "packets per second between two veth pairs, path by path", vethCommand},
		{"bulk", "[flags]", "bits per second of one TCP stream, way by way", bulkCommand},
		{"latency", "[flags]", "round trips of small requests, way by way", latencyCommand},
		{"compare", "[flags]", "all that, against others: tables, plots, JSON", compareCommand},
		{"scale", "[flags]", "telling and asking a director with many services", scaleCommand},
		{"idle", "[flags]", "processor time of a director that has nothing to do", idleCommand},
		{"conformance", "[flags]", "what xlvs does, frame by frame, against the kernel's ip_vs", conformanceCommand},
		{forwardName, loopArgs, "what veth runs as path " + forwardName + ", here and now", forwardCommand},
		{rawForwardName, loopArgs, "what veth runs as path " + rawForwardName + ", here and now", rawForwardCommand},
		{asavieName, loopArgs, "what veth runs as path " + asavieName + ", here and now", asavieCommand},
		{echoName, "ADDRESS:PORT", "what latency talks to, here and now", echoCommand},
		{acceptName, "ADDRESS:PORT", "what short connections go to, here and now", acceptCommand},
		{connectName, connectArgs, "short connections, here and now", connectCommand},
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
			return exitCode(c.name, c.run(ctx, args[1:], stdout), stderr)
		}
	}
	return exitCode(args[0], usageError("no such command"), stderr)
}

// exitCode reports err, if there is one, and returns the exit code for it.
func exitCode(name string, err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	fmt.Fprintf(stderr, "bench %s: %v\n", name, err)
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailure
}

func printUsage(w io.Writer) {
	fmt.Fprint(w, "usage: go run ./bench COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-11s %-31s  %s\n", c.name, c.args, c.what)
	}
	fmt.Fprint(w, "\ngo run ./bench COMMAND -h lists a command's flags.\n")
}
