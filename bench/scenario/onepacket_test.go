package scenario

import (
	"testing"

	"xlvs/bench/lab"
	"xlvs/lvs"
)

// A client that asks all its questions from one port has one real server, unless
// the service schedules each datagram by itself. Then none leaves a connection.
func TestOnePacketScheduling(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			need(t, "dig")
			names := s3b
			names.port = 53
			s := names.raise(t, lab.WireOptions{})
			for i := range s.Real {
				serveNames(t, s, i)
			}
			usual := s.config(mode, "rr", lvs.UDP, 53)
			single := s.config(mode, "rr", lvs.UDP, 53)
			for i := range single.Services {
				single.Services[i].OnePacket = true
			}
			d := direct(t, s, single)
			for i, f := range s.families() {
				checkEachPacket(t, s, f)
				if active, inactive := d.table().connections(single.Services[i].ServiceKey); active+inactive != 0 {
					t.Errorf("%s: %d connections, want none", f.name, active+inactive)
				}
			}
			d.stop()
			d.write(usual)
			d.start()
			for _, f := range s.families() {
				checkOneServer(t, s, f)
			}
		})
	}
}

// fromOnePort has dig ask from the same port each time.
func fromOnePort(f family) []string { return []string{"-b", f.client + "#40053"} }

// checkEachPacket checks that questions from one port go to one real server
// after the other.
func checkEachPacket(t *testing.T, s *site, f family) {
	t.Helper()
	last := askName(t, s, f, fromOnePort(f)...)
	for range 9 {
		name := askName(t, s, f, fromOnePort(f)...)
		if name == last {
			t.Errorf("%s: two questions in turn went to %s", f.name, name)
		}
		last = name
	}
}

// checkOneServer checks that questions from one port go to one real server.
func checkOneServer(t *testing.T, s *site, f family) {
	t.Helper()
	first := askName(t, s, f, fromOnePort(f)...)
	for range 5 {
		if name := askName(t, s, f, fromOnePort(f)...); name != first {
			t.Errorf("%s: %s answers, want %s", f.name, name, first)
		}
	}
}
