package config

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestWriteDefault(t *testing.T) {
	const want = `watch = false

[dataplane]
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

[fullnat]
  local_addresses = []

[ftp]
  ports = [21]

[control]
  socket = ""
  group = "xlvs"

[sysctl]
  am_droprate = 10
  amemthresh = 1024
  cache_bypass = 0
  conn_max = 1073741824
  conn_reuse_mode = 1
  drop_entry = 0
  drop_packet = 0
  expire_nodest_conn = 0
  expire_quiescent_template = 0
  lblc_expiration = 86400
  lblcr_expiration = 86400
  nat_icmp_send = 0
  pmtu_disc = 1
  run_estimation = 1
  schedule_icmp = 0
  secure_tcp = 0
  sloppy_sctp = 0
  sloppy_tcp = 0
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
