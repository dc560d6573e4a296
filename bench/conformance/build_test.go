package conformance

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// TestBuild holds packets to bytes. Those of the SYN are the kernel's, which sent it
// behind a TTL of 63.
func TestBuild(t *testing.T) {
	tests := map[string]struct {
		in   Packet
		want string
	}{
		"a SYN": {
			Packet{Proto: "tcp", Src: "203.0.113.1:4000", Dst: "192.0.2.11:80", Flags: "S", TTL: 63},
			"4500002800000000" + "3f067dc3cb007101c000020b" + "0fa00050000000000000000050" + "02faf0a6f40000",
		},
		"UDP without a checksum": {
			Packet{Proto: "udp", Src: "203.0.113.1:4000", Dst: "192.0.2.11:53", Data: "q", Broken: noChecksum, TTL: 63},
			"4500001d00000000" + "3f117dc3cb007101c000020b" + "0fa00035000900007100"[:18],
		},
		"as it is": {Packet{Literal: "4500001400000000400600000102030405060708"}, "4500001400000000400600000102030405060708"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.in.build()
			if err != nil {
				t.Fatal(err)
			}
			if hex.EncodeToString(got) != tt.want {
				t.Errorf("build() = %x, want %s", got, tt.want)
			}
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	good := Packet{Proto: "tcp", Src: "203.0.113.1:4000", Dst: "192.0.2.11:80", Flags: "S"}
	tests := map[string]func(p *Packet){
		"no such protocol":        func(p *Packet) { p.Proto = "tpc" },
		"protocol over 255":       func(p *Packet) { p.Proto = "256" },
		"no such flag":            func(p *Packet) { p.Flags = "X" },
		"no such chunk":           func(p *Packet) { p.Proto, p.Chunk = "sctp", "hello" },
		"two IP versions":         func(p *Packet) { p.Dst = "[2001:db8::1]:80" },
		"no such breakage":        func(p *Packet) { p.Broken = "badly" },
		"TCP without a checksum":  func(p *Packet) { p.Broken = noChecksum },
		"fragment past the end":   func(p *Packet) { p.Fragment = &Fragment{Offset: 16, Length: 8} },
		"fragment within a word":  func(p *Packet) { p.Fragment = &Fragment{Offset: 4, Length: 8} },
		"fragment of nothing":     func(p *Packet) { p.Fragment = &Fragment{} },
		"fragment before it":      func(p *Packet) { p.Fragment = &Fragment{Offset: -8, Length: 8} },
		"bad packet in a quote":   func(p *Packet) { *p = Packet{Proto: "icmp", Src: "192.0.2.1", Dst: "192.0.2.2", Quote: &Packet{}} },
		"bad packet in a tunnel":  func(p *Packet) { *p = Packet{Proto: "4", Src: "192.0.2.1", Dst: "192.0.2.2", Inner: &Packet{}} },
		"ICMP to be finished":     func(p *Packet) { *p = Packet{Proto: "icmp", Src: "192.0.2.1", Dst: "192.0.2.2", Unfinished: true} },
		"fragment to be finished": func(p *Packet) { p.Unfinished, p.Fragment = true, &Fragment{Length: 8} },
		"half a byte":             func(p *Packet) { p.Literal = "4" },
		"half a header":           func(p *Packet) { p.Literal = "45000014" },
		"neither IPv4 nor IPv6":   func(p *Packet) { p.Literal = strings.Repeat("5", 80) },
		"source that is no place": func(p *Packet) { p.Src = "client" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			p := good
			change(&p)
			if b, err := p.build(); err == nil {
				t.Errorf("build() = %x, want an error", b)
			} else if name != "source that is no place" && p.Quote == nil && p.Inner == nil && !errors.Is(err, errPacket) {
				t.Errorf("build() fails with %v, want errPacket", err)
			}
		})
	}
}

// FuzzBuild has whatever a file describes built, or refused.
func FuzzBuild(f *testing.F) {
	f.Add([]byte(`{"proto":"tcp","src":"203.0.113.1:4000","dst":"192.0.2.11:80","flags":"S"}`))
	f.Add([]byte(`{"proto":"icmp","src":"192.0.2.1","dst":"192.0.2.2","cut":3,"quote":{"proto":"udp","src":"192.0.2.1:1","dst":"192.0.2.2:2","broken":"short"}}`))
	f.Add([]byte(`{"proto":"udp","src":"[2001:db8::1]:1","dst":"[2001:db8::2]:2","size":100,"fragment":{"offset":8,"length":16,"more":true}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p Packet
		if json.Unmarshal(b, &p) != nil || p.Size > 1<<16 {
			t.Skip()
		}
		if packet, err := p.build(); err == nil && len(packet) < 20 {
			t.Errorf("build() of %s = %x", b, packet)
		}
	})
}
