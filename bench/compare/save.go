package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Names of what Save writes, beside a plot of each chart's own name.
const (
	jsonFile     = "compare.json"
	markdownFile = "compare.md"
)

// Save writes r into dir, which it makes: as JSON with every round, as Markdown,
// and each chart as SVG and as PNG. Files of those names are replaced.
func (r *Result) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save results: %w", err)
	}
	errs := []error{
		writeFile(filepath.Join(dir, jsonFile), r.WriteJSON),
		writeFile(filepath.Join(dir, markdownFile), r.WriteMarkdown),
	}
	for _, c := range r.Charts {
		for _, format := range []string{"svg", "png"} {
			errs = append(errs, writeFile(filepath.Join(dir, c.Name+"."+format), func(out io.Writer) error {
				return r.WritePlot(out, c, format)
			}))
		}
	}
	return errors.Join(errs...)
}

// WriteJSON writes r for another program.
func (r *Result) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("save results: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}
