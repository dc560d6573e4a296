package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"xlvs/config"
	"xlvs/control"
	"xlvs/control/desired"
)

// reload makes the file the desired state, as far as that is possible without a
// restart. If anything is wrong, everything stays as it was, and the log says what.
func (p *program) reload() {
	if _, err := p.load(nil, desired.Reload{}); err != nil {
		for _, line := range errorLines(err) {
			p.log.Error(line)
		}
		p.log.Error("configuration not reloaded, the former one stays in force", "file", p.file)
	}
}

// reloadCommand has the running director read its file again.
func reloadCommand(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("reload", flag.ContinueOnError)
	prune := flags.Bool("prune", false, "drop what was changed while the director runs, too")
	if err := parse(flags, args, stdout); err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	report, err := c.Reload(ctx, nil, desired.Reload{Prune: *prune})
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	return writeReport(stdout, report)
}

// applyCommand has the running director follow a file, or says what it would do.
func applyCommand(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("apply", flag.ContinueOnError)
	path := flags.String("c", "", "the configuration `FILE`; without one: the director's own")
	dryRun := flags.Bool("dry-run", false, "only print what would change")
	prune := flags.Bool("prune", false, "drop what was changed while the director runs, too")
	if err := parse(flags, args, stdout); err != nil {
		return err
	}
	var file []byte
	if *path != "" {
		var err error
		if file, err = os.ReadFile(*path); err != nil {
			return fmt.Errorf("apply: %w", err)
		}
		if len(file) == 0 {
			file = []byte("\n") // an empty configuration, not the director's own
		}
	}
	c, err := connect()
	if err != nil {
		return err
	}
	report, err := c.Reload(ctx, file, desired.Reload{Prune: *prune, DryRun: *dryRun})
	if errors.Is(err, control.ErrNotReloaded) && *path != "" {
		if _, err := config.Parse(*path, file); err != nil {
			return err // the same, with the file's own name
		}
	}
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return writeReport(stdout, report)
}

// writeReport writes a line for each change, one for each thing that was done at
// run time and stays, and their number.
func writeReport(stdout io.Writer, r desired.Report) error {
	w := bufio.NewWriter(stdout) // a large file has very many
	for _, c := range r.Changes {
		fmt.Fprintln(w, c)
	}
	for _, kept := range r.Kept {
		fmt.Fprintf(w, "kept: %s\n", kept)
	}
	changes := "changes"
	if len(r.Changes) == 1 {
		changes = "change"
	}
	fmt.Fprintf(w, "%d %s, %d kept\n", len(r.Changes), changes, len(r.Kept))
	return w.Flush()
}
