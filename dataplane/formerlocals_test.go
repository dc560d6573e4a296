package dataplane

import (
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// anotherLocal returns s with the next local address.
func anotherLocal(s config.Service) config.Service {
	r := s.LocalAddresses[0]
	r.Addr = r.Addr.Next()
	s.LocalAddresses = []config.LocalRange{r}
	return s
}

// checkLocal checks whether what comes to the session's local address is taken, and
// whether the director counts that among its own.
func (s *session) checkLocal(t *testing.T, want bool) {
	t.Helper()
	local := tupleOf(packettest.TCP(s.real, s.seen, header.FlagACK, "")).Dst
	role := s.snapshot.Load().roles.of(local)&roleLocal != 0
	if taken := s.filter.rules.Take(packettest.TCP(s.real, s.seen, header.FlagACK, "")); taken != want || role != want {
		t.Errorf("%v: packets are taken: %t, are the director's: %t, want %t", local, taken, role, want)
	}
}

// A local address that the configuration no longer has is kept for as long as a
// connection has it, and given up within a minute then.
func TestFormerLocalIsGivenUp(t *testing.T) {
	for _, c := range crossings {
		t.Run(c.String(), func(t *testing.T) {
			service := c.from(c.service(lvs.TCP), 2000, 2999)
			d := newTestDirector(t, service)
			s := c.shake(t, d)
			d.apply(t, anotherLocal(service))
			d.wait(formerEvery + 1)
			s.checkLocal(t, true)
			s.reply(t, packettest.TCP(s.real, s.seen, header.FlagACK, "data"), packettest.TCP(s.vip, s.client, header.FlagACK, "data"))
			d.forwarded(t, packettest.TCP(s.client, s.vip, header.FlagRST, ""))
			d.wait(11) // it closes
			s.checkLocal(t, true)
			d.wait(formerEvery)
			s.checkLocal(t, false)
			d.forwarded(t, c.sends(1, header.FlagSYN)) // from the next one
		})
	}
}

// One that no connection has had is given up alike, and so are all when the service
// has gone.
func TestUnusedLocalIsGivenUp(t *testing.T) {
	for _, c := range crossings {
		service := c.from(c.service(lvs.TCP), 2000, 2999)
		nat := crossing{c.client, c.client, lvs.NAT}.service(lvs.TCP)
		for name, next := range map[string][]config.Service{
			"another address": {anotherLocal(service)},
			"another method":  {nat},
			"no service":      nil,
		} {
			t.Run(c.String()+", "+name, func(t *testing.T) {
				d := newTestDirector(t, service)
				r := service.LocalAddresses[0]
				d.apply(t, next...)
				if _, there := d.pools[r]; !there {
					t.Errorf("%v is given up at once", r)
				}
				d.wait(formerEvery)
				if _, there := d.pools[r]; there {
					t.Errorf("%v is still there", r)
				}
			})
		}
	}
}

// One that is in the configuration again stays.
func TestLocalComesBack(t *testing.T) {
	c := crossings[0]
	service := c.from(c.service(lvs.TCP), 2000, 2999)
	d := newTestDirector(t, service)
	s := c.shake(t, d)
	d.apply(t, anotherLocal(service))
	d.wait(formerEvery / 2)
	d.apply(t, service)
	d.forwarded(t, packettest.TCP(s.client, s.vip, header.FlagRST, ""))
	d.wait(3 * formerEvery)
	s.checkLocal(t, true)
}
