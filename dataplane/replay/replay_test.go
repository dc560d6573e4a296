package replay

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"xlvs/dataplane/packet"
)

func TestRecvBatches(t *testing.T) {
	tests := map[string]struct {
		frames, room, batch int
		want                []int // of each Recv until the end
	}{
		"no frames":                    {0, 4, 0, nil},
		"all at once":                  {3, 4, 0, []int{3}},
		"as many as there is room for": {5, 2, 0, []int{2, 2, 1}},
		"frame by frame":               {3, 4, 1, []int{1, 1, 1}},
		"room below the batch":         {3, 1, 2, []int{1, 1, 1}},
		"negative batch":               {2, 4, -1, []int{2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := New(Frames(0, make([][]byte, tt.frames)...), Options{Batch: tt.batch})
			ps := make([]packet.Packet, tt.room)
			var got []int
			n, err := q.Recv(ps)
			for ; err == nil; n, err = q.Recv(ps) {
				got = append(got, n)
			}
			if n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("Recv() at the end = %d, %v, want 0, EOF", n, err)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Recv() = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestRecvWithoutRoomIsNotTheEnd(t *testing.T) {
	q := New(Frames(0, []byte("one")), Options{})
	if n, err := q.Recv(nil); n != 0 || err != nil {
		t.Errorf("Recv(nil) = %d, %v, want 0, nil", n, err)
	}
}

func TestTakeLeavesTheRestToTheHost(t *testing.T) {
	in := Merge(Frames(0, []byte("host"), []byte("director"), []byte("host")), Frames(1, []byte("director"), []byte("host")))
	tests := map[string]struct {
		take string
		want []int // of each Recv until the end
	}{
		"some":  {"director", []int{1, 1}},
		"all":   {"", []int{1, 1, 1, 1, 1}},
		"none":  {"nobody", nil},
		"other": {"host", []int{1, 1, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := New(in, Options{Batch: 1, Take: func(b []byte) bool { return bytes.HasPrefix(b, []byte(tt.take)) }})
			ps := make([]packet.Packet, 4)
			var got []int
			for n, err := q.Recv(ps); err == nil; n, err = q.Recv(ps) {
				got = append(got, n)
				q.Send([]*packet.Packet{&ps[0]})
			}
			if !slices.Equal(got, tt.want) || len(q.Passed()) != len(in)-len(got) {
				t.Errorf("Recv() = %d, Passed() has %d frames, want %d and the rest", got, len(q.Passed()), tt.want)
			}
			for _, f := range q.Sent() {
				if !bytes.HasPrefix(f.Data, []byte(tt.take)) {
					t.Errorf("%q was not to be taken", f.Data)
				}
			}
			if err := q.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPacketsAreLent(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 9000)
	in := Merge(Frames(3, []byte("short")), Frames(4, long))
	q := New(in, Options{})
	ps := make([]packet.Packet, 2)
	if n, err := q.Recv(ps); n != 2 || err != nil {
		t.Fatalf("Recv() = %d, %v, want 2, nil", n, err)
	}
	for i, p := range ps {
		if p.In != in[i].Port || p.Out != packet.NoPort || !bytes.Equal(p.Bytes(), in[i].Data) {
			t.Errorf("packet %d is of port %d, routed to %d, with %d bytes", i, p.In, p.Out, p.Len())
		}
		if p.Push(packet.Headroom) == nil {
			t.Errorf("packet %d has less than %d bytes of headroom", i, packet.Headroom)
		}
	}
	if got := in[1].Data; !bytes.Equal(got, long) {
		t.Error("the frame that was fed has been changed")
	}
}

func TestSendKeepsACopyAndWipesThePacket(t *testing.T) {
	in := []Frame{{time.Unix(5, 6), 0, []byte("to the service")}}
	q := New(in, Options{})
	p := receive(t, q)[0]
	copy(p.Bytes(), "TO")
	p.Out = 1
	q.Send([]*packet.Packet{p})
	sent := q.Sent()
	if len(sent) != 1 {
		t.Fatalf("Sent() has %d frames, want 1", len(sent))
	}
	f := sent[0]
	if f.Port != 1 || !f.Time.Equal(in[0].Time) || string(f.Data) != "TO the service" {
		t.Errorf("Sent() = port %d at %v: %q", f.Port, f.Time, f.Data)
	}
	if b := p.Bytes(); !bytes.Equal(b, make([]byte, len(b))) {
		t.Errorf("memory of a sent packet still holds %q", b)
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		send, release []int // packets to give back, of three
		ok            bool
	}{
		"sent and released":    {[]int{0, 2}, []int{1}, true},
		"one kept":             {[]int{0}, []int{1}, false},
		"all kept":             {nil, nil, false},
		"sent twice":           {[]int{0, 1, 2, 1}, nil, false},
		"sent and also freed":  {[]int{0, 1, 2}, []int{0}, false},
		"given back in a swap": {[]int{2, 1, 0}, nil, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := New(Frames(0, []byte("a"), []byte("b"), []byte("c")), Options{})
			ps := receive(t, q)
			q.Send(choose(ps, tt.send))
			q.Release(choose(ps, tt.release))
			err := q.Check()
			if tt.ok && err != nil || !tt.ok && !errors.Is(err, ErrOwnership) {
				t.Errorf("Check() = %v, want ok: %t", err, tt.ok)
			}
		})
	}
}

func TestCheckFindsStrays(t *testing.T) {
	for name, give := range map[string]func(*Queues, []*packet.Packet){"sent": (*Queues).Send, "released": (*Queues).Release} {
		q := New(Frames(0, []byte("a")), Options{})
		if err := q.Check(); err != nil {
			t.Errorf("Check() before the first Recv = %v", err)
		}
		give(q, []*packet.Packet{{Frame: 0}})
		if err := q.Check(); !errors.Is(err, ErrOwnership) {
			t.Errorf("%s before it was handed out: Check() = %v, want %v", name, err, ErrOwnership)
		}
	}
}

func TestElapsedFollowsTheCapture(t *testing.T) {
	at := func(s int64) Frame { return Frame{Time: time.Unix(s, 0)} }
	q := New([]Frame{at(100), at(103), at(101), at(107)}, Options{Batch: 1})
	var got []time.Duration
	ps := make([]packet.Packet, 1)
	for n, _ := q.Recv(ps); n > 0; n, _ = q.Recv(ps) {
		got = append(got, q.Elapsed())
	}
	want := []time.Duration{0, 3 * time.Second, 3 * time.Second, 7 * time.Second}
	if !slices.Equal(got, want) {
		t.Errorf("Elapsed() = %v, want %v", got, want)
	}
}

func TestWaitDoesNot(t *testing.T) {
	q := New(nil, Options{})
	q.Wake()
	if err := errors.Join(q.Wait(time.Hour), q.Close()); err != nil {
		t.Error(err)
	}
}

// receive returns pointers to all packets of q.
func receive(t *testing.T, q *Queues) []*packet.Packet {
	t.Helper()
	ps := make([]packet.Packet, 8)
	n, err := q.Recv(ps)
	if err != nil {
		t.Fatal(err)
	}
	var list []*packet.Packet
	for i := range ps[:n] {
		list = append(list, &ps[i])
	}
	return list
}

func choose(ps []*packet.Packet, which []int) []*packet.Packet {
	var list []*packet.Packet
	for _, i := range which {
		list = append(list, ps[i])
	}
	return list
}
