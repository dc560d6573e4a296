package compare

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// walked is a result of two rounds of the stage.
func walked(t *testing.T) *Result {
	t.Helper()
	r, err := newStage(2).Walk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return filled(r)
}

func TestGolden(t *testing.T) {
	r := walked(t)
	r.Cut = "somebody pressed Ctrl-C"
	r.Remarks = []string{"a remark"}
	for name, write := range map[string]func(io.Writer) error{"table.txt": r.WriteTable, "compare.md": r.WriteMarkdown} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s is\n%s\nwant\n%s", name, &got, want)
			}
		})
	}
}

// A full disk takes nothing.
type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestFullDisk(t *testing.T) {
	r := walked(t)
	plot := func(w io.Writer) error { return r.WritePlot(w, r.Charts[0], "png") }
	for name, write := range map[string]func(io.Writer) error{
		"table": r.WriteTable, "markdown": r.WriteMarkdown, "JSON": r.WriteJSON, "plot": plot,
	} {
		if err := write(full{}); !errors.Is(err, errFull) {
			t.Errorf("%s to a full disk: %v, want %v", name, err, errFull)
		}
	}
}

func TestSave(t *testing.T) {
	r := walked(t)
	// Every shape of chart: failures alone, zero on an axis, powers of ten.
	r.Charts = append(r.Charts,
		Chart{Name: "failed", Columns: []string{"nat"}, Rows: []Row{{Competitor: "broken", Cells: []*Cell{{Failures: []string{"x"}}}}}},
		Chart{Name: "log", Columns: []string{"1", "1000"}, X: []float64{1, 1000}, Log: true, Rows: []Row{{Competitor: "quick", Cells: []*Cell{
			{Spread: &Spread{Rounds: []float64{0}}}, nil,
		}}}})
	dir := filepath.Join(t.TempDir(), "new", "results")
	if err := r.Save(dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Charts {
		checkSVG(t, filepath.Join(dir, c.Name+".svg"))
		checkPNG(t, filepath.Join(dir, c.Name+".png"))
	}
	b, err := os.ReadFile(filepath.Join(dir, jsonFile))
	if err != nil {
		t.Fatal(err)
	}
	var got Result
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if c := got.chart(t, "rate-nat").row(t, "quick").Cells[0]; c.Median != 15 || len(c.Rounds) != 2 || got.Command != r.Command {
		t.Errorf("JSON gives back %+v of %+v", c, got)
	}
	if c := got.chart(t, "latency-p50").row(t, "slow").Cells[1]; c != nil {
		t.Errorf("JSON gives back %+v for what was not measured", c)
	}
}

func TestSaveWhereAFileIs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := walked(t).Save(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Save(%s) = %v, want an error that names it", file, err)
	}
}

func checkSVG(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = f.Close() }()
	root := ""
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
			return
		}
		if e, ok := token.(xml.StartElement); ok && root == "" {
			root = e.Name.Local
		}
	}
	if root != "svg" {
		t.Errorf("%s is a document of %q", file, root)
	}
}

func checkPNG(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = f.Close() }()
	img, err := png.Decode(f)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	if b := img.Bounds(); b.Dx() < 600 || b.Dy() < 300 {
		t.Errorf("%s is %v", file, b)
	}
}

func TestLine(t *testing.T) {
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	steps := []Step{
		{Number: 1, Of: 3, Round: 1, Rounds: 1, Key: Key{"rate", "quick", "nat", 64}},
		{Number: 2, Of: 3, Round: 1, Rounds: 1, Key: Key{"rate", "sky", "", 0}, Failed: 1},
	}
	tests := map[string]struct {
		terminal bool
		want     string
	}{
		"a file":     {false, "1/3 round 1/1  rate quick nat at 64\n2/3 round 1/1  rate sky  1 failed  20s left\n"},
		"a terminal": {true, "\r\x1b[K1/3 round 1/1  rate quick nat at 64\r\x1b[K2/3 round 1/1  rate sky  1 failed  20s left\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			l := Line{Out: &out, Terminal: tt.terminal}
			for i, s := range steps {
				l.Show(s, begun.Add(time.Duration(i)*10*time.Second))
			}
			l.End()
			if out.String() != tt.want {
				t.Errorf("the line is %q, want %q", &out, tt.want)
			}
		})
	}
}
