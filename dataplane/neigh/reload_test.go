package neigh

import (
	"slices"
	"testing"
)

func TestChangedPorts(t *testing.T) {
	up := Link{Name: "eth0", MAC: ourMAC, MTU: 1500, Up: true}
	with := func(change func(*Link)) Link {
		l := up
		change(&l)
		return l
	}
	tests := map[string]struct {
		new  Link
		want int
	}{
		"nothing":  {up, 0},
		"renamed":  {with(func(l *Link) { l.Name = "wan" }), 0},
		"down":     {with(func(l *Link) { l.Up = false }), 1},
		"MAC":      {with(func(l *Link) { l.MAC = theirMAC }), 1},
		"MTU":      {with(func(l *Link) { l.MTU = 9000 }), 1},
		"vanished": {Link{}, 1},
	}
	for name, tt := range tests {
		if got := changedPorts([]Link{{}, up}, []Link{{}, tt.new}); len(got) != tt.want || tt.want == 1 && got[0] != 1 {
			t.Errorf("%s: changedPorts = %d, want %d of port 1", name, got, tt.want)
		}
	}
	if got := changedPorts([]Link{up}, []Link{up, up, up}); !slices.Equal(got, []uint16{1, 2}) {
		t.Errorf("more ports: changedPorts = %d, want 1, 2", got)
	}
	if got := changedPorts([]Link{up, up}, nil); !slices.Equal(got, []uint16{0, 1}) {
		t.Errorf("no ports: changedPorts = %d, want 0, 1", got)
	}
}

func TestAppeared(t *testing.T) {
	old := map[string]int{"lo": 1, "eth0": 2, "eth1": 3, "eth2": 4}
	new := map[string]int{"lo": 1, "eth0": 2, "eth1": 9, "wan": 4, "dmz": 5}
	if got, want := appeared(old, new), []string{"dmz", "eth1", "wan"}; !slices.Equal(got, want) {
		t.Errorf("appeared = %q, want %q", got, want)
	}
	if got := appeared(old, old); got != nil {
		t.Errorf("appeared = %q, want nothing", got)
	}
}
