package steer

import (
	"maps"
	"testing"
)

// rows names what the benchmarks run: hits and misses by their lookups.
func rows() []string {
	return []string{
		"tcp to a service", "tcp to a service over ipv6", "to a port 0 service", "six extension headers",
		"real server to a client", "real server to a client over ipv6", "unreachable about a service's packet",
		"ssh to the host", "ssh to the host over ipv6", "recorded arp request", "to a pool", "ssh to a local address",
	}
}

// BenchmarkShell has no networks: that is what most directors are. What they add
// to a miss, BenchmarkShellWithNetworks shows.
func BenchmarkShell(b *testing.B) {
	rules := testRules()
	maps.DeleteFunc(rules, func(e Endpoint, _ Rule) bool { return e.HostBits > 0 })
	benchmarkShells(b, rules)
}

func BenchmarkShellWithNetworks(b *testing.B) { benchmarkShells(b, testRules()) }

func benchmarkShells(b *testing.B, rules Rules) {
	c := newClassifier(b)
	must(b, c.Update(rules))
	shells, all := newShells(b, c), seeds(b)
	for _, shell := range []string{"xdp", "xdp frags", "drop", "socket filter"} {
		for _, name := range rows() {
			p, s := shells[shell], all[name]
			b.Run(shell+"/"+name, func(b *testing.B) {
				ret, _, err := p.program.Benchmark(p.input(s.frame), b.N, b.ResetTimer)
				if err != nil {
					b.Fatal(err)
				}
				if got := ret == p.take; got != s.take {
					b.Fatalf("program takes %t, want %t", got, s.take)
				}
			})
		}
	}
}

func BenchmarkTake(b *testing.B) {
	rules, all := testRules(), seeds(b)
	for _, name := range rows() {
		s := all[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rules.Take(s.frame) != s.take {
					b.Fatal("taken otherwise")
				}
			}
		})
	}
}
