package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
)

// foundPrefix begins the names of scripts that were found.
const foundPrefix = "found/"

// Keep writes the script of j, which differs, to a file in dir, and returns its path.
// The name goes by what the script does and not by who found it, so that what is found
// twice is kept once; the note says how it differed. A file in folder found is one of
// Cases as soon as the program is built again.
func Keep(dir string, j *Judgement) (path string, err error) {
	s, err := j.named()
	if err != nil {
		return "", fmt.Errorf("keep %s: %w", j.Script.Name, err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	if err := e.Encode(s); err != nil {
		return "", fmt.Errorf("keep %s: %w", j.Script.Name, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("keep %s: %w", j.Script.Name, err)
	}
	file := strings.ReplaceAll(strings.TrimPrefix(s.Name, foundPrefix), " ", "-") + ".json"
	path = filepath.Join(dir, file)
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return "", fmt.Errorf("keep %s: %w", j.Script.Name, err)
	}
	return path, nil
}

// named returns the script of j with the name and the note that it is kept under.
func (j *Judgement) named() (s Script, err error) {
	s = j.Script
	s.Name, s.Note = "", ""
	b, err := json.Marshal(s)
	if err != nil {
		return s, err
	}
	content := fnv.New32a()
	content.Write(b)
	kind := "nothing"
	if len(j.Differences) > 0 {
		d := &j.Differences[0]
		kind = strings.TrimLeft(d.kind(), "-")
		s.Note = fmt.Sprintf("Found by %s, step %d, %s: %s; with xlvs %s.", j.Script.Name, d.Step, d.What, line(d.A), line(d.B))
	}
	s.Name = fmt.Sprintf("%s%s %08x", foundPrefix, kind, content.Sum32())
	return s, nil
}

// line returns text in one line.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }
