package xlvs_test

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path that every import of ours begins with.
const module = "xlvs/"

// A floor is a set of packages that are strangers to one another: each may
// import those of the floors below and nothing else of ours. "x/..." is every
// package below x.
type floor struct {
	name     string
	packages []string
}

// floors is the floor plan, from the ground up. A folder inside another belongs
// to it, but that says nothing about who imports whom, so a package has a place
// here of its own. A floor with a letter is part of a floor: there some of the
// packages do know others, for the reason given.
var floors = []floor{
	{"0a, words, bytes and networks to test in", []string{"lvs", "bench/lab", "dataplane/checksum", "dataplane/packet", "dataplane/poll"}},
	// An IPv4 header carries a checksum of its own, and sets it.
	{"0b, headers", []string{"dataplane/header"}},
	{"1, one job each", []string{
		"config", "sched", "encap", "encap/segment",
		"conntrack", "conntrack/ftp", "conntrack/sip",
		"dataplane/xsk", "dataplane/rawsock", "dataplane/steer", "dataplane/host",
		"dataplane/neigh", "dataplane/announce", "dataplane/fragment", "dataplane/icmp", "dataplane/reset", "dataplane/replay",
		"dataplane/defence", "dataplane/mark", "dataplane/rate",
	}},
	{"2a, packets for people to look at", []string{"dataplane/capture"}},
	{"2b, one packet from frame to frame", []string{"dataplane"}},
	// Files of others become ours, and changes one configuration.
	{"3a, where configurations come from", []string{"config/keepalived", "config/iptables", "control/desired"}},
	{"3b, who changes the configuration", []string{"control", "health"}},
	// A program is its main package and the parts of it in the folders below.
	{"4a, parts of programs", []string{"cmd/xlvs/...", "bench/..."}},
	// The importer takes ipvsadm's rules as ipvsadm does.
	{"4b, parts of programs", []string{"cmd/xlvs/importer"}},
	{"4c, programs", []string{"cmd/xlvs", "bench"}},
}

// floorOf returns the height of the package at importPath, or false if it has no
// floor. A name in full goes before a pattern.
func floorOf(importPath string) (height int, ok bool) {
	on := func(matches func(string) bool) int {
		return slices.IndexFunc(floors, func(f floor) bool { return slices.ContainsFunc(f.packages, matches) })
	}
	height = on(func(name string) bool { return name == importPath })
	if height < 0 {
		height = on(func(name string) bool {
			above, isPattern := strings.CutSuffix(name, "...")
			return isPattern && strings.HasPrefix(importPath, above)
		})
	}
	return height, height >= 0
}

// isHelper reports whether the package at importPath is there for tests alone,
// as packettest and labtest are.
func isHelper(importPath string) bool { return strings.HasSuffix(path.Base(importPath), "test") }

// climbing complains of imports that do not go down. Test helpers, like tests,
// may import whatever they help to test.
func climbing(p pkg) (complaints []string) {
	if isHelper(p.path) || len(p.shipped()) == 0 {
		return nil
	}
	here, ok := floorOf(p.path)
	if !ok {
		return []string{p.path + " is on no floor: give it one in floors_test.go"}
	}
	p.eachImport(func(at, imported string) {
		there, ok := floorOf(imported)
		if ok && there >= here {
			complaints = append(complaints, fmt.Sprintf("%s: floor %q imports %s from floor %q",
				at, floors[here].name, imported, floors[there].name))
		}
	})
	return complaints
}

// shippingHelpers complains of programs that would link a test helper.
func shippingHelpers(p pkg) (complaints []string) {
	if isHelper(p.path) {
		return nil
	}
	p.eachImport(func(at, imported string) {
		if isHelper(imported) {
			complaints = append(complaints, at+": "+imported+" is for tests only")
		}
	})
	return complaints
}

// eachImport calls f for every import of a package of ours in what p ships, with
// where it is and with the path that it has in this module.
func (p pkg) eachImport(f func(at, imported string)) {
	for _, file := range p.shipped() {
		for _, spec := range file.syntax.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			imported, ours := strings.CutPrefix(name, module)
			if err == nil && ours {
				f(file.at(spec), imported)
			}
		}
	}
}

func TestClimbing(t *testing.T) {
	tests := map[string]struct {
		from, to string
		climbs   bool
	}{
		"down":                               {"dataplane", "conntrack", false},
		"down to the ground":                 {"cmd/xlvs", "lvs", false},
		"up":                                 {"conntrack", "dataplane", true},
		"up from the ground":                 {"lvs", "config", true},
		"sideways":                           {"conntrack", "sched", true},
		"sideways on the ground":             {"dataplane/packet", "lvs", true},
		"sideways into the folder below":     {"encap", "encap/segment", true},
		"from a folder to the one above":     {"dataplane/neigh", "dataplane", true},
		"from a folder to the one below":     {"dataplane", "dataplane/neigh", false},
		"a header its checksum":              {"dataplane/header", "dataplane/checksum", false},
		"a checksum its header":              {"dataplane/checksum", "dataplane/header", true},
		"a program its part":                 {"cmd/xlvs", "cmd/xlvs/demo", false},
		"a part its program":                 {"bench/peers", "bench", true},
		"a part another part":                {"cmd/xlvs/demo", "cmd/xlvs/ipvsadm", true},
		"a part the lab":                     {"cmd/xlvs/demo", "bench/lab", false},
		"the lab, though it is below bench":  {"bench/lab", "lvs", true},
		"a library a program":                {"control", "cmd/xlvs", true},
		"from no floor":                      {"dataplane/cache", "lvs", true},
		"a package with a floor's beginning": {"schedule", "lvs", true},
		"a test helper what it builds":       {"dataplane/packet/packettest", "dataplane/header", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			source := "package p; import _ " + strconv.Quote(path.Join(module, tt.to))
			p := pkg{tt.from, []file{parse(t, tt.from+"/p.go", []byte(source))}}
			if got := climbing(p); (len(got) > 0) != tt.climbs {
				t.Errorf("%s imports %s: complaints %q, want some: %t", tt.from, tt.to, got, tt.climbs)
			}
		})
	}
}
