package conformance

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestShrink shrinks scripts that differ because of one packet and one command.
func TestShrink(t *testing.T) {
	for seed := range uint64(20) {
		s := Random(seed)
		s.Commands = append(s.Commands, "guilty -w 5 -x 3")
		s.Sysctls["guilty"], s.Sysctls["innocent"] = 1, 1
		i := int(seed) % len(s.Steps)
		s.Steps = slices.Insert(s.Steps, i, from(Client, Packet{Proto: "1"}, Packet{Proto: "guilty", TTL: 3, TOS: 7, DF: true}, Packet{Proto: "2"}))
		got := Shrink(context.Background(), s, 10_000, func(s *Script) bool {
			return slices.Contains(s.Commands, "guilty -x 3") || slices.Contains(s.Commands, "guilty -w 5 -x 3")
		})
		if want := []string{"guilty -x 3"}; !slices.Equal(got.Commands, want) || len(got.Steps)+len(got.Marks)+len(got.Sysctls) > 0 {
			t.Errorf("seed %d: Shrink() for a command =\n%v", seed, &got)
		}
		got = Shrink(context.Background(), s, 10_000, func(s *Script) bool {
			return s.Sysctls["guilty"] == 1 && slices.ContainsFunc(s.Steps, func(s Step) bool {
				return slices.ContainsFunc(s.Packets, func(p Packet) bool { return p.Proto == "guilty" && p.TTL == 3 })
			})
		})
		want := []Step{from(Client, Packet{Proto: "guilty", TTL: 3, ID: usualID})}
		if !reflect.DeepEqual(got.Steps, want) || len(got.Commands) > 0 || len(got.Sysctls) != 1 {
			t.Errorf("seed %d: Shrink() for a packet =\n%v", seed, &got)
		}
	}
}

// TestShrinkGivesUp checks that it asks no more often than it may.
func TestShrinkGivesUp(t *testing.T) {
	asked := 0
	s := Random(1)
	if got := Shrink(t.Context(), s, 5, func(*Script) bool { asked++; return false }); asked != 5 || !reflect.DeepEqual(got, s) {
		t.Errorf("Shrink() asked %d times, want 5 and the same script", asked)
	}
}

// TestShrinkLeavesTheScript checks that the script it is given stays as it is.
func TestShrinkLeavesTheScript(t *testing.T) {
	for seed := range uint64(20) {
		s := Random(seed)
		Shrink(t.Context(), s, 10_000, func(*Script) bool { return true })
		if !reflect.DeepEqual(s, Random(seed)) {
			t.Errorf("seed %d: Shrink() changed its argument to\n%v", seed, &s)
		}
	}
}

func TestShorter(t *testing.T) {
	tests := map[string]struct {
		command, want string
		needs         string
	}{
		"no options":             {"-C", "-C", ""},
		"all of them":            {"-a -t x -r y -m -w 3 -x 5 -y 2", "-a -t x -r y -m", ""},
		"one that it takes":      {"-a -t x -r y -m -w 3 -x 5", "-a -t x -r y -m -w 3", "-w 3"},
		"with flags":             {"-A -t x -s sh -b sh-port -p 60 -M 127 -o", "-A -t x -s sh -p 60", "-p 60"},
		"an option without word": {"-A -t x -s rr -p", "-A -t x -s rr -p", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.command
			shorter(tt.command, func(s string) bool {
				ok := tt.needs == "" || strings.Contains(s, tt.needs)
				if ok {
					got = s
				}
				return ok
			})
			if got != tt.want {
				t.Errorf("shorter(%q) comes to %q, want %q", tt.command, got, tt.want)
			}
		})
	}
}
