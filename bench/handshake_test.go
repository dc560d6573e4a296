package main

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"xlvs/bench/lab/labtest"
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
)

// shaker returns one end of handshakes at the loopback interface, whose redirects
// go nowhere: the frame that comes out is what counts.
func shaker(t *testing.T, end turn, counted byte) *sink {
	t.Helper()
	s, err := loadSink(func(counts *ebpf.Map) asm.Instructions { return shake(counts, end, counted) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s
}

// give gives s a frame and returns what became of it.
func give(t *testing.T, s *sink, frame []byte) (code uint32, out []byte) {
	t.Helper()
	out = make([]byte, len(frame))
	code, err := s.program.Run(&ebpf.RunOptions{Data: frame, DataOut: out})
	if err != nil {
		t.Fatal(err)
	}
	return code, out
}

// checkSegment checks the checksums of a frame, and returns its flags and numbers.
func checkSegment(t *testing.T, frame []byte) (flags byte, seq, ack uint32) {
	t.Helper()
	ip, ok := header.ParseIPv4(frame[ipOffset:])
	if !ok || checksum.Sum(ip[:header.IPv4Size]) != 0 {
		t.Fatalf("no IPv4 header in % x", frame)
	}
	src, dst := binary.BigEndian.Uint32(ip[12:]), binary.BigEndian.Uint32(ip[16:])
	segment := frame[udpOffset:tcpEnd]
	if sum := checksum.Add(checksum.Pseudo4(src, dst, header.ProtoTCP, len(segment)), segment); checksum.Fold(sum) != 0xffff {
		t.Fatalf("the TCP checksum is wrong in % x", frame)
	}
	return frame[tcpFlagsOffset], binary.BigEndian.Uint32(frame[tcpSeqOffset:]), binary.BigEndian.Uint32(frame[tcpAckOffset:])
}

// numbered gives a segment another sequence number, as a director may.
func numbered(frame []byte, seq uint32) []byte {
	frame = bytes.Clone(frame)
	sum := binary.BigEndian.Uint16(frame[tcpSumOffset:])
	before := binary.BigEndian.Uint32(frame[tcpSeqOffset:])
	for shift := 0; shift < 32; shift += 16 {
		sum = checksum.Update(sum, uint16(before>>shift), uint16(seq>>shift))
	}
	binary.BigEndian.PutUint32(frame[tcpSeqOffset:], seq)
	binary.BigEndian.PutUint16(frame[tcpSumOffset:], sum)
	return frame
}

func TestHandshake(t *testing.T) {
	labtest.New(t)
	const xdpRedirect, loopback = 4, 1
	for name, seq := range map[string]uint32{"from zero": 0, "from anywhere": 0x1234fffe, "over a word": 0x0000ffff} {
		t.Run(name, func(t *testing.T) {
			server := serverTurn(loopback)
			server.dst = vip // where the stream goes to
			s, c := shaker(t, server, flagsACK), shaker(t, clientTurn(loopback), flagsSYN)
			stream := testStream(1, minSize)
			stream.syn = true
			syn := numbered(frameOf(t, stream), seq)

			code, reply := give(t, s, syn)
			flags, gotSeq, gotAck := checkSegment(t, reply)
			if code != xdpRedirect || flags != flagsSYNACK || gotSeq != 0 || gotAck != seq+1 {
				t.Fatalf("to SYN %#x: code %d, flags %#x, seq %#x, ack %#x", seq, code, flags, gotSeq, gotAck)
			}
			if !bytes.Equal(reply[:6], syn[6:12]) || !bytes.Equal(reply[sourceOffset:sourceOffset+4], syn[sourceOffset+4:sourceOffset+8]) {
				t.Errorf("the answer to % x is not turned around: % x", syn, reply)
			}
			code, last := give(t, c, reply)
			flags, gotSeq, gotAck = checkSegment(t, last)
			if code != xdpRedirect || flags != flagsACK || gotSeq != seq+1 || gotAck != 1 {
				t.Fatalf("to SYN-ACK: code %d, flags %#x, seq %#x, ack %#x", code, flags, gotSeq, gotAck)
			}
			if code, _ := give(t, s, last); code != xdpDrop {
				t.Errorf("the ACK: code %d, want %d", code, xdpDrop)
			}
			if n, err := s.count(); n != 1 || err != nil {
				t.Errorf("%d handshakes are complete, %v, want 1", n, err)
			}
		})
	}
}

func TestHandshakeIgnoresTheRest(t *testing.T) {
	labtest.New(t)
	server := serverTurn(1)
	server.dst = vip
	s := shaker(t, server, flagsACK)
	stream := testStream(1, minSize)
	udp := frameOf(t, stream)
	stream.syn = true
	good := frameOf(t, stream)
	set := func(at int, b byte) []byte {
		frame := bytes.Clone(good)
		frame[at] = b
		return frame
	}
	for name, frame := range map[string][]byte{
		"UDP": udp, "a reset": set(tcpFlagsOffset, 4), "to another address": set(sourceOffset+7, 99),
		"with IP options": set(ipOffset, 0x46), "ARP": set(ipOffset-1, 6), "cut off": good[:tcpEnd-1],
	} {
		if code, out := give(t, s, frame); code != xdpDrop || !bytes.Equal(out, frame) {
			t.Errorf("%s: code %d, want %d and the frame as it was", name, code, xdpDrop)
		}
	}
	if n, err := s.count(); n != 0 || err != nil {
		t.Errorf("%d handshakes are complete, %v, want none", n, err)
	}
}
