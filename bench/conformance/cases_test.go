package conformance

import (
	"slices"
	"strings"
	"testing"
)

func TestCases(t *testing.T) {
	list := Cases()
	if err := check(list); err != nil {
		t.Error(err)
	}
	for _, name := range quick {
		if !slices.ContainsFunc(list, func(s Script) bool { return strings.HasPrefix(s.Name, name) }) {
			t.Errorf("no script begins with %q", name)
		}
	}
	for _, k := range known {
		if !slices.ContainsFunc(list, func(s Script) bool { return strings.HasPrefix(s.Name, k.Case) }) {
			t.Errorf("no script begins with %q, which differs for a reason", k.Case)
		}
	}
}

func TestCheckComplains(t *testing.T) {
	s := Script{Name: "once"}
	bad := Script{Name: "bad", Steps: []Step{from(Client, Packet{})}}
	for name, list := range map[string][]Script{"a name twice": {s, s}, "a bad packet": {bad}} {
		if check(list) == nil {
			t.Errorf("check() of %s = nil", name)
		}
	}
}
