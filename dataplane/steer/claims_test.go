package steer

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// A claimant asks for rules of one kind. Several may share an endpoint.
type claimant func(Rules)

func claimants() []claimant {
	vip, real, lip := addr("192.0.2.1"), addr("198.51.100.9"), addr(lip4)
	return []claimant{
		func(r Rules) { r.AddService(lvs.TCP, vip, 80) },
		func(r Rules) { r.AddService(lvs.TCP, vip, 443) },
		func(r Rules) { r.AddService(lvs.TCP, vip, 0) },
		func(r Rules) { r.AddReply(lvs.TCP, real, 8080) },
		func(r Rules) { r.AddReply(lvs.TCP, vip, 80) },
		func(r Rules) { r.AddLocal(vip) },
		func(r Rules) { r.AddUnheld(lip) },
		func(r Rules) { r.AddClient(lvs.TCP, real, 4242) },
		func(r Rules) { r.AddPool(lvs.TCP, lip, 1000, 1999) },
		func(r Rules) { r.AddPool(lvs.TCP, lip, 500, 1500) },
		func(r Rules) { r.AddPool(lvs.IP, lip, 3000, 3999) },
		func(r Rules) { r.AddNetwork(lvs.UDP, prefix("203.0.113.0/24")) },
	}
}

// TestClaimsAreRulesOfAll: whoever comes and goes, the rules are those of all
// who are there, and an endpoint that changes nothing for is not touched.
func TestClaimsAreRulesOfAll(t *testing.T) {
	all := claimants()
	rapid.Check(t, func(r *rapid.T) {
		claims, there := Claims{}, make([]int, len(all))
		for range 20 {
			change := Claims{}
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 1, 4).Draw(r, "who") {
				n := 1
				if there[i] > 0 && rapid.Bool().Draw(r, "goes") {
					n = -1
				}
				there[i] += n
				rules := Rules{}
				all[i](rules)
				change.Add(rules, n)
			}
			for _, s := range change.Steps() {
				claims.Follow(s)
			}
			want := Rules{}
			for i, n := range there {
				if n > 0 {
					all[i](want)
				}
			}
			if got := claims.Rules(); !maps.Equal(got, want) {
				r.Fatalf("rules are %v, want %v", got, want)
			}
		}
	})
}

func TestUndo(t *testing.T) {
	claims, change, rules := Claims{}, Claims{}, Rules{}
	rules.AddService(lvs.TCP, addr("192.0.2.1"), 80)
	claims.Add(rules, 1)
	change.Add(rules, -1)
	rules.AddLocal(addr("192.0.2.2"))
	change.Add(rules, 2)
	before := claims.Rules()
	for _, s := range change.Steps() {
		was, is := claims.Follow(s)
		if after, again := claims.Undo(s); after != is || again != was {
			t.Errorf("%v: %v became %v; undone, %v became %v", s.Endpoint, was, is, after, again)
		}
	}
	if got := claims.Rules(); !maps.Equal(got, before) {
		t.Errorf("rules are %v, want %v", got, before)
	}
}

// TestStepsInOrder: what several ports gain is asked for before the address
// that had them all is let go of.
func TestStepsInOrder(t *testing.T) {
	change, port, every := Claims{}, Rules{}, Rules{}
	port.AddService(lvs.TCP, addr("192.0.2.1"), 80)
	every.AddReply(lvs.UDP, addr("192.0.2.2"), 0)
	every.AddReply(lvs.UDP, addr("192.0.2.2"), 9)
	change.Add(every, -1)
	change.Add(port, 1)
	order := change.Steps()
	for e := range port {
		if i := slices.IndexFunc(order, func(s Step) bool { return s.Endpoint == e }); i < 0 || i >= len(port) {
			t.Errorf("%v, which is new, is number %d of %v", e, i, order)
		}
	}
	if len(order) != len(port)+len(every) {
		t.Errorf("%d endpoints, want %d", len(order), len(port)+len(every))
	}
}

// TestClaimsThatCancel: who lets go of what another asks for changes nothing.
func TestClaimsThatCancel(t *testing.T) {
	change, rules := Claims{}, Rules{}
	rules.AddService(lvs.TCP, addr("192.0.2.1"), 80)
	change.Add(rules, -1)
	change.Add(rules, 1)
	if len(change) != 0 {
		t.Errorf("change is %v, want none", change)
	}
}
