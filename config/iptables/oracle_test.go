package iptables

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xlvs/config"
	"xlvs/lvs"
)

// A packet has what rules match.
type packet struct {
	src, dst     netip.Addr
	protocol     lvs.Protocol
	sport, dport uint16
	in           string
}

// matches reports whether p is one of those that m is for.
func (p packet) matches(m config.Mark) bool {
	has := func(ranges []config.PortRange, port uint16) bool {
		for _, r := range ranges {
			if r.First <= port && port <= r.Last {
				return true
			}
		}
		return ranges == nil
	}
	return (!m.Source.IsValid() || m.Source.Contains(p.src)) && m.Destination.Contains(p.dst) &&
		(m.Protocol == 0 || m.Protocol == p.protocol) && (m.Interface == "" || m.Interface == p.in) &&
		has(m.SourcePorts, p.sport) && has(m.Ports, p.dport)
}

// A netfilter walks the chains with one packet at a time, as the kernel does.
type netfilter map[string]*chain

// mark returns the mark of p after both hooks.
func (n netfilter) mark(p packet) (mark uint32) {
	for _, hook := range hooks {
		n.pass(hook, p, &mark)
	}
	return mark
}

// pass takes p through a chain and reports whether it goes on in the caller.
func (n netfilter) pass(name string, p packet, mark *uint32) bool {
	for _, r := range n[name].rules {
		if !p.matches(r.match) {
			continue
		}
		switch r.target {
		case "MARK":
			*mark = r.match.Mark
		case "ACCEPT":
			return false
		case "RETURN":
			return true
		default:
			if goesOn := n.pass(r.target, p, mark); !goesOn || r.goes {
				return goesOn
			}
		}
	}
	return true
}

// first returns the mark of p by ours.
func first(marks []config.Mark, p packet) uint32 {
	for _, m := range marks {
		if p.matches(m) {
			return m.Mark
		}
	}
	return 0
}

// drawRules returns rules whose chains call only those behind them.
func drawRules(t *rapid.T) (rules []string) {
	option := func(label string, options ...string) string { return rapid.SampledFrom(options).Draw(t, label) }
	chains := []string{"PREROUTING", "INPUT", "web", "more"}
	rules = []string{"-A PREROUTING -d 192.0.2.0/24 -j web", "-A web -d 192.0.2.1 -j more"}
	for range rapid.IntRange(1, 12).Draw(t, "rules") {
		at := rapid.SampledFrom([]int{0, 0, 1, 2, 2, 2, 3}).Draw(t, "chain")
		target := option("target", "-j MARK --set-mark 1", "-j MARK --set-mark 2", "-j MARK --set-mark 0", "-j ACCEPT", "-j RETURN", "call")
		if target == "call" {
			if at == 3 {
				continue
			}
			to := chains[rapid.IntRange(max(at+1, 2), 3).Draw(t, "callee")]
			target = option("jump", "-j ", "-g ") + to
		}
		rule := "-A " + chains[at] +
			option("source", "", " -s 198.51.100.0/25") +
			option("destination", " -d 192.0.2.0/24", " -d 192.0.2.1", " -d 192.0.2.2") +
			option("ports", "", " -p tcp", " -p tcp --dport 80", " -p udp -m multiport --dports 53,80:90", " -p tcp --sport 1000:2000") +
			option("interface", "", "", " -i eth0") + " " + target
		rules = slices.Insert(rules, rapid.IntRange(0, len(rules)).Draw(t, "place"), rule)
	}
	return rules
}

// packets returns all those that differ in what drawRules matches.
func packets() (all []packet) {
	for n := range 1 << 7 {
		bit := func(i int) int { return n >> i & 1 }
		all = append(all, packet{
			src:      []netip.Addr{netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.200")}[bit(0)],
			dst:      []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}[bit(1)],
			protocol: []lvs.Protocol{lvs.TCP, lvs.UDP}[bit(2)],
			sport:    []uint16{999, 1000}[bit(3)],
			dport:    []uint16{53, 80, 90, 91}[bit(4)|bit(5)<<1],
			in:       []string{"eth0", "eth1"}[bit(6)],
		})
	}
	return all
}

// TestAgreesWithNetfilter checks that a packet gets the same mark from ours as
// from netfilter's rules, unless a note says that some do not.
func TestAgreesWithNetfilter(t *testing.T) {
	exact, packets := 0, packets()
	rapid.Check(t, func(t *rapid.T) {
		src := save(drawRules(t)...)
		marks, notes, err := Parse("f", strings.NewReader(src), false)
		if err != nil {
			t.Fatalf("Parse(%q): %v", src, err)
		}
		for _, n := range notes {
			if !strings.Contains(n.Text, "chain ") { // one that no packet passes
				return
			}
		}
		exact++
		p := parser{chains: make(map[string]*chain), foreign: make(map[string]bool), noted: newNotebook("rules")}
		if err := p.read("f", strings.NewReader(src)); err != nil {
			t.Fatal(err)
		}
		for _, packet := range packets {
			if got, want := first(marks, packet), netfilter(p.chains).mark(packet); got != want {
				t.Fatalf("%+v has mark %d by ours, want %d as by\n%s\nmarks\n%s", packet, got, want, src, fmt.Sprint(marks))
			}
		}
	})
	if exact == 0 {
		t.Error("every set of rules came with notes")
	}
}
