package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"xlvs/config"
)

// checkCommand prints the configuration in a file as a director would take it,
// and what in it has no effect.
func checkCommand(_ context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	file := flags.String("c", "", "the configuration `FILE`")
	if err := parse(flags, args, stdout); err != nil {
		return err
	}
	if *file == "" {
		return flagsError(flags, "-c FILE is missing")
	}
	c, err := config.Load(*file)
	if err != nil {
		return err
	}
	for _, w := range c.Warnings() {
		fmt.Fprintf(stderr, "warning: %s\n", w)
	}
	return c.Write(stdout)
}
