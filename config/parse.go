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
	if _, err := toml.Decode(string(data), &root); err != nil {
		return nil, syntaxError(name, err)
	}
	d := &document{name: name, lines: indexLines(string(data)), reported: make(map[string]bool)}
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

// A document is a file being read: where its keys are, and what is wrong.
type document struct {
	name     string
	lines    map[string]int
	reported map[string]bool // paths that have their error
	errs     []lineError
}

// A lineError is an error and where an operator should look for it.
type lineError struct {
	line int
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
	d.errs = append(d.errs, lineError{d.line(path), err})
}

// line returns the line of path or, for a key that is not there, of the
// innermost table around it that is.
func (d *document) line(path string) int {
	for path != "" {
		if n, ok := d.lines[path]; ok {
			return n
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return 1
}

// err returns everything reported, in the order of the lines, or nil.
func (d *document) err() error {
	slices.SortStableFunc(d.errs, func(a, b lineError) int { return cmp.Compare(a.line, b.line) })
	errs := make([]error, len(d.errs))
	for i, e := range d.errs {
		errs[i] = fmt.Errorf("%s:%d: %w", d.name, e.line, e.err)
	}
	return errors.Join(errs...)
}
