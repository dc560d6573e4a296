package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
)

// versionCommand prints what the linker knows about this program.
func versionCommand(_ context.Context, args []string, stdout, _ io.Writer) error {
	if err := parse(flag.NewFlagSet("version", flag.ContinueOnError), args, stdout); err != nil {
		return err
	}
	_, err := fmt.Fprintln(stdout, buildVersion())
	return err
}

// buildVersion is versionLine of this program.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionLine(info)
}

// versionLine returns the version of the module, the commit it was built from as
// far as the linker noted one, and the Go release.
func versionLine(info *debug.BuildInfo) string {
	words := []string{"xlvs", "(unknown version)"}
	if v := info.Main.Version; v != "" {
		words[1] = v
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if r := settings["vcs.revision"]; r != "" {
		words = append(words, "commit", r, settings["vcs.time"])
	}
	if settings["vcs.modified"] == "true" {
		words = append(words, "(modified)")
	}
	return strings.Join(append(words, info.GoVersion), " ")
}
