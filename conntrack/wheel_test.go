package conntrack

import (
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// Whatever the timers and however the clock is stepped, a connection is there
// until it expires and gone at most two seconds later.
func TestSweepRemovesWhatIsDueAndNothingElse(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table, _ := newTable(t, 100)
		defer table.Close()
		expires := map[lvs.Tuple]Time{}
		now := Time(0)
		for i := range rapid.IntRange(1, 50).Draw(rt, "connections") {
			now += Time(rapid.IntRange(0, 2000).Draw(rt, "step"))
			con := connection(i, i%2 == 0, lvs.UDP, lvs.NAT)
			var c Conn
			table.Insert(&c, &con, now)
			table.conns.v4.sweepTo(table, now)
			table.timeouts.udp.Store(uint32(rapid.IntRange(1, 15000).Draw(rt, "timeout")))
			table.Step(&c, In, EventNone, now)
			expires[con.Tuple] = now + table.timeouts.of(lvs.UDP, 0)
		}
		for range 20 {
			now += Time(rapid.IntRange(0, 3000).Draw(rt, "step"))
			table.Sweep(now)
			for tu, at := range expires {
				_, ok := find(table, tu, In)
				if !ok && at > now {
					rt.Fatalf("at %d: %v is gone before %d", now, tu, at)
				}
				if ok && at+2*perSecond < now {
					rt.Fatalf("at %d: %v is still there after %d", now, tu, at)
				}
			}
		}
	})
}

// sweepTo turns the wheel of one family only, as a sweep cut short would.
func (f *family) sweepTo(t *Table, now Time) {
	for i := range f.shards {
		t.sweepBatch(f, &f.shards[i], now)
	}
}

func TestRefreshKeepsConnectionWithoutTouchingTheWheel(t *testing.T) {
	table, _ := newTable(t, 10)
	con := connection(1, false, lvs.UDP, lvs.NAT)
	var c Conn
	table.Insert(&c, &con, 0)
	table.Step(&c, In, EventNone, 0)
	for now := Time(0); now < 5000*perSecond; now += 250 * perSecond {
		c, ok := find(table, con.Tuple, In)
		if !ok {
			t.Fatalf("connection with a packet every 250 s is gone at %d s", now/perSecond)
		}
		table.Step(&c, In, EventNone, now)
		table.Sweep(now + 200*perSecond)
	}
	table.Sweep(6000 * perSecond)
	if table.Len() != 0 {
		t.Error("connection without packets is still there")
	}
}
