package config

import (
	"bytes"
	"net/netip"
	"testing"

	"xlvs/lvs"
)

// manyServices returns n services with 10 real servers each.
func manyServices(n int) *Config {
	c := Default()
	for i := range n {
		vip := netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + i%250)})
		s := Service{ServiceKey: ServiceKey{Protocol: lvs.TCP, VIP: vip, Port: uint16(1 + i/250)}, Scheduler: "wlc"}
		for j := range 10 {
			addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(1 + j)})
			s.Reals = append(s.Reals, Real{RealKey: RealKey{addr, 8080}, Method: lvs.NAT, Weight: 1})
		}
		c.Services = append(c.Services, s)
	}
	return c
}

// BenchmarkParse reads a file of 10,000 services with 10 real servers each.
func BenchmarkParse(b *testing.B) {
	var file bytes.Buffer
	if err := manyServices(10_000).Write(&file); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("f", file.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidate looks at 10,000 services with 10 real servers each.
func BenchmarkValidate(b *testing.B) {
	c := manyServices(10_000)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Validate(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWrite writes them.
func BenchmarkWrite(b *testing.B) {
	c := manyServices(10_000)
	for b.Loop() {
		if err := c.Write(new(bytes.Buffer)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheckPatch changes one service of 10,000.
func BenchmarkCheckPatch(b *testing.B) {
	c := manyServices(10_000)
	p := Patch{Set: c.Services[5000:5001], Removed: []ServiceKey{c.Services[7].ServiceKey}}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.CheckPatch(p); err != nil {
			b.Fatal(err)
		}
	}
}
