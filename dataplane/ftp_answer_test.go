package dataplane

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
)

// ftpSites have a service whose address is shorter, as long, and longer in text
// than that of its real server.
var ftpSites = map[string]struct{ vip, real string }{
	"shorter":    {vip4, "203.0.113.111"},
	"as long as": {vip4, "192.0.2.9"},
	"longer":     {"203.0.113.211", "192.0.2.9"},
}

// However often announcements are made longer or shorter, and sent again, both
// ends go on counting by themselves.
func TestFTPSequenceNumbers(t *testing.T) {
	for name, site := range ftpSites {
		t.Run(name, func(t *testing.T) {
			s := newFTPSession(t, client4, site.vip, site.real, 21)
			s.hear(t, "220 ready\r\n")
			random := rand.New(rand.NewPCG(1, 2))
			for i := range 40 {
				s.say(t, "TYPE I\r\n")
				s.hear(t, "200 ok\r\n")
				s.say(t, "PASV\r\n")
				port := uint16(1024 + random.IntN(60000))
				answer := fmt.Sprintf("227 ok (%s)\r\n", numbers(netip.AddrPortFrom(s.real.Addr(), port)))
				want := fmt.Sprintf("227 ok (%s)\r\n", numbers(netip.AddrPortFrom(s.vip.Addr(), port)))
				got := s.hear(t, answer)
				for range i % 3 {
					s.again(t, answer, want)
				}
				if got != want {
					t.Fatalf("the client hears %q, want %q", got, want)
				}
				if i%4 == 0 {
					s.say(t, "RETR "+string(make([]byte, i))+"\r\n")
					s.again(t, answer, want)
				}
			}
		})
	}
}

// again has the server send the last answer once more: the client is to get what
// it has got before.
func (s *ftpSession) again(t *testing.T, answer, want string) {
	t.Helper()
	in := s.segment(fromServer, header.FlagACK, s.sent[fromServer]-uint32(len(answer)), answer)
	h, got := s.arrived(t, fromServer, s.forwarded(t, in))
	if at := s.delivered[fromServer] - uint32(len(want)); got != want || h.Seq() != at {
		t.Errorf("sent again, %q arrives at %d, want %q at %d", got, h.Seq(), want, at)
	}
}

// Selective acknowledgments count as the server does.
func TestFTPSelectiveAcknowledgments(t *testing.T) {
	for name, site := range ftpSites {
		t.Run(name, func(t *testing.T) {
			s := newFTPSession(t, client4, site.vip, site.real, 21)
			s.say(t, "PASV\r\n")
			s.hear(t, "227 ok ("+numbers(netip.AddrPortFrom(s.real.Addr(), 3000))+")\r\n")
			gap := s.delivered[fromServer]
			in := s.segment(fromClient, header.FlagACK, s.sent[fromClient], "123456789012NOOP\r\n")
			tcp := packettest.Transport(in)
			tcp[12] = 8 << 4 // the digits are options
			copy(tcp[header.TCPSize:], []byte{1, 1, 5, 10})
			binary.BigEndian.PutUint32(tcp[header.TCPSize+4:], gap+10)
			binary.BigEndian.PutUint32(tcp[header.TCPSize+8:], gap+30)
			_, got := s.arrived(t, fromClient, s.forwarded(t, packettest.Finish(in)))
			out := packettest.Transport(s.queue.sent[0].frame)
			for i, want := range []uint32{s.sent[fromServer] + 10, s.sent[fromServer] + 30} {
				if edge := binary.BigEndian.Uint32(out[header.TCPSize+4+4*i:]); edge != want {
					t.Errorf("edge %d is %d, want %d", i, edge, want)
				}
			}
			if got != "NOOP\r\n" {
				t.Errorf("payload is %q", got)
			}
		})
	}
}

// The server's bytes count as the client gets them.
func TestFTPBytes(t *testing.T) {
	for name, site := range ftpSites {
		t.Run(name, func(t *testing.T) {
			s := newFTPSession(t, client4, site.vip, site.real, 21)
			s.say(t, "PASV\r\n")
			before := s.Services()[0].Counters.OutBytes
			heard := s.hear(t, "227 ok ("+numbers(netip.AddrPortFrom(s.real.Addr(), 3000))+")\r\n")
			want := uint64(header.IPv4Size + header.TCPSize + len(heard))
			if got := s.Services()[0].Counters.OutBytes - before; got != want {
				t.Errorf("counted %d bytes, want %d", got, want)
			}
		})
	}
}

// What is no announcement, or was not asked for, stays as it is.
func TestFTPAnswersThatStay(t *testing.T) {
	text := "227 ok (" + numbers(netip.MustParseAddrPort(real4+":3000")) + ")\r\n"
	tests := map[string]struct {
		commands []string
		answer   string
	}{
		"not asked for":       {nil, text},
		"another was":         {[]string{"EPSV\r\n"}, text},
		"asked for, and PORT": {[]string{"PASV\r\n", "PORT 198,51,100,7,10,1\r\n"}, text},
		"an error":            {[]string{"PASV\r\n"}, "530 Please login.\r\n"},
		"of several lines":    {[]string{"PASV\r\n"}, "227-ok (" + text[8:]},
		"cut off":             {[]string{"PASV\r\n"}, text[:14]},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := ftpSite4(t)
			for _, c := range tt.commands {
				s.say(t, c)
			}
			before := s.table.Len()
			if got := s.hear(t, tt.answer); got != tt.answer || s.table.Len() != before {
				t.Errorf("%q became %q, %d connections more", tt.answer, got, s.table.Len()-before)
			}
		})
	}
}
