package main

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/cilium/ebpf"

	"xlvs/bench/lab/labtest"
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
)

// testStream returns a stream between stations that do not exist.
func testStream(connections, size int) stream {
	return stream{
		src: net.HardwareAddr{2, 0, 0, 0, 0, 1}, dst: net.HardwareAddr{2, 0, 0, 0, 0, 2},
		from: netip.MustParseAddr(client), to: netip.MustParseAddrPort("198.51.100.1:4242"),
		connections: connections, size: size,
	}
}

// frameOf returns the first frame of s.
func frameOf(t *testing.T, s stream) []byte {
	t.Helper()
	b, err := s.frame()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sourcePort returns the client's port in a frame of a stream, after it has
// checked the checksums.
func sourcePort(t *testing.T, frame []byte) uint16 {
	t.Helper()
	ip, ok := header.ParseIPv4(frame[ipOffset:])
	if !ok || checksum.Sum(ip[:header.IPv4Size]) != 0 {
		t.Fatalf("no IPv4 header in % x", frame)
	}
	udp := frame[udpOffset:]
	src, dst := binary.BigEndian.Uint32(ip[12:]), binary.BigEndian.Uint32(ip[16:])
	sum := checksum.Add(checksum.Pseudo4(src, dst, header.ProtoUDP, len(udp)), udp)
	if field := binary.BigEndian.Uint16(frame[udpSumOffset:]); field == 0 || checksum.Fold(sum) != 0xffff {
		t.Fatalf("UDP checksum %#04x is wrong in % x", field, frame)
	}
	return binary.BigEndian.Uint16(udp)
}

func TestStreamFrame(t *testing.T) {
	for _, size := range []int{minSize, 61, maxSize} {
		b := frameOf(t, testStream(1, size))
		if len(b) != size {
			t.Errorf("the frame has %d bytes, want %d", len(b), size)
		}
		if p := sourcePort(t, b); p != firstPort {
			t.Errorf("source port %d, want %d", p, firstPort)
		}
	}
}

// loaded returns the generator's program for s, and its maps.
func loaded(t *testing.T, s stream) (*ebpf.Program, *steering) {
	t.Helper()
	m, err := newSteering()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.close() })
	program, err := loadGenerator(m, 1, frameOf(t, s), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return program, m
}

// TestEveryConnection has the program make a frame for each port that there is,
// and one more, always out of the frame that it made before.
func TestEveryConnection(t *testing.T) {
	labtest.New(t)
	const xdpRedirect = 4
	s := testStream(maxConnections, minSize)
	program, m := loaded(t, s)
	frame := bytes.Repeat([]byte{0xa5}, headers) // of a receiver that wrote everywhere
	frame = append(frame, frameOf(t, s)[headers:]...)
	for i := range maxConnections + 1 {
		code, err := program.Run(&ebpf.RunOptions{Data: frame, DataOut: frame})
		if err != nil || code != xdpRedirect {
			t.Fatalf("frame %d: the program returns %d, %v, want %d", i, code, err, xdpRedirect)
		}
		if got, want := sourcePort(t, frame), uint16(firstPort+i%maxConnections); got != want {
			t.Fatalf("frame %d has source port %d, want %d", i, got, want)
		}
		if i == 0 && !bytes.Equal(frame, frameOf(t, s)) {
			t.Fatalf("the first frame is\n% x, want\n% x", frame, frameOf(t, s))
		}
	}
	g := generator{steering: m}
	if n, err := g.count(); n != maxConnections+1 || err != nil {
		t.Errorf("count() = %d, %v, want %d", n, err, maxConnections+1)
	}
}

func TestGeneratorRefusesShortFrames(t *testing.T) {
	labtest.New(t)
	program, _ := loaded(t, testStream(1, minSize))
	code, err := program.Run(&ebpf.RunOptions{Data: make([]byte, headers-1)})
	if err != nil || code != xdpAborted {
		t.Errorf("the program returns %d, %v, want %d", code, err, xdpAborted)
	}
}

func TestGeneratorHasEnough(t *testing.T) {
	labtest.New(t)
	s := testStream(1, minSize)
	program, m := loaded(t, s)
	g := generator{steering: m}
	if err := g.order(orders{Enough: 1}); err != nil {
		t.Fatal(err)
	}
	code, err := program.Run(&ebpf.RunOptions{Data: frameOf(t, s)})
	if err != nil || code != xdpDrop {
		t.Errorf("the program returns %d, %v, want %d", code, err, xdpDrop)
	}
	if n, err := g.count(); n != 0 || err != nil {
		t.Errorf("count() = %d, %v, want none", n, err)
	}
}
