package fragment

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// modelBytes is how long the datagrams of a model may be.
const modelBytes = 96

// A model is a Tracker that is slow and plain: it has a flag for each byte, and
// room for all.
type model struct {
	live  map[Key]*modelDatagram
	stats Stats
}

type modelDatagram struct {
	key                    Key
	seen                   [modelBytes]bool
	end                    int
	deadline               time.Duration
	settled, refused, gone bool
	waiting, value         int
}

// add is Tracker.Add, with the datagram in the ticket's place.
func (m *model) add(k Key, pc Piece, now time.Duration) (*modelDatagram, Outcome) {
	d := m.live[k]
	if d != nil && now >= d.deadline {
		m.end(d, &m.stats.TimedOut)
		d = nil
	}
	if d == nil {
		d = &modelDatagram{key: k, deadline: now + k.timeout()}
		m.live[k] = d
	}
	o := d.place(pc)
	if o == Overlaps || o == BeyondEnd {
		d.refused = true
		m.stats.Refused++
	}
	m.endIfComplete(d)
	m.stats.Pieces[o]++
	return d, o
}

func (d *modelDatagram) place(pc Piece) Outcome {
	to := pc.Offset + pc.Len
	repeated := 0
	for _, seen := range d.seen[pc.Offset:to] {
		if seen {
			repeated++
		}
	}
	switch {
	case d.refused:
		return Abandoned
	case d.end > 0 && to > d.end, !pc.More && d.end > 0 && to != d.end, !pc.More && d.reach() > to:
		return BeyondEnd
	case repeated == pc.Len:
		return Repeats
	case repeated > 0:
		return Overlaps
	}
	for i := pc.Offset; i < to; i++ {
		d.seen[i] = true
	}
	if !pc.More {
		d.end = to
	}
	switch {
	case pc.Offset == 0:
		return First
	case d.settled:
		return Follows
	}
	d.waiting++
	return Waits
}

// reach returns where the bytes that have been seen end.
func (d *modelDatagram) reach() (to int) {
	for i, seen := range d.seen {
		if seen {
			to = i + 1
		}
	}
	return to
}

func (m *model) ask(d *modelDatagram) Outcome {
	o := Follows
	switch {
	case d.gone:
		o = Gone
	case d.refused:
		o = Abandoned
	case !d.settled:
		return Waits
	default:
		d.waiting--
		m.endIfComplete(d)
	}
	m.stats.Pieces[o]++
	return o
}

func (m *model) endIfComplete(d *modelDatagram) {
	if d.gone || d.refused || !d.settled || d.waiting > 0 || d.end == 0 {
		return
	}
	for _, seen := range d.seen[:d.end] {
		if !seen {
			return
		}
	}
	m.end(d, &m.stats.Complete)
}

func (m *model) end(d *modelDatagram, reason *uint64) {
	if !d.refused {
		*reason++
	}
	d.gone = true
	delete(m.live, d.key)
}

// A pair is a Tracker and its model, and what both are owed.
type pair struct {
	tracker *Tracker[int]
	model   model
	now     time.Duration
	firsts  []debt // to be settled
	waits   []debt // to be asked about
}

type debt struct {
	ticket Ticket
	d      *modelDatagram
}

// take removes one of debts.
func take(t *rapid.T, debts *[]debt) debt {
	if len(*debts) == 0 {
		t.Skip("none")
	}
	i := rapid.IntRange(0, len(*debts)-1).Draw(t, "which")
	taken := (*debts)[i]
	*debts = append((*debts)[:i:i], (*debts)[i+1:]...)
	return taken
}

func (p *pair) add(t *rapid.T) {
	k := key(rapid.Uint32Range(1, 2).Draw(t, "id"))
	if rapid.Bool().Draw(t, "ipv6") {
		k = key6(k.ID)
	}
	offset := 8 * rapid.IntRange(0, 7).Draw(t, "offset")
	pc := Piece{Offset: offset, Len: 8 * rapid.IntRange(1, 4).Draw(t, "length"), More: true}
	if rapid.IntRange(0, 3).Draw(t, "last") == 0 {
		pc.More, pc.Len = false, pc.Len-rapid.IntRange(0, 7).Draw(t, "short")
	}
	v, tk, got := p.tracker.Add(k, pc, p.now)
	d, want := p.model.add(k, pc, p.now)
	if got != want || got == Follows && v != d.value {
		t.Fatalf("Add(%v, %+v) = %d, %v, want %d, %v", k, pc, v, got, d.value, want)
	}
	switch got {
	case First:
		p.firsts = append(p.firsts, debt{tk, d})
	case Waits:
		p.waits = append(p.waits, debt{tk, d})
	}
}

func (p *pair) settle(t *rapid.T) {
	f := take(t, &p.firsts)
	want := 0
	if !f.d.gone {
		f.d.settled, f.d.value, want = true, rapid.Int().Draw(t, "value"), f.d.waiting
	}
	if got := p.tracker.Settle(f.ticket, f.d.value); got != want {
		t.Fatalf("Settle() = %d, want %d", got, want)
	}
	p.model.endIfComplete(f.d)
}

func (p *pair) ask(t *rapid.T) {
	w := take(t, &p.waits)
	v, got := p.tracker.Ask(w.ticket)
	if want := p.model.ask(w.d); got != want || got == Follows && v != w.d.value {
		t.Fatalf("Ask() = %d, %v, want %d, %v", v, got, w.d.value, want)
	}
	if got == Waits {
		p.waits = append(p.waits, w)
	}
}

func (p *pair) giveUp(t *rapid.T) {
	w := take(t, &p.waits)
	p.tracker.GiveUp(w.ticket)
	if !w.d.gone && !w.d.refused {
		w.d.refused = true
		p.model.stats.Refused++
	}
}

func (p *pair) sweep(t *rapid.T) {
	p.now += time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds")) * time.Second
	if rapid.Bool().Draw(t, "late") {
		return
	}
	p.tracker.Sweep(p.now)
	for _, d := range p.model.live {
		if p.now >= d.deadline {
			p.model.end(d, &p.model.stats.TimedOut)
		}
	}
}

func (p *pair) check(t *rapid.T) {
	want := p.model.stats
	want.Datagrams = len(p.model.live)
	if got := p.tracker.Stats(); got != want {
		t.Fatalf("Stats() = %+v, want %+v", got, want)
	}
}

// againstModel does the same to a Tracker and to a model of it.
func againstModel(t *rapid.T) {
	p := &pair{tracker: New[int](Options{Datagrams: 16 * shards}), model: model{live: map[Key]*modelDatagram{}}}
	t.Repeat(map[string]func(*rapid.T){
		"add": p.add, "add more": p.add, "settle": p.settle, "ask": p.ask, "give up": p.giveUp, "sweep": p.sweep, "": p.check,
	})
}

func TestAgainstModel(t *testing.T) { rapid.Check(t, againstModel) }

func FuzzAgainstModel(f *testing.F) { f.Fuzz(rapid.MakeFuzz(againstModel)) }
