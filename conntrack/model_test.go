package conntrack

import (
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// An op is one random operation on one of a worker's own clients.
type op struct {
	Client int // 0 to 99
	Kind   int // below 3: insert; else find, and then as Kind says
	Dest   lvs.DestID
	Dir    Dir
	Event  Event
}

func ops() *rapid.Generator[[]op] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) op {
		return op{
			Client: rapid.IntRange(0, 99).Draw(t, "client"),
			Kind:   rapid.IntRange(0, 7).Draw(t, "kind"),
			Dest:   lvs.DestID(rapid.IntRange(1, 7).Draw(t, "dest")),
			Dir:    Dir(rapid.IntRange(0, 1).Draw(t, "dir")),
			Event:  Event(rapid.IntRange(0, int(events)-1).Draw(t, "event")),
		}
	}), 1, 80)
}

// A modelWorker runs operations and holds each answer against a map.
type modelWorker struct {
	table *Table
	first int // number of its first client
	model map[int]Connection
}

func (w *modelWorker) connection(o op) (int, Connection) {
	i := w.first + o.Client
	return i, connection(i, i%3 == 0, []lvs.Protocol{lvs.TCP, lvs.UDP}[i%2], lvs.NAT)
}

func (w *modelWorker) run(ops []op) error {
	for _, o := range ops {
		do := w.find
		if o.Kind < 3 {
			do = w.insert
		}
		if err := do(o); err != nil {
			return fmt.Errorf("%+v: %w", o, err)
		}
	}
	return nil
}

func (w *modelWorker) insert(o op) error {
	i, con := w.connection(o)
	con.Dest = o.Dest
	var c Conn
	if !w.table.Insert(&c, &con, 0).OK() {
		return fmt.Errorf("Insert() = false")
	}
	if have, ok := w.model[i]; ok {
		con = have
	}
	if c.Dest != con.Dest {
		return fmt.Errorf("Insert() gave destination %d, want %d", c.Dest, con.Dest)
	}
	w.model[i] = con
	return nil
}

func (w *modelWorker) find(o op) error {
	i, con := w.connection(o)
	tu := con.Tuple
	if o.Dir == Out {
		tu = reply(&con)
	}
	c, ok := find(w.table, tu, o.Dir)
	want, exists := w.model[i]
	if ok != exists || ok && c.Dest != want.Dest {
		return fmt.Errorf("Find(%v) = %d, %t, want %d, %t", tu, c.Dest, ok, want.Dest, exists)
	}
	switch {
	case !ok:
	case o.Kind == 3:
		w.table.Expire(&c)
		delete(w.model, i)
	case o.Kind == 4:
		w.table.SetHop(&c, uint32(i))
	default:
		w.table.Step(&c, o.Dir, o.Event, 0)
	}
	return nil
}

// Workers in parallel, each on clients of its own, while the wheel turns at a
// moment when nothing is due: each sees exactly what it did itself.
func TestTableAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table, loads := newTable(t, 1000)
		defer table.Close()
		var wg sync.WaitGroup
		models, errs := make([]map[int]Connection, 3), make([]error, 3)
		for n := range models {
			models[n] = map[int]Connection{}
			w := &modelWorker{table, n << 17, models[n]}
			list := ops().Draw(rt, fmt.Sprint("worker ", n))
			wg.Go(func() { errs[n] = w.run(list) })
		}
		wg.Go(func() {
			for range 5 {
				table.Sweep(1)
			}
		})
		wg.Wait()
		for n, err := range errs {
			if err != nil {
				rt.Fatalf("worker %d: %v", n, err)
			}
		}
		checkModel(rt, table, loads, models)
	})
}

// checkModel compares what is left in the table with the models.
func checkModel(rt *rapid.T, table *Table, loads *lvs.Loads, models []map[int]Connection) {
	total, perDest := 0, map[lvs.DestID]int32{}
	for _, m := range models {
		total += len(m)
		for _, c := range m {
			perDest[c.Dest]++
		}
	}
	listed := 0
	for range table.All() {
		listed++
	}
	if table.Len() != total || listed != total {
		rt.Fatalf("Len() = %d, All() yields %d, want %d", table.Len(), listed, total)
	}
	for id := lvs.DestID(1); id <= 7; id++ {
		if got := loads.At(id).Total.Load(); got != perDest[id] {
			rt.Fatalf("destination %d has %d connections, want %d", id, got, perDest[id])
		}
	}
	table.Sweep(20_000)
	if table.Len() != 0 {
		rt.Fatalf("Len() = %d after everything expired, want 0", table.Len())
	}
	for id := lvs.DestID(1); id <= 7; id++ {
		if l := loads.At(id); l.Total.Load() != 0 || l.Active.Load() != 0 {
			rt.Fatalf("destination %d is left with %d active of %d", id, l.Active.Load(), l.Total.Load())
		}
	}
}
