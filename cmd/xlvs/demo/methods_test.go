package demo

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"xlvs/config"
	"xlvs/lvs"
)

func TestMethodsAreComplete(t *testing.T) {
	names := map[string]bool{allMethods: true}
	for _, m := range methods() {
		if names[m.name] {
			t.Errorf("method %s is there twice", m.name)
		}
		names[m.name] = true
		if len(m.families) != 2 || !m.families[0].vip.Is4() || !m.families[1].vip.Is6() {
			t.Errorf("method %s: want IPv4, then IPv6", m.name)
		}
		speaks := m.real.Method == lvs.Tunnel || m.real.Method == lvs.FullNAT
		for _, f := range m.families {
			if f.own.IsValid() != speaks || speaks && f.own.Is4() != f.vip.Is4() {
				t.Errorf("method %s: the director's own address is %v", m.name, f.own)
			}
			if len(f.rips) != len(m.families[0].rips) {
				t.Errorf("method %s: %s has %d real servers, want as many as IPv4", m.name, f.vip, len(f.rips))
			}
		}
	}
}

func TestConfigsAreValid(t *testing.T) {
	for _, m := range methods() {
		for _, mode := range allModes {
			var b bytes.Buffer
			if err := m.config(mode).Write(&b); err != nil {
				t.Fatalf("method %s: %v", m.name, err)
			}
			c, err := config.Parse("demo.toml", b.Bytes())
			if err != nil {
				t.Fatalf("method %s: %v", m.name, err)
			}
			services := len(m.services())
			if c.Dataplane.Mode != mode || len(c.Services) != services || c.Services[0].Reals[0].Method != m.real.Method {
				t.Errorf("method %s, mode %s: the configuration is of another: %+v", m.name, mode, c)
			}
		}
	}
}

func TestReportFitsAScreen(t *testing.T) {
	for _, m := range methods() {
		text := m.introduction(config.XDPGeneric) + answersTitle(config.NoClientAddress) + answersTitle(config.ProxyV2)
		for _, s := range m.services() {
			text += s.answers(make([]int, requests))
		}
		// The table has a title of three lines and a line for each service and
		// real server; a blank line is before and after it.
		lines := bytes.Count([]byte(text), []byte("\n")) + 5 + len(m.services())*(1+len(m.families[0].rips))
		if lines > 50 {
			t.Errorf("method %s takes %d lines, want 50 at most", m.name, lines)
		}
		for line := range bytes.Lines([]byte(text)) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			if n := utf8.RuneCount(line); n > 80 {
				t.Errorf("method %s: %d columns, want 80 at most: %s", m.name, n, line)
			}
			if len(line) != len(bytes.TrimRight(line, " ")) {
				t.Errorf("method %s: line ends in a blank: %q", m.name, line)
			}
		}
	}
}
