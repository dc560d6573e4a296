package config

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

func TestWriteDefault(t *testing.T) {
	const want = `[dataplane]
  interfaces = []
  mode = "auto"
  prefer = "bulk"
  workers = 0
  max_connections = 1000000
  busy_poll = "0s"
  answer_arp = true

[timeouts]
  tcp = "900s"
  tcpfin = "120s"
  udp = "300s"
`
	var b bytes.Buffer
	if err := Default().Write(&b); err != nil || b.String() != want {
		t.Errorf("Default().Write = %v, wrote\n%s\nwant\n%s", err, b.String(), want)
	}
}

func TestWriteRefusesInvalid(t *testing.T) {
	var b bytes.Buffer
	c := Default()
	c.Timeouts.TCP = 0
	if err := c.Write(&b); !errors.Is(err, ErrRange) || b.Len() != 0 {
		t.Errorf("Write of an invalid config = %v and %d bytes, want ErrRange and none", err, b.Len())
	}
}

// A fullDisk is a writer that takes nothing.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteReportsItsWriter(t *testing.T) {
	if err := full().Write(fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("Write to a full disk = %v, want %v", err, errFull)
	}
}

// roundTrips fails t unless c, which is valid, is read back as it was written.
func roundTrips(t interface{ Fatalf(string, ...any) }, c *Config) {
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatalf("Write = %v", err)
	}
	got, err := Parse("written", b.Bytes())
	if err != nil {
		t.Fatalf("Parse of what Write wrote = %v:\n%s", err, b.String())
	}
	if !reflect.DeepEqual(got, c) {
		t.Fatalf("%+v came back as %+v from\n%s", c, got, b.String())
	}
	if changes := Diff(c, got); len(changes) != 0 {
		t.Fatalf("Diff of a config and its copy = %v, want none", changes)
	}
}

func TestWriteFullRoundTrips(t *testing.T) { roundTrips(t, full()) }

func TestWriteRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { roundTrips(t, drawConfig(t)) })
}

// drawConfig draws a valid configuration.
func drawConfig(t *rapid.T) *Config {
	between := func(label string, lo, hi time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(int64(lo), int64(hi)).Draw(t, label))
	}
	c := Default()
	c.Dataplane.Mode = rapid.SampledFrom([]Mode{Auto, XDP, XDPGeneric, Packet}).Draw(t, "mode")
	c.Dataplane.Prefer = rapid.SampledFrom([]Prefer{PPS, Bulk}).Draw(t, "prefer")
	c.Dataplane.AnswerARP = rapid.Bool().Draw(t, "answer_arp")
	c.Dataplane.Workers = rapid.IntRange(0, MaxWorkers).Draw(t, "workers")
	c.Dataplane.MaxConnections = rapid.IntRange(1, MaxConnections).Draw(t, "connections")
	c.Dataplane.BusyPoll = between("busy", MinBusyPoll, MaxBusyPoll)
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z.="'\\%é]{3,7}`), 0, 3, rapid.ID[string]).Draw(t, "interfaces")
	if len(names) > 0 { // an empty list is read as nil
		c.Dataplane.Interfaces = names
		c.Dataplane.Interface = map[string]InterfaceSettings{names[0]: {
			Mode:   rapid.SampledFrom([]Mode{"", Auto, Packet}).Draw(t, "its mode"),
			Prefer: rapid.SampledFrom([]Prefer{"", PPS, Bulk}).Draw(t, "its preference"),
		}}
	}
	c.Timeouts = Timeouts{between("tcp", MinTimeout, MaxTimeout), between("fin", MinTimeout, MaxTimeout), MinTimeout}
	for i := range rapid.IntRange(0, 4).Draw(t, "services") {
		c.Services = append(c.Services, drawService(t, i))
	}
	return c
}

// drawService draws the i-th service; none of another number has its key.
func drawService(t *rapid.T, i int) Service {
	vip, real := "192.0.2.1", "198.51.100.%d"
	if rapid.Bool().Draw(t, "ipv6") {
		vip, real = "2001:db8::1", "2001:db8:1::%x"
	}
	s := Service{
		ServiceKey: ServiceKey{
			Protocol: rapid.SampledFrom([]lvs.Protocol{lvs.TCP, lvs.UDP}).Draw(t, "protocol"),
			VIP:      netip.MustParseAddr(vip),
			Port:     uint16(1 + i + 4*rapid.IntRange(0, 16000).Draw(t, "port")),
		},
		Scheduler: rapid.SampledFrom(lvs.SchedulerNames[:]).Draw(t, "scheduler"),
	}
	for j := range rapid.IntRange(0, 4).Draw(t, "reals") {
		r := Real{
			RealKey: RealKey{netip.MustParseAddr(fmt.Sprintf(real, 1+j)), s.Port},
			Method:  rapid.SampledFrom([]lvs.Method{lvs.NAT, lvs.DirectRouting}).Draw(t, "method"),
			Weight:  rapid.IntRange(0, MaxWeight).Draw(t, "weight"),
		}
		if r.Method == lvs.NAT {
			r.Port = rapid.Uint16Min(1).Draw(t, "real port")
		}
		s.Reals = append(s.Reals, r)
	}
	return s
}
