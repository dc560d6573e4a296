// Package xlvs_test holds the module to its conventions.
//
// It reads the source of every package, whatever its build constraints, and
// complains of what a reviewer would otherwise have to say again and again:
// imports that go up, names without a comment, files that nobody will read to
// their end. A rule is a function from a package to complaints, so that each
// rule is tried on source that breaks it before it judges the module. What a
// package does is not looked at; its own tests do that.
package xlvs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
)

// A pkg is the source of one package.
type pkg struct {
	path  string // from the module's root: "dataplane/steer"
	files []file
}

// A file is one Go file, read and parsed.
type file struct {
	path   string
	text   []byte
	syntax *ast.File
	lines  *token.File
}

// A rule returns what it has to complain of in a package.
type rule func(pkg) []string

// TestModule applies every rule to every package.
func TestModule(t *testing.T) {
	rules := map[string]rule{
		"a package comment says what it is":  uncommented,
		"a package is named for its one job": vaguelyNamed,
		"imports go down the floor plan":     climbing,
		"test helpers stay in tests":         shippingHelpers,
		"exported names have doc comments":   undocumented,
		"files and functions are short":      oversized,
		"files are formatted":                unformatted,
	}
	pkgs := readModule(t, os.DirFS("."))
	for name, complaints := range rules {
		t.Run(name, func(t *testing.T) {
			for _, p := range pkgs {
				for _, c := range complaints(p) {
					t.Error(c)
				}
			}
		})
	}
}

// readModule returns every package below root, tests included.
func readModule(t *testing.T, root fs.FS) []pkg {
	t.Helper()
	var pkgs []pkg
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if ignored(d.Name()) {
			return fs.SkipDir
		}
		if p := readPackage(t, root, name); len(p.files) > 0 {
			pkgs = append(pkgs, p)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("walk the module: %v", err)
	}
	if len(pkgs) == 0 {
		t.Fatal("the module has no packages")
	}
	return pkgs
}

// ignored reports whether the go command looks for no package in a folder of
// this name.
func ignored(folder string) bool {
	return folder != "." && (folder[0] == '.' || folder[0] == '_' || folder == "testdata" || folder == "vendor")
}

// readPackage returns the Go files of one folder.
func readPackage(t *testing.T, root fs.FS, folder string) pkg {
	t.Helper()
	names, err := fs.Glob(root, path.Join(folder, "*.go"))
	if err != nil {
		t.Fatalf("list the files of %s: %v", folder, err)
	}
	p := pkg{path: folder}
	for _, name := range names {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, parse(t, name, text))
	}
	return p
}

// parse parses text, which is what the file called name holds.
func parse(t *testing.T, name string, text []byte) file {
	t.Helper()
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return file{path: name, text: text, syntax: syntax, lines: set.File(syntax.FileStart)}
}

// isTest reports whether f is compiled only for tests.
func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// at returns where n begins, for an error message.
func (f file) at(n ast.Node) string { return f.lines.Position(n.Pos()).String() }

// shipped returns the files of p that a program could link.
func (p pkg) shipped() (files []file) {
	for _, f := range p.files {
		if !f.isTest() {
			files = append(files, f)
		}
	}
	return files
}
