package xlvs_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"testing"
)

// undocumented complains of exported names without a doc comment. Fields and
// methods of interfaces are left to the comment of their type.
func undocumented(p pkg) (complaints []string) {
	for _, f := range p.shipped() {
		for _, d := range f.syntax.Decls {
			var names []*ast.Ident
			switch d := d.(type) {
			case *ast.FuncDecl:
				names = undocumentedFunc(d)
			case *ast.GenDecl:
				names = undocumentedNames(d)
			}
			for _, name := range names {
				complaints = append(complaints, fmt.Sprintf("%s: %s has no doc comment that begins with its name", f.at(name), name))
			}
		}
	}
	return complaints
}

// undocumentedFunc returns the name of d if it lacks a comment. A method counts
// as exported if its type is.
func undocumentedFunc(d *ast.FuncDecl) []*ast.Ident {
	if !d.Name.IsExported() || d.Recv != nil && !ast.IsExported(receiver(d)) || describes(d.Doc, d.Name) {
		return nil
	}
	return []*ast.Ident{d.Name}
}

// receiver returns the name of the type that d is a method of.
func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// undocumentedNames returns the exported names of d that lack a comment. For
// constants and variables the comment of their group is enough.
func undocumentedNames(d *ast.GenDecl) (names []*ast.Ident) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			alone := d.Lparen == token.NoPos && describes(d.Doc, s.Name)
			if s.Name.IsExported() && !alone && !describes(s.Doc, s.Name) {
				names = append(names, s.Name)
			}
		case *ast.ValueSpec:
			if d.Doc != nil || s.Doc != nil || s.Comment != nil {
				continue
			}
			for _, name := range s.Names {
				if name.IsExported() {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// describes reports whether doc begins with name, or with an article and name.
func describes(doc *ast.CommentGroup, name *ast.Ident) bool {
	return doc != nil && regexp.MustCompile(`^(An? |The )?`+name.Name+`\b`).MatchString(doc.Text())
}

func TestUndocumented(t *testing.T) {
	tests := map[string]struct {
		text string
		want int // complaints
	}{
		"documented function":            {"// Ask asks.\nfunc Ask() {}", 0},
		"bare function":                  {"func Ask() {}", 1},
		"comment apart":                  {"// Ask asks.\n\nfunc Ask() {}", 1},
		"comment that begins elsewhere":  {"// This asks.\nfunc Ask() {}", 1},
		"comment of a longer name":       {"// AskAll asks.\nfunc Ask() {}", 1},
		"directive in place of comment":  {"//go:noinline\nfunc Ask() {}", 1},
		"unexported function":            {"func ask() {}", 0},
		"documented method":              {"// Ask asks.\nfunc (c *Cache) Ask() {}", 0},
		"bare method":                    {"func (c *Cache) Ask() {}", 1},
		"bare method of a generic type":  {"func (c *Cache[K, V]) Ask() {}", 1},
		"bare method of unexported type": {"func (c *cache) Ask() {}", 0},
		"type with an article":           {"// A Cache remembers.\ntype Cache int", 0},
		"type with the other article":    {"// An Answer answers.\ntype Answer int", 0},
		"bare type":                      {"type Cache int", 1},
		"types in a group":               {"// The types.\ntype (\n// Cache remembers.\nCache int\nAnswer int\n)", 1},
		"constants under one comment":    {"// The operations.\nconst (\nRequest = 1\nReply = 2\n)", 0},
		"constants with their own":       {"const (\n// Request asks.\nRequest = 1\nReply = 2 // answers\n)", 0},
		"bare constants":                 {"const (\nRequest, Reply = 1, 2\nother = 3\n)", 2},
		"bare variable":                  {"var Retries = 3", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := pkg{"arp", []file{parse(t, "arp/arp.go", []byte("package arp\n\n"+tt.text+"\n"))}}
			if got := undocumented(p); len(got) != tt.want {
				t.Errorf("complaints %q, want %d", got, tt.want)
			}
		})
	}
}
