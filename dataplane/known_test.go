package dataplane

import (
	"testing"

	"xlvs/conntrack"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// Two workers that have the first packets of a connection at a time both look for
// it in vain. The slower one gets what the faster one has entered, and does not
// count it again.
func TestTwoWorkersBeginOneConnection(t *testing.T) {
	for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
		for name, reals := range map[string][]string{"one real server": {real4}, "two": {real4, second4}} {
			t.Run(m.String()+", "+name, func(t *testing.T) {
				d := newPair(t)
				d.apply(t, testService(lvs.TCP, m, reals...))
				w := d.workers[0]
				var c [2]conntrack.Conn
				w.begin()
				for i := range c {
					p, f := packettest.Frame(syn4(1)), flow{}
					p.Out = packet.NoPort
					f.read(p)
					w.seek(&f) // as if it had not been there
					if v := w.admit(p, &f, &c[i]); v != undecided {
						t.Fatalf("packet %d: verdict = %v", i, v)
					}
				}
				if c[0].Dest != c[1].Dest || c[0].Addr != c[1].Addr || d.table.Len() != 1 {
					t.Errorf("connections are %+v and %+v, %d in the table", c[0], c[1], d.table.Len())
				}
				if n := d.Services()[0].Counters.Conns; n != 1 {
					t.Errorf("%d connections counted, want one", n)
				}
			})
		}
	}
}
