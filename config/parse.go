package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Errors of a file that Load and Parse wrap, beside those of Validate.
var (
	ErrSyntax     = errors.New("not TOML")
	ErrUnknownKey = errors.New("unknown key")
	ErrMissingKey = errors.New("missing key")
	ErrType       = errors.New("wrong type")
)

// Load reads the file at path. Its errors are those of Parse, or the file
// system's.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load config: %w", err)
	}
	return Parse(path, data)
}

// Parse reads data as the file called name. The Config that it returns is
// valid. Otherwise the error joins everything that is wrong with the file, each
// as "name:line: what", in the order of the lines; only an error of syntax
// stands alone, because what follows one cannot be trusted.
func Parse(name string, data []byte) (*Config, error) {
	var root map[string]any
	src := string(data)
	if _, err := toml.Decode(src, &root); err != nil {
		return nil, syntaxError(name, err)
	}
	d := &document{name: name, src: src, reported: make(map[string]bool)}
	c := decode(&table{doc: d, values: root})
	c.check(d.report)
	if err := d.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// syntaxError gives an error of the TOML parser the shape of all the others.
func syntaxError(name string, err error) error {
	if pe, ok := errors.AsType[toml.ParseError](err); ok {
		return fmt.Errorf("%s:%d: %w: %s", name, max(pe.Position.Line, 1), ErrSyntax, pe.Message)
	}
	return fmt.Errorf("%s: %w: %w", name, ErrSyntax, err)
}

// A document is a file being read, and what is wrong with it.
type document struct {
	name, src string
	reported  map[string]bool // paths that have their error
	errs      []pathError
}

// A pathError is an error and the path of what it is about.
type pathError struct {
	path string
	line int // where an operator should look for it
	err  error
}

// report notes err about the value at path. Only the first error of a path
// counts: a value that could not be read is left at its zero, and Validate's
// complaint about that zero would only mislead.
func (d *document) report(path string, err error) {
	if d.reported[path] {
		return
	}
	d.reported[path] = true
	d.errs = append(d.errs, pathError{path: path, err: err})
}

// lineOf returns the line of path or, for a key that is not there, of the
// innermost table around it that is.
func lineOf(path string, lines map[string]int) int {
	for path != "" {
		if n, ok := lines[path]; ok {
			return n
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return 1
}

// err returns everything reported, in the order of the lines, or nil. Only who has
// errors pays for the lines.
func (d *document) err() error {
	if len(d.errs) == 0 {
		return nil
	}
	lines := indexLines(d.src)
	for i := range d.errs {
		d.errs[i].line = lineOf(d.errs[i].path, lines)
	}
	slices.SortStableFunc(d.errs, func(a, b pathError) int { return cmp.Compare(a.line, b.line) })
	errs := make([]error, len(d.errs))
	for i, e := range d.errs {
		errs[i] = fmt.Errorf("%s:%d: %w", d.name, e.line, e.err)
	}
	return errors.Join(errs...)
}
