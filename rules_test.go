package xlvs_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"path"
	"slices"
	"strings"
	"testing"
)

// The lengths that nobody reads to the end of.
const (
	maxFile = 400 // lines
	maxFunc = 60  // lines, the signature and the last brace among them
)

// vague are the names that say where code was put, not what it does.
var vague = []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "base", "shared"}

// uncommented complains of a package without a package comment, or with one
// that does not begin as go doc expects.
func uncommented(p pkg) []string {
	files := p.shipped()
	if len(files) == 0 {
		return nil
	}
	for _, f := range files {
		if f.syntax.Doc == nil {
			continue
		}
		if name := f.syntax.Name.Name; name != "main" && !strings.HasPrefix(f.syntax.Doc.Text(), "Package "+name+" ") {
			return []string{fmt.Sprintf("%s: the comment of package %s does not begin with %q", f.path, p.path, "Package "+name)}
		}
		return nil
	}
	return []string{p.path + " has no package comment"}
}

// vaguelyNamed complains of a package, or a folder, that could hold anything.
func vaguelyNamed(p pkg) []string {
	names := []string{path.Base(p.path)}
	for _, f := range p.files {
		names = append(names, strings.TrimSuffix(f.syntax.Name.Name, "_test"))
	}
	for _, name := range names {
		if slices.Contains(vague, name) {
			return []string{fmt.Sprintf("%s: %q does not say what the package does", p.path, name)}
		}
	}
	return nil
}

// oversized complains of files and functions that are too long to be read.
func oversized(p pkg) (complaints []string) {
	for _, f := range p.shipped() {
		if n := bytes.Count(f.text, []byte("\n")); n > maxFile {
			complaints = append(complaints, fmt.Sprintf("%s has %d lines, more than %d", f.path, n, maxFile))
		}
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := f.lines.Line(fn.End()) - f.lines.Line(fn.Pos()) + 1; n > maxFunc {
				complaints = append(complaints, fmt.Sprintf("%s: %s has %d lines, more than %d", f.at(fn), fn.Name, n, maxFunc))
			}
		}
	}
	return complaints
}

// unformatted complains of files that gofmt would change.
func unformatted(p pkg) (complaints []string) {
	for _, f := range p.files {
		if want, err := format.Source(f.text); err != nil || !bytes.Equal(f.text, want) {
			complaints = append(complaints, f.path+" is not as gofmt writes it")
		}
	}
	return complaints
}

func TestRules(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("\n", n) }
	tests := map[string]struct {
		rule       rule
		name, text string
		breaks     bool
	}{
		"package comment":                  {uncommented, "arp/arp.go", "// Package arp asks.\npackage arp", false},
		"package comment of a program":     {uncommented, "cmd/x/main.go", "// Command x runs.\npackage main", false},
		"no package comment":               {uncommented, "arp/arp.go", "package arp", true},
		"comment apart from the package":   {uncommented, "arp/arp.go", "// Package arp asks.\n\npackage arp", true},
		"comment of another package":       {uncommented, "arp/arp.go", "// Package rarp asks.\npackage arp", true},
		"comment in a test":                {uncommented, "arp/arp_test.go", "// Package arp asks.\npackage arp", false},
		"a noun":                           {vaguelyNamed, "arp/arp.go", "package arp", false},
		"a folder of helpers":              {vaguelyNamed, "arp/helpers/arp.go", "package arp", true},
		"a package util":                   {vaguelyNamed, "arp/arp.go", "package util", true},
		"a test of package common":         {vaguelyNamed, "arp/arp_test.go", "package common_test", true},
		"the longest file":                 {oversized, "arp/arp.go", "package arp" + lines(maxFile), false},
		"a file too long":                  {oversized, "arp/arp.go", "package arp" + lines(maxFile+1), true},
		"a long test":                      {oversized, "arp/arp_test.go", "package arp" + lines(maxFile+1), false},
		"the longest function":             {oversized, "arp/arp.go", "package arp\nfunc f() {" + lines(maxFunc-1) + "}", false},
		"a function too long":              {oversized, "arp/arp.go", "package arp\nfunc f() {" + lines(maxFunc) + "}", true},
		"a method too long":                {oversized, "arp/arp.go", "package arp\nfunc (t t) f() {" + lines(maxFunc) + "}", true},
		"formatted":                        {unformatted, "arp/arp.go", "package arp\n\nvar x = 1\n", false},
		"indented with spaces":             {unformatted, "arp/arp.go", "package arp\n\nvar (\n  x = 1\n)\n", true},
		"no end of line":                   {unformatted, "arp/arp.go", "package arp", true},
		"an unformatted test":              {unformatted, "arp/arp_test.go", "package  arp\n", true},
		"a helper in a test":               {shippingHelpers, "arp/arp_test.go", `package arp; import "xlvs/dataplane/packet/packettest"`, false},
		"a helper in a helper":             {shippingHelpers, "arptest/arp.go", `package arptest; import "xlvs/bench/lab/labtest"`, false},
		"a helper in a program":            {shippingHelpers, "arp/arp.go", `package arp; import "xlvs/bench/lab/labtest"`, true},
		"a helper of the standard library": {shippingHelpers, "arp/arp.go", `package arp; import "testing/fstest"`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := pkg{path.Dir(tt.name), []file{parse(t, tt.name, []byte(tt.text))}}
			if got := tt.rule(p); (len(got) > 0) != tt.breaks {
				t.Errorf("complaints %q, want some: %t", got, tt.breaks)
			}
		})
	}
}
