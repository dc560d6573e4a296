package dataplane

import (
	"sync"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A service that is new, or has another scheduler, is not there before its
// scheduler knows the real servers: no connection is refused meanwhile.
func TestSchedulersKnowBeforeTheyAreAsked(t *testing.T) {
	for _, name := range lvs.SchedulerNames {
		for _, former := range []string{"", "wlc", "mh"} {
			t.Run(name+" after "+former, func(t *testing.T) {
				d := newPair(t)
				s := testService(lvs.TCP, lvs.NAT, real4, second4)
				if former != "" {
					s.Scheduler = former
					d.apply(t, s)
				}
				s.Scheduler = name
				p := d.newPlan()
				if err := p.patch(config.Patch{Set: []config.Service{s}}); err != nil {
					t.Fatal(err)
				}
				d.prepare(p)
				tuple := tupleOf(syn4(1))
				if _, ok := p.set[0].service.scheduler.Pick(&tuple); !ok {
					t.Errorf("the scheduler of %v is to be published, and knows no real server", p.set[0].key())
				}
			})
		}
	}
}

// Connections may begin while the configuration changes: none is refused, by the
// former scheduler or by the next one.
func TestConnectionsWhileSchedulersChange(t *testing.T) {
	d := newPair(t)
	s := testService(lvs.UDP, lvs.NAT, real4, second4)
	s.OnePacket = true
	d.apply(t, s)
	var pushing sync.WaitGroup
	stop := make(chan struct{})
	end := sync.OnceFunc(func() { close(stop); pushing.Wait() })
	t.Cleanup(end)
	pushing.Go(func() {
		for port := 0; ; port++ {
			select {
			case <-stop:
				return
			default:
				d.push(t, from(1000+port%10000))
			}
		}
	})
	for i := 0; i < 300 || d.Verdicts()[Forward] == 0; i++ {
		s.Scheduler = []string{"mh", "wlc", "rr"}[i%3]
		d.apply(t, s)
	}
	end()
	if v := d.Verdicts(); v[NoDestination] != 0 || v[Forward] == 0 {
		t.Errorf("%d datagrams found no real server, %d did", v[NoDestination], v[Forward])
	}
}

// When the method of a nat real server changes, connections that have begun go on:
// what it answers comes from its own address, and leaves from the service's.
func TestRepliesOfFormerNAT(t *testing.T) {
	for _, m := range []lvs.Method{lvs.DirectRouting, lvs.Tunnel, lvs.FullNAT} {
		for _, f := range []family{ipv4, ipv6} {
			t.Run(f.name()+", "+m.String(), func(t *testing.T) {
				d := newPair(t)
				s := toPort(crossing{f, f, lvs.NAT}.service(lvs.TCP), 80)
				d.apply(t, s)
				client, vip, real := f.client+":4242", f.vip+":80", f.real+":80"
				d.forwarded(t, packettest.TCP(client, vip, header.FlagSYN, ""))
				d.apply(t, withReals(s, func(_ int, r *config.Real) { r.Method = m }))
				checkFormerNAT(t, d, client, vip, real)
				d.apply(t) // and the service goes
				if reply := packettest.TCP(real, client, header.FlagACK, "data"); !d.filter.rules.Take(reply) || d.verdict(t, reply) != Forward {
					t.Error("no more when the service is gone")
				}
			})
		}
	}
}

// checkFormerNAT checks that both directions of a nat connection are translated.
func checkFormerNAT(t *testing.T, d *testDirector, client, vip, real string) {
	t.Helper()
	s := &session{testDirector: d}
	reply := packettest.TCP(real, client, header.FlagACK, "data")
	if !d.filter.rules.Take(reply) {
		t.Error("replies are no longer taken")
	}
	s.reply(t, reply, packettest.TCP(vip, client, header.FlagACK, "data"))
	s.request(t, packettest.TCP(client, vip, header.FlagACK, ""), packettest.TCP(client, real, header.FlagACK, ""))
}
