package scenario

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// sctp returns an SCTP packet with one chunk and the right checksum (RFC 9260,
// sections 3.1 and 6.8).
func sctp(src, dst uint16, tag uint32, chunk []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = binary.BigEndian.AppendUint32(b, tag)
	b = append(append(b, 0, 0, 0, 0), chunk...)
	binary.LittleEndian.PutUint32(b[8:], crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// The chunks of an association's life.
var (
	sctpInit       = []byte{1, 0, 0, 20, 0x11, 0x22, 0x33, 0x44, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1}
	sctpInitAck    = []byte{2, 0, 0, 20, 0x55, 0x66, 0x77, 0x88, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1}
	sctpCookieEcho = []byte{10, 0, 0, 8, 'c', 'a', 'k', 'e'}
	sctpCookieAck  = []byte{11, 0, 0, 4}
	sctpData       = []byte{0, 3, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 'w', 'h', 'o', '?'}
	sctpAbort      = []byte{6, 0, 0, 4}
)

// The tags that each end has its peer use.
const (
	clientTag = 0x11223344
	serverTag = 0x55667788
)

func TestSCTPPacket(t *testing.T) {
	tests := map[string]struct {
		got  []byte
		want string // bytes(SCTP(sport=…, dport=…, tag=…)/SCTPChunk…()) of scapy 2.5.0
	}{
		"INIT":       {sctp(40000, 9000, 0, sctpInit), "9c40232800000000a514d1ba0100001411223344000100000001000100000001"},
		"COOKIE ACK": {sctp(9001, 40000, clientTag, sctpCookieAck), "23299c40112233440eb95ff40b000004"},
	}
	for name, tt := range tests {
		if got := hex.EncodeToString(tt.got); got != tt.want {
			t.Errorf("%s: sctp = %s, want %s", name, got, tt.want)
		}
	}
}

// Associations begin, last and end through a director, which tells an active one
// by its cookie. Under masquerading the ports change, and with them the checksum
// over the packet.
func TestSCTP(t *testing.T) {
	for _, d := range []struct {
		name string
		deployment
		port uint16 // of the real servers
	}{{"masquerading", simple, 9001}, {"direct routing", s3b, 9000}} {
		for _, mode := range bothModes {
			t.Run(fmt.Sprintf("%s, %s", d.name, mode), func(t *testing.T) {
				t.Parallel()
				s := d.raise(t, lab.WireOptions{})
				s.port = d.port
				director := direct(t, s, s.config(mode, "rr", lvs.SCTP, 9000))
				for _, f := range s.families() {
					checkSCTP(t, director, s, f)
				}
			})
		}
	}
}

// checkSCTP has two clients associate, each with a real server of its own.
func checkSCTP(t *testing.T, d *director, s *site, f family) {
	t.Helper()
	key := config.ServiceKey{Protocol: lvs.SCTP, VIP: f.vip, Port: 9000}
	client := openRaw(t, s.Client, "client", lvs.SCTP, parse(f.client))
	reals := openRawReals(t, s, f, lvs.SCTP)
	var last *rawSocket
	for i, port := range []uint16{40000, 40001} {
		a := &association{client: client, port: port, realPort: s.port, f: f}
		a.request(0, sctpInit)
		a.real = whoever(t, reals)
		if a.real == last {
			t.Errorf("%s: two associations in turn went to %s", f.name, last.name)
		}
		last = a.real
		a.checkArrival(0, sctpInit)
		a.checkAnswer(sctpInitAck)
		a.request(serverTag, sctpCookieEcho)
		a.checkArrival(serverTag, sctpCookieEcho)
		a.checkAnswer(sctpCookieAck)
		a.request(serverTag, sctpData)
		a.checkArrival(serverTag, sctpData)
		checkActive(t, d, key, 1, i)
		a.request(serverTag, sctpAbort)
		a.checkArrival(serverTag, sctpAbort)
		checkActive(t, d, key, 0, i+1)
	}
}

// checkActive checks how many connections of a service are active and how many
// are not.
func checkActive(t *testing.T, d *director, key config.ServiceKey, active, inactive int) {
	t.Helper()
	if a, i := d.table().connections(key); a != active || i != inactive {
		t.Errorf("%v has %d connections active and %d inactive, want %d and %d", key, a, i, active, inactive)
	}
}

// An association is one of a client's port with a real server.
type association struct {
	client, real   *rawSocket
	port, realPort uint16
	f              family
}

// request has the client send a chunk.
func (a *association) request(tag uint32, chunk []byte) {
	a.client.t.Helper()
	a.client.send(sctp(a.port, 9000, tag, chunk), a.f.vip)
}

// checkArrival checks that it has arrived.
func (a *association) checkArrival(tag uint32, chunk []byte) {
	a.client.t.Helper()
	a.real.expect(sctp(a.port, a.realPort, tag, chunk), parse(a.f.client))
}

// checkAnswer has the real server answer with a chunk, and checks that it has
// arrived, from the service.
func (a *association) checkAnswer(chunk []byte) {
	a.client.t.Helper()
	a.real.send(sctp(a.realPort, a.port, clientTag, chunk), parse(a.f.client))
	a.client.expect(sctp(9000, a.port, clientTag, chunk), a.f.vip)
}
