package config

import "testing"

func TestNote(t *testing.T) {
	tests := map[string]struct {
		text, want string
	}{
		"words":                {"HTTP_GET: no health checks", "keepalived.conf:23: HTTP_GET: no health checks"},
		"tabs and line breaks": {"a\tb\nc", "keepalived.conf:23: a b\ufffdc"},
		"a terminal's command": {"\x1b[2J", "keepalived.conf:23: \ufffd[2J"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := NewNote("keepalived.conf", 23, "%s", tt.text).String(); got != tt.want {
				t.Errorf("NewNote() = %q, want %q", got, tt.want)
			}
		})
	}
}
