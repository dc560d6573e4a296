package dataplane

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// drawAddr draws one of few addresses, of which a third begin in one slot.
func drawAddr(r *rapid.T) lvs.Addr {
	n := rapid.Uint64Range(1, 40).Draw(r, "address")
	switch n % 3 {
	case 0:
		return lvs.Addr4(0xc0000200 + uint32(n))
	case 1:
		return lvs.Addr{Hi: 0x20010db8 << 32, Lo: n}
	}
	return lvs.Addr{Hi: n << 32, Lo: n}
}

// Whatever it was told, and however often it has become another, a table says what
// a map does.
func TestRoleTableIsLikeAMap(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		table, plain := newRoleTable(0), map[lvs.Addr]roles{}
		for range rapid.IntRange(0, 200).Draw(r, "changes") {
			a := drawAddr(r)
			plain[a] = roles(rapid.SampledFrom([]roles{0, 0, roleVirtual, roleReal | roleLocal, roleUnheld}).Draw(r, "roles"))
			table = table.set(a, plain[a])
			if 2*table.taken > len(table.slots) {
				r.Fatalf("%d of %d slots are taken", table.taken, len(table.slots))
			}
		}
		for range 10 {
			if a := drawAddr(r); table.of(a) != plain[a] {
				r.Fatalf("%v is %b, want %b", a, table.of(a), plain[a])
			}
		}
	})
}

// Addresses that come and go do not make a table grow.
func TestRoleTableForgets(t *testing.T) {
	table := newRoleTable(0)
	for i := range uint32(100_000) {
		table = table.set(lvs.Addr4(i), roleReal)
		table = table.set(lvs.Addr4(i), 0)
	}
	if len(table.slots) > 16 {
		t.Errorf("%d slots for none", len(table.slots))
	}
}

// TestRolesChangeWhileWorkersLook is one for the race detector. Who looks sees
// what was there before, or what comes after.
func TestRolesChangeWhileWorkersLook(t *testing.T) {
	table := newRoleTable(1000)
	stays := lvs.Addr4(1 << 31)
	table.set(stays, roleVirtual)
	var looking sync.WaitGroup
	stop := make(chan struct{})
	looking.Go(func() {
		for i := uint32(0); ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if r := table.of(lvs.Addr4(i % 1000)); r&^roleReal != 0 || table.of(stays) != roleVirtual {
				t.Errorf("%d is %b", i%1000, r)
			}
		}
	})
	for i := range uint32(10_000) {
		table.set(lvs.Addr4(i%1000), roles(i/1000%2)*roleReal)
	}
	close(stop)
	looking.Wait()
}

func BenchmarkRoles(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		random, table := rand.New(rand.NewPCG(1, 2)), newRoleTable(n)
		var some [64]lvs.Addr
		for i := range n {
			some[i%len(some)] = lvs.Addr4(random.Uint32())
			table = table.set(some[i%len(some)], roleReal)
		}
		b.Run(fmt.Sprint(n, " addresses"), func(b *testing.B) {
			var sum roles
			for i := 0; b.Loop(); i++ {
				sum |= table.of(some[i%min(n, len(some))])
			}
			if sum != roleReal {
				b.Fatalf("roles are %b", sum)
			}
		})
	}
}
