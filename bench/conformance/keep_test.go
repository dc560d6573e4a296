package conformance

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

// TestKeep checks that what is kept is a case when it is read.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	j := Judgement{Script: Random(11), Differences: []Difference{{Step: 2, What: "frames to real, number 0", A: "a", B: "b"}}}
	path, err := Keep(filepath.Join(dir, "found"), &j)
	if err != nil {
		t.Fatal(err)
	}
	list, err := kept(os.DirFS(dir))
	if err != nil || len(list) != 1 {
		t.Fatalf("kept() = %d scripts, %v, want one", len(list), err)
	}
	s := list[0]
	if !strings.HasPrefix(s.Name, "found/frames to real ") || !strings.Contains(s.Note, "random/11") || !strings.Contains(s.Note, "step 2") {
		t.Errorf("it is called %q, with the note %q", s.Name, s.Note)
	}
	s.Name, s.Note = j.Script.Name, ""
	if !reflect.DeepEqual(s, j.Script) {
		t.Errorf("kept() =\n%v\nwant\n%v", &s, &j.Script)
	}
	j.Script.Name = "random/12"
	if again, err := Keep(filepath.Dir(path), &j); err != nil || again != path {
		t.Errorf("Keep() of the same content = %s, %v, want %s", again, err, path)
	}
	j.Script.Steps = j.Script.Steps[1:]
	if other, err := Keep(filepath.Dir(path), &j); err != nil || other == path {
		t.Errorf("Keep() of another content = %s, %v", other, err)
	}
}

func TestKeepNowhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Keep(file, &Judgement{Script: Random(1)}); err == nil {
		t.Error("Keep() in a file = nil")
	}
}

func TestKeptRefuses(t *testing.T) {
	tests := map[string]string{
		"no JSON":            "{",
		"unknown word":       `{"name": "found/x", "steps": [{"list": true}], "packets": []}`,
		"name of another":    `{"name": "icmp/x", "steps": [{"list": true}]}`,
		"nothing to be done": `{"name": "found/x", "steps": []}`,
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			list, err := kept(fstest.MapFS{"found/x.json": {Data: []byte(content)}})
			if err == nil || !strings.Contains(err.Error(), "found/x.json") {
				t.Errorf("kept() = %v, %v, want an error that names the file", list, err)
			}
		})
	}
	if _, err := kept(fstest.MapFS{"found/x.json": {Data: []byte(tests["name of another"])}}); !errors.Is(err, errKept) {
		t.Errorf("error %v does not wrap errKept", err)
	}
}

// TestFound checks the files that the program carries.
func TestFound(t *testing.T) {
	list, err := kept(found)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Note == "" {
			t.Errorf("%s has no note", s.Name)
		}
	}
}
