// Package proc prints a director's state as the kernel's files of IPVS under
// /proc/net have it.
//
// Programs that read those files, and people who know them by heart, find here
// what `cat` would show them, to the byte. Each file is asked for by its name and
// written as it is read from the director, which the caller dials; nothing is
// kept, and nothing is mounted or intercepted.
package proc

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"xlvs/control"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
)

// ErrUsage is wrapped by the errors about arguments that mean nothing.
var ErrUsage = errors.New("xlvs proc -h lists the files")

// A Director tells its state; control.Client is the one that asks a process.
type Director interface {
	// Services returns the services in the director's order.
	Services(ctx context.Context) ([]dataplane.ServiceStatus, error)
	// Connections calls f for each connection and template, until f returns an
	// error, which it returns.
	Connections(ctx context.Context, f func(control.Connection) error) error
	// Total returns what all services have counted.
	Total(ctx context.Context) (dataplane.Counters, rate.Rates, error)
	// WorkerTotals returns the same by worker.
	WorkerTotals(ctx context.Context) ([]dataplane.Counters, error)
}

// A file is one of /proc/net.
type file struct {
	name, what string
	write      func(ctx context.Context, w *bufio.Writer, d Director) error
}

// files returns the files in the order in which the usage lists them.
// ip_vs_status is not among them: it describes the buckets of the kernel's tables.
func files() []file {
	return []file{
		{"ip_vs", "services and their destinations", writeServices},
		{"ip_vs_app", "application helpers", writeApps},
		{"ip_vs_conn", "connections and templates", writeConnections},
		{"ip_vs_conn_sync", "connections, and who began them", writeOrigins},
		{"ip_vs_stats", "what all services have counted", writeStats},
		{"ip_vs_stats_percpu", "the same by worker", writeStatsByWorker},
	}
}

// Command is `xlvs proc`: it writes the file of /proc/net that args name, from
// what the director that dial returns tells. For -h it lists the files on stdout
// and returns flag.ErrHelp; for arguments that it does not understand it returns
// an ErrUsage.
func Command(ctx context.Context, args []string, stdout, _ io.Writer, dial func() (Director, error)) error {
	f, err := parse(args, stdout)
	if err != nil {
		return err
	}
	d, err := dial()
	if err != nil {
		return fmt.Errorf("proc: %w", err)
	}
	w := bufio.NewWriterSize(stdout, 64<<10)
	err = f.write(ctx, w, d)
	if left := w.Flush(); err == nil {
		err = left
	}
	if err != nil {
		return fmt.Errorf("proc: %s: %w", f.name, err)
	}
	return nil
}

// parse returns the file that args name. It answers a request for help on stdout.
func parse(args []string, stdout io.Writer) (file, error) {
	flags := flag.NewFlagSet("proc", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller reports the error
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stdout, "files of xlvs proc:")
		for _, f := range files() {
			fmt.Fprintf(stdout, "  %-18s  %s\n", f.name, f.what)
		}
		return file{}, err
	case err != nil:
	case flags.NArg() != 1:
		err = errors.New("takes the name of one file")
	default:
		for _, f := range files() {
			if f.name == flags.Arg(0) {
				return f, nil
			}
		}
		err = fmt.Errorf("no file %q", flags.Arg(0))
	}
	return file{}, fmt.Errorf("proc: %w: %w", err, ErrUsage)
}
