package dataplane

import (
	"slices"
	"testing"

	"xlvs/dataplane/packet"
)

// A waiting inlet has so many packets, and notes its name when it is asked.
type waiting struct {
	name  string
	has   int
	asked *[]string
}

func (w *waiting) Recv(ps []packet.Packet) (int, error) {
	*w.asked = append(*w.asked, w.name)
	n := min(w.has, len(ps))
	w.has -= n
	return n, nil
}

func TestQueuesAskWhatHasSomething(t *testing.T) {
	const ring, socket, door = "ring", "socket", "door"
	type one struct {
		name     string
		has      int
		readable bool
	}
	tests := map[string]struct {
		sources []one
		blind   int
		want    []string
		n       int
	}{
		"only rings are asked at no cost": {[]one{{name: ring}, {name: socket, has: 1}, {name: door}}, 0, []string{ring}, 0},
		"what Wait found":                 {[]one{{name: ring}, {name: socket, has: 1, readable: true}, {name: door}}, 0, []string{ring, socket}, 1},
		"all, after many batches":         {[]one{{name: ring}, {name: socket, has: 1}, {name: door}}, maxBlind, []string{ring, socket, door}, 1},
		"no more than there is room for":  {[]one{{name: ring, has: 9}, {name: socket, has: 1, readable: true}}, 0, []string{ring}, 4},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var asked []string
			q := &queues{blind: tt.blind}
			for _, s := range tt.sources {
				readable := &s.readable
				if s.name == ring {
					readable = nil
				}
				q.sources = append(q.sources, source{&waiting{s.name, s.has, &asked}, readable})
			}
			if n, err := q.Recv(make([]packet.Packet, 4)); n != tt.n || err != nil {
				t.Errorf("Recv = %d, %v, want %d", n, err, tt.n)
			}
			if !slices.Equal(asked, tt.want) {
				t.Errorf("asked %v, want %v", asked, tt.want)
			}
		})
	}
}

// TestQueuesTakeTurns: one source that always fills the batch does not keep the
// others' packets waiting, even those that Wait has not looked at.
func TestQueuesTakeTurns(t *testing.T) {
	var asked []string
	flood, few := &waiting{"flood", 1 << 20, &asked}, &waiting{"few", 1, &asked}
	q := &queues{sources: []source{{inlet: flood}, {few, new(bool)}}}
	for range 2 * (maxBlind + 1) {
		if _, err := q.Recv(make([]packet.Packet, 4)); err != nil {
			t.Fatal(err)
		}
	}
	if few.has != 0 {
		t.Errorf("the packet beside a flood still waits; asked were %v", asked)
	}
}

// TestQueuesForgetAnEmptySource asks again only when Wait has found something.
func TestQueuesForgetAnEmptySource(t *testing.T) {
	var asked []string
	readable := true
	q := &queues{sources: []source{{&waiting{"socket", 1, &asked}, &readable}}}
	for range 2 {
		if _, err := q.Recv(make([]packet.Packet, 4)); err != nil {
			t.Fatal(err)
		}
	}
	if len(asked) != 1 || readable {
		t.Errorf("asked %d times, readable %t; want once, until Wait says more", len(asked), readable)
	}
}
