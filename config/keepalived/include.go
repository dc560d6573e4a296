package keepalived

import (
	"path/filepath"
	"slices"
	"strings"
)

// included returns the pattern of an include line. The letter after the word
// says how strict keepalived is about files that are missing.
func included(text string) (pattern string, ok bool) {
	word, pattern := text, ""
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		word, pattern = text[:i], text[i+1:]
	}
	letter, ok := strings.CutPrefix(word, "include")
	if !ok || len(letter) > 1 || !strings.Contains("rmwba", letter) {
		return "", false
	}
	return strings.Trim(pattern, " \t\""), true
}

// include reads the files that pattern matches, relative to the file that it is
// in.
func (r *reader) include(at position, pattern string) error {
	outer := r.open[len(r.open)-1]
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(filepath.Dir(outer), pattern)
	}
	paths, err := r.files.Glob(pattern)
	if err != nil || len(paths) == 0 {
		r.notes.add(at, "include %s: there is no such file", pattern)
	}
	for _, path := range paths {
		if slices.Contains(r.open, path) || len(r.open) > maxDepth {
			return at.errorf("%w: include %s: files include one another", ErrLimit, path)
		}
		if err := r.includeFile(at, path); err != nil {
			return err
		}
	}
	return nil
}

// includeFile reads one file, if it can be opened.
func (r *reader) includeFile(at position, path string) error {
	f, err := r.files.Open(path)
	if err != nil {
		r.notes.add(at, "include %s: %v", path, err)
		return nil
	}
	defer f.Close()
	return r.read(path, f)
}
