package conntrack

import (
	"sync"
	"sync/atomic"
	"testing"

	"xlvs/lvs"
)

// Readers never see half a change, nor the Deltas of another connection.
func TestDeltasAreReadWhole(t *testing.T) {
	table, _ := newTable(t, 10)
	con := connection(1, false, lvs.TCP, lvs.NAT)
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				c, ok := find(table, con.Tuple, In)
				if !ok {
					continue
				}
				in, out, ok := table.Deltas(&c)
				if ok && (in.InitSeq != uint32(in.Delta) || in.Delta > 0 && in.Previous != in.Delta-1 || out != (Delta{}) && out.InitSeq != uint32(con.Dest)) {
					t.Errorf("Deltas() = %+v, %+v of destination %d", in, out, c.Dest)
					return
				}
			}
		})
	}
	for range 1000 {
		var c Conn
		table.Insert(&c, &con, 0)
		for seq := uint32(1); seq <= 50; seq++ {
			table.Resize(&c, In, seq, 1)
		}
		table.Expire(&c)
	}
	close(done)
	readers.Wait()
}

// Who comes while Deltas are being written waits for them.
func TestDeltasWaitForAWriter(t *testing.T) {
	table, _ := newTable(t, 10)
	con := connection(1, false, lvs.TCP, lvs.NAT)
	var c Conn
	table.Insert(&c, &con, 0)
	table.Resize(&c, In, 100, 28)
	f, s, _ := table.lock(c.handle)
	w := f.deltasOf(c.ref.number())
	atomic.AddUint64(&w[3], 1<<32) // a writer has begun
	if _, _, ok := w.load(); ok {
		t.Error("half a change was read")
	}
	read := make(chan Delta)
	go func() {
		in, _, _ := table.Deltas(&c)
		read <- in
	}()
	atomic.StoreUint64(&w[0], 200<<32|28)
	atomic.AddUint64(&w[3], 1<<32)
	s.Unlock()
	if got, want := <-read, (Delta{InitSeq: 200, Delta: 28}); got != want {
		t.Errorf("Deltas() = %+v, want %+v", got, want)
	}
}

func TestDeltasDoNotAllocate(t *testing.T) {
	table, _ := newTable(t, 10)
	con := connection(1, false, lvs.TCP, lvs.NAT)
	var c Conn
	table.Insert(&c, &con, 0)
	table.Resize(&c, In, 100, 28)
	seq := uint32(100)
	n := testing.AllocsPerRun(100, func() {
		in, out, ok := table.Deltas(&c)
		if !ok {
			t.Fatal("no deltas")
		}
		seq += 2 * stride
		table.Settle(&c, &in, &out, 0, in.Seq(seq))
		table.Resize(&c, Out, seq, 1)
	})
	if n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}
