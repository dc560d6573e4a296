package dataplane

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/rate"
	"xlvs/lvs"
)

// Services reports all that a service was configured with, in the order of the
// file.
func TestServiceStatus(t *testing.T) {
	mark := persistent(markService(7, lvs.NAT, real4))
	mark.Scheduler, mark.Flags = "mh", lvs.SchedulerFallback|lvs.SchedulerPort
	sip := onePacket(sipService(ipv6))
	sip = withReals(sip, func(i int, r *config.Real) { r.Weight, r.Upper, r.Lower = 3*i, 100, 10*i })
	c := testConfig(mark, sip, testService(lvs.SCTP, lvs.DirectRouting, real4))
	c.Marks = []config.Mark{{Mark: 7, Destination: netip.MustParsePrefix(vip4 + "/32")}}
	d := newPair(t)
	d.configure(t, c)
	want := []ServiceStatus{
		{
			ServiceKey: config.ServiceKey{Mark: 7, VIP: netip.IPv4Unspecified()}, Scheduler: "mh",
			Flags: lvs.SchedulerFallback | lvs.SchedulerPort, Persistence: 300 * time.Second, MaskBits: 32,
			Destinations: []DestinationStatus{{RealKey: mark.Reals[0].RealKey, Weight: 1}},
		},
		{
			ServiceKey: config.ServiceKey{Protocol: lvs.UDP, VIP: netip.MustParseAddr(vip6), Port: 5060}, Scheduler: "rr",
			Persistence: 300 * time.Second, MaskBits: 64, Engine: "sip", OnePacket: true,
			Destinations: []DestinationStatus{
				{RealKey: sip.Reals[1].RealKey, Weight: 3, Upper: 100, Lower: 10}, {RealKey: sip.Reals[0].RealKey, Upper: 100},
			},
		},
		{
			ServiceKey: config.ServiceKey{Protocol: lvs.SCTP, VIP: netip.MustParseAddr(vip4), Port: 80}, Scheduler: "rr",
			Destinations: []DestinationStatus{{RealKey: config.RealKey{Addr: netip.MustParseAddr(real4), Port: 80}, Method: lvs.DirectRouting, Weight: 1}},
		},
	}
	if got := d.Services(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("services are\n%+v, want\n%+v", got, want)
	}
}

// Each packet of a connection counts with the length of its IP packet, padding
// left out, even if it cannot be sent; what is no connection's does not count.
func TestCounters(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		client, vip, real := f.client+":4242", f.vip+":80", f.real+":8080"
		syn := packettest.TCP(client, vip, header.FlagSYN, "")
		size := uint64(len(syn) - header.EthernetSize)
		tests := map[string]struct {
			in   []byte
			want Counters
		}{
			"nothing more":           {nil, Counters{}},
			"a request":              {packettest.TCP(client, vip, header.FlagACK, "data"), Counters{InPkts: 1, InBytes: size + 4}},
			"a reply":                {packettest.TCP(real, client, header.FlagACK, "data"), Counters{OutPkts: 1, OutBytes: size + 4}},
			"a padded request":       {packettest.Padded(syn, 100), Counters{InPkts: 1, InBytes: size}},
			"a tagged request":       {packettest.VLAN(syn, 7), Counters{InPkts: 1, InBytes: size}},
			"with its TTL at an end": {packettest.TTL(syn, 1), Counters{InPkts: 1, InBytes: size}},
			"longer than the MTU":    {packettest.TCP(client, vip, header.FlagACK, string(make([]byte, 2000))), Counters{InPkts: 1, InBytes: size + 2000}},
			"another port":           {packettest.TCP(client, f.vip+":81", header.FlagSYN, ""), Counters{}},
			"no connection":          {packettest.TCP(f.client+":1", vip, header.FlagACK, ""), Counters{}},
			"another connection":     {packettest.TCP(f.client+":1", vip, header.FlagSYN, ""), Counters{Conns: 1, InPkts: 1, InBytes: size}},
		}
		for name, tt := range tests {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newPair(t)
				d.configure(t, testConfig(testService(lvs.TCP, lvs.NAT, f.bare())))
				d.push(t, syn)
				if tt.in != nil {
					d.push(t, tt.in)
				}
				tt.want.Add(Counters{Conns: 1, InPkts: 1, InBytes: size})
				s := d.Services()[0]
				if total, _ := d.Total(); s.Counters != tt.want || s.Destinations[0].Counters != tt.want || total != tt.want {
					t.Errorf("counted %+v, %+v and %+v in all, want %+v", s.Counters, s.Destinations[0].Counters, total, tt.want)
				}
			})
		}
	}
}

// Templates are no connections.
func TestTemplatesAreNotCounted(t *testing.T) {
	d := newPersistent(t, ipv4, 32)
	for port := range 5 {
		d.forwarded(t, syn4(port+1))
	}
	s := d.Services()[0]
	if s.Counters.Conns != 5 || s.Counters.InPkts != 5 || d.table.Len() != 6 {
		t.Errorf("counters = %+v, %d in the table", s.Counters, d.table.Len())
	}
	d.wait(301 + 61)
	if s = d.Services()[0]; s.Destinations[0].Persistent+s.Destinations[1].Persistent != 0 || s.Counters.Conns != 5 {
		t.Errorf("after all are gone: %+v", s)
	}
}

// The rates of a destination, its service and the total are those of the
// kernel's estimator, which looks every two seconds.
func TestRates(t *testing.T) {
	perSecond := []uint64{25, 44, 58, 68, 76, 82, 87, 90, 92, 94, 96, 97}
	bytesPerSecond := []uint64{250000, 437500, 578125, 683594, 762695, 822021, 866516, 899887}
	long := string(make([]byte, 10000-header.IPv4Size-header.UDPSize))
	request, reply := packettest.UDP(client4+":4242", vip4+":80", long), packettest.UDP(real4+":8080", client4+":4242", long)
	tests := map[string]struct {
		in   []byte
		ops  bool
		of   func(rate.Rates) uint64
		want []uint64
	}{
		"connections":  {request, true, func(r rate.Rates) uint64 { return r.Conns }, perSecond},
		"packets in":   {request, false, func(r rate.Rates) uint64 { return r.InPkts }, perSecond},
		"packets out":  {reply, false, func(r rate.Rates) uint64 { return r.OutPkts }, perSecond},
		"bytes in":     {request, false, func(r rate.Rates) uint64 { return r.InBytes }, bytesPerSecond},
		"bytes out":    {reply, false, func(r rate.Rates) uint64 { return r.OutBytes }, bytesPerSecond},
		"none of them": {request, true, func(r rate.Rates) uint64 { return r.OutPkts + r.OutBytes }, []uint64{0, 0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := testService(lvs.UDP, lvs.NAT, real4)
			s.OnePacket = tt.ops
			d := newPair(t)
			for _, a := range []string{client4, real4} {
				d.router.set(a, neigh.Hop{State: neigh.Reachable, MTU: 65535})
			}
			d.configure(t, testConfig(s))
			if !tt.ops {
				d.forwarded(t, request)
				d.settle()
			}
			burst := slices.Repeat([][]byte{tt.in}, 200)
			for i, want := range tt.want {
				d.push(t, burst...)
				d.wait(2)
				_, total := d.Total()
				s := d.Services()[0]
				for who, r := range map[string]rate.Rates{"total": total, "service": s.Rates, "real server": s.Destinations[0].Rates} {
					if got := tt.of(r); got != want {
						t.Errorf("%s after %d s: %d, want %d", who, 2*i+2, got, want)
					}
				}
			}
		})
	}
}

// settle lets the rates of what has been counted so far go back to nothing.
func (d *testDirector) settle() { d.wait(200) }

func TestRatesWithoutEstimation(t *testing.T) {
	d := newPair(t)
	c := testConfig(onePacket(testService(lvs.UDP, lvs.NAT, real4)))
	d.configure(t, c)
	run := func(estimation int) uint64 {
		c.Sysctl.RunEstimation = estimation
		d.configure(t, c)
		d.push(t, slices.Repeat([][]byte{packettest.UDP(client4+":4242", vip4+":80", "")}, 200)...)
		d.wait(2)
		return d.Services()[0].Rates.Conns
	}
	if got := fmt.Sprint(run(1), run(0), run(0)); got != "25 25 25" {
		t.Errorf("rates = %s, want them to stay at 25", got)
	}
}
