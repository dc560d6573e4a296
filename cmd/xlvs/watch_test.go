package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/config"
	"xlvs/control/desired"
)

// A file is new when it has changed and somebody has stopped writing it.
func TestFileWatch(t *testing.T) {
	path := write(t, goodFile)
	w := &fileWatch{path: path}
	w.loaded, _ = os.Stat(path)
	look := func(what string, want ...bool) {
		t.Helper()
		for i, want := range want {
			if got := w.changed(); got != want {
				t.Errorf("%s, look %d: changed = %t, want %t", what, i, got, want)
			}
		}
	}
	look("as it was", false, false)
	rewrite(t, path, goodFile+"# half")
	look("being written", false)
	rewrite(t, path, goodFile+"# half and half")
	look("being written still", false)
	look("written", true, false)
	next := filepath.Join(filepath.Dir(path), "next")
	rewrite(t, next, goodFile)
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
	look("another in its place", false, true, false)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	look("gone", false, false)
}

// idle is a director that agrees with everything.
type idle struct{}

func (idle) Apply(*config.Config) error    { return nil }
func (idle) Patch(config.Patch) error      { return nil }
func (idle) Zero(*config.ServiceKey) error { return nil }

// A file that says what it said undoes nothing that was done meanwhile.
func TestFollowOnlyWhatIsNew(t *testing.T) {
	path := write(t, goodFile)
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	p := &program{file: path, state: desired.New(idle{}, c), log: slog.New(slog.NewTextHandler(&log, nil))}
	edited := c.Services[0]
	edited.Scheduler = "rr"
	if err := p.state.Do([]desired.Operation{{Kind: desired.EditService, Service: edited}}); err != nil {
		t.Fatal(err)
	}
	rewrite(t, path, "# a comment\n"+goodFile)
	if p.follow(); log.Len() > 0 {
		t.Errorf("a file that says the same is loaded:\n%s", &log)
	}
	rewrite(t, path, brokenFile)
	if p.follow(); !strings.Contains(log.String(), "not reloaded") {
		t.Errorf("a broken file is passed over:\n%s", &log)
	}
	rewrite(t, path, goodFile+"scheduler = \"sed\"\n")
	if p.follow(); !strings.Contains(log.String(), "scheduler rr -> sed") {
		t.Errorf("another file is not followed:\n%s", &log)
	}
}
