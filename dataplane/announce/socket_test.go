package announce

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
)

// A socket of any family takes the filter, so that it needs no privilege to test.
func TestFilter(t *testing.T) {
	whole := func(b []byte) []byte { return b }
	tests := map[string]struct {
		frame  string
		change func([]byte) []byte
		passes bool
	}{
		"ARP request":          {arpAsks, whole, true},
		"ARP reply":            {arpAnswers, whole, true},
		"solicitation":         {ndAsks, whole, true},
		"advertisement":        {ndNotifies, whole, true},
		"router solicitation":  {ndAsks, set(icmpAt, 133), false},
		"redirect":             {ndAsks, set(icmpAt, 137), false},
		"echo request":         {ndAsks, set(icmpAt, header.ICMPv6EchoRequest), false},
		"from beyond a router": {ndAsks, set(ipAt+7, 254), false},
		"UDP over IPv6":        {ndAsks, set(ipAt+6, header.ProtoUDP), false},
		"IPv4":                 {ndAsks, set(13, 0), false},
		"cut before its type":  {ndAsks, func(b []byte) []byte { return b[:icmpAt] }, false},
		"cut in its EtherType": {arpAsks, func(b []byte) []byte { return b[:13] }, false},
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) }()
	if err := attachFilter(fds[1]); err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			frame := tt.change(unhex(t, tt.frame))
			if _, err := unix.Write(fds[0], frame); err != nil {
				t.Fatal(err)
			}
			n, err := unix.Read(fds[1], make([]byte, maxFrame))
			if err != nil && !errors.Is(err, unix.EAGAIN) {
				t.Fatal(err)
			}
			if passes := err == nil; passes != tt.passes || passes && n != len(frame) {
				t.Errorf("passes = %t with %d of %d bytes, want %t", passes, n, len(frame), tt.passes)
			}
		})
	}
}

// control returns a control message of a packet socket.
func control(typ int32, data []byte) []byte {
	b := make([]byte, unix.CmsgSpace(len(data)))
	binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(len(data))))
	binary.NativeEndian.PutUint32(b[8:], unix.SOL_PACKET)
	binary.NativeEndian.PutUint32(b[12:], uint32(typ))
	copy(b[unix.CmsgLen(0):], data)
	return b
}

func aux(status uint32, tci, tpid uint16) []byte {
	b := make([]byte, auxSize)
	binary.NativeEndian.PutUint32(b[auxStatus:], status)
	binary.NativeEndian.PutUint16(b[auxTCI:], tci)
	binary.NativeEndian.PutUint16(b[auxTPID:], tpid)
	return b
}

func TestTagFrom(t *testing.T) {
	const valid, named = unix.TP_STATUS_VLAN_VALID, unix.TP_STATUS_VLAN_TPID_VALID
	tests := map[string]struct {
		in   []byte
		want tag
	}{
		"no messages":         {nil, tag{}},
		"no tag":              {control(unix.PACKET_AUXDATA, aux(1, 0, 0)), tag{}},
		"tag":                 {control(unix.PACKET_AUXDATA, aux(valid|named, 0x600a, header.TypeVLAN)), tag{header.TypeVLAN, 0x600a}},
		"service tag":         {control(unix.PACKET_AUXDATA, aux(valid|named, 10, header.TypeQinQ)), tag{header.TypeQinQ, 10}},
		"tag of unnamed type": {control(unix.PACKET_AUXDATA, aux(valid, 10, 0)), tag{header.TypeVLAN, 10}},
		"priority tag":        {control(unix.PACKET_AUXDATA, aux(valid|named, 0, header.TypeVLAN)), tag{header.TypeVLAN, 0}},
		"after another":       {slices.Concat(control(99, make([]byte, 4)), control(unix.PACKET_AUXDATA, aux(valid, 10, 0))), tag{header.TypeVLAN, 10}},
		"one byte short":      {control(unix.PACKET_AUXDATA, aux(valid, 10, 0)[:auxSize-1]), tag{}},
		"cut message header":  {control(unix.PACKET_AUXDATA, aux(valid, 10, 0))[:7], tag{}},
		"length past the end": {control(unix.PACKET_AUXDATA, aux(valid, 10, 0))[:24], tag{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tagFrom(tt.in); got != tt.want {
				t.Errorf("tagFrom(% x) = %+v, want %+v", tt.in, got, tt.want)
			}
		})
	}
}
