package realserver

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// open opens the state file at path, which must not fail.
func open(t *testing.T, path string) *journal {
	t.Helper()
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.file.Close() })
	return j
}

// die leaves the journal as a process does that is killed.
func die(t *testing.T, j *journal) {
	t.Helper()
	if err := j.file.Close(); err != nil {
		t.Fatal(err)
	}
}

// finish ends the journal as a process does that ends by itself.
func finishJournal(t *testing.T, j *journal) {
	t.Helper()
	if err := errors.Join(j.undo(), j.close()); err != nil {
		t.Fatal(err)
	}
}

// must fails the test if err is not nil.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestJournalRestores(t *testing.T) {
	dir := conf(t, map[string]string{"all/arp_ignore": "0", "all/arp_announce": "1", "all/rp_filter": "2"})
	ignore, announce, filter := filepath.Join(dir, "all/arp_ignore"), filepath.Join(dir, "all/arp_announce"), filepath.Join(dir, "all/rp_filter")
	path := filepath.Join(t.TempDir(), "new", "state.json")
	j := open(t, path)
	must(t, j.keepAll([]setting{
		&sysctl{Path: ignore, After: "1"}, &sysctl{Path: announce, After: "2"}, &sysctl{Path: filter, After: "2"},
	}))
	expectValue(t, ignore, "1")
	expectValue(t, announce, "2")
	if len(j.records) != 2 {
		t.Errorf("%d settings are remembered, want 2: the third was there", len(j.records))
	}
	finishJournal(t, j)
	expectValue(t, ignore, "0")
	expectValue(t, announce, "1")
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("state file after the end: %v, want none", err)
	}
}

// A second process knows what was there before the first one, which was killed.
func TestJournalOfAProcessThatWasKilled(t *testing.T) {
	dir := conf(t, map[string]string{"all/arp_ignore": "0", "all/arp_announce": "0"})
	ignore, announce := filepath.Join(dir, "all/arp_ignore"), filepath.Join(dir, "all/arp_announce")
	path := filepath.Join(t.TempDir(), "state.json")
	first := open(t, path)
	must(t, first.keepAll([]setting{&sysctl{Path: ignore, After: "1"}, &sysctl{Path: announce, After: "2"}}))
	die(t, first)

	second := open(t, path)
	must(t, second.keep(&sysctl{Path: ignore, After: "8"}))
	must(t, second.undoOthers())
	expectValue(t, ignore, "8")
	expectValue(t, announce, "0")
	die(t, second)

	third := open(t, path)
	must(t, third.keep(&sysctl{Path: ignore, After: "8"}))
	finishJournal(t, third)
	expectValue(t, ignore, "0")
}

// A process is killed between remembering a setting and making it.
func TestJournalIsWrittenFirst(t *testing.T) {
	dir := conf(t, map[string]string{"all/arp_ignore": "0"})
	ignore := filepath.Join(dir, "all/arp_ignore")
	path := filepath.Join(t.TempDir(), "state.json")
	first := open(t, path)
	first.records = append(first.records, newRecord(&sysctl{Path: ignore, Before: "0", After: "1"}))
	must(t, first.save())
	die(t, first)
	finishJournal(t, open(t, path))
	expectValue(t, ignore, "0")
}

func TestJournalHasOneOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	j := open(t, path)
	if _, err := openJournal(path); !errors.Is(err, errBusy) || !strings.Contains(err.Error(), path) {
		t.Errorf("openJournal() = %v, want errBusy and the path", err)
	}
	finishJournal(t, j)
	finishJournal(t, open(t, path))
}

func TestJournalOfAnotherNamespace(t *testing.T) {
	dir := conf(t, map[string]string{"all/arp_ignore": "1"})
	ignore := filepath.Join(dir, "all/arp_ignore")
	path := filepath.Join(t.TempDir(), "state.json")
	text := `{"pid": 1, "namespace": "an earlier boot", "settings": [{"sysctl": {"path": "` + ignore + `", "before": "0", "after": "1"}}]}`
	must(t, os.WriteFile(path, []byte(text), 0o600))
	finishJournal(t, open(t, path))
	expectValue(t, ignore, "1")
}

// What is left of a longer state does no harm, nor does what is not known.
func TestJournalThatIsOdd(t *testing.T) {
	id, err := hostID()
	must(t, err)
	tests := map[string]struct {
		text string
		ok   bool
	}{
		"empty":                {"", true},
		"a longer state's end": {`{"namespace": "` + id + `"}` + "\n\t\t}\n]}", true},
		"unknown setting":      {`{"namespace": "` + id + `", "settings": [{"route": {}}, null]}`, true},
		"no JSON":              {"settings", false},
		"cut off":              {`{"pid": 1, "settings": [`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.json")
			must(t, os.WriteFile(path, []byte(tt.text), 0o600))
			j, err := openJournal(path)
			if (err == nil) != tt.ok {
				t.Fatalf("openJournal() = %v, want success: %t", err, tt.ok)
			}
			if err != nil {
				return
			}
			if len(j.records) > 0 {
				t.Errorf("%d settings, want none", len(j.records))
			}
			finishJournal(t, j)
		})
	}
}

// One setting that cannot be undone does not keep the others from it, and stays.
func TestUndoGoesOn(t *testing.T) {
	dir := conf(t, map[string]string{"all/arp_ignore": "0", "all/arp_announce": "0", "all/rp_filter": "1"})
	path := filepath.Join(t.TempDir(), "state.json")
	j := open(t, path)
	var out bytes.Buffer
	j.out = &out
	for _, key := range []string{"arp_ignore", "arp_announce", "rp_filter"} {
		must(t, j.keep(&sysctl{Path: filepath.Join(dir, "all", key), After: "2"}))
	}
	announce, filter := filepath.Join(dir, "all/arp_announce"), filepath.Join(dir, "all/rp_filter")
	must(t, os.Remove(announce))
	must(t, os.Mkdir(announce, 0o755)) // cannot be read
	must(t, writeSysctl(filter, "0"))  // somebody's
	if err := j.undo(); err == nil || !strings.Contains(err.Error(), announce) {
		t.Errorf("undo() = %v, want %s in it", err, announce)
	}
	expectValue(t, filepath.Join(dir, "all/arp_ignore"), "0")
	expectValue(t, filter, "0")
	if !strings.Contains(out.String(), errTaken.Error()) {
		t.Errorf("undo says %q, want that somebody has changed a setting", &out)
	}
	must(t, j.close())
	if again := open(t, path); len(again.records) != 1 {
		t.Errorf("%d settings are left in the file, want 1", len(again.records))
	}
}

// A setting that could not be made is not remembered.
func TestKeepFails(t *testing.T) {
	dir := conf(t, map[string]string{"all/arp_ignore": "0"})
	j := open(t, filepath.Join(t.TempDir(), "state.json"))
	s := &stubborn{sysctl{Path: filepath.Join(dir, "all/arp_ignore"), After: "1"}}
	if err := j.keep(s); !errors.Is(err, errStubborn) || len(j.records) != 0 {
		t.Errorf("keep() = %v with %d settings, want %v with none", err, len(j.records), errStubborn)
	}
	finishJournal(t, j)
}

var errStubborn = errors.New("no")

// A stubborn setting cannot be made.
type stubborn struct{ sysctl }

func (*stubborn) make() error { return errStubborn }
