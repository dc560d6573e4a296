package dataplane

import (
	"testing"

	"pgregory.net/rapid"
)

// A frozen map is like a plain one at each moment, and stays as it was when drafts
// of it go on.
func TestFrozenIsLikeAMap(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		type version struct {
			*frozen[int, int]
			plain map[int]int
		}
		versions := []version{{newFrozen[int, int](), map[int]int{}}}
		for range rapid.IntRange(1, 5).Draw(r, "versions") {
			last := versions[len(versions)-1]
			draft, plain := last.draft(), map[int]int{}
			for k, v := range last.plain {
				plain[k] = v
			}
			for range rapid.IntRange(0, 20).Draw(r, "changes") {
				k := rapid.IntRange(0, 9).Draw(r, "key")
				if rapid.Bool().Draw(r, "set") {
					plain[k] = rapid.Int().Draw(r, "value")
					draft.set(k, plain[k])
				} else {
					delete(plain, k)
					draft.remove(k)
				}
			}
			versions = append(versions, version{draft.frozen, plain})
		}
		for i, v := range versions {
			for k := range 10 {
				want, there := v.plain[k]
				if got, ok := v.get(k); got != want || ok != there {
					r.Fatalf("version %d: get(%d) = %d, %t, want %d, %t", i, k, got, ok, want, there)
				}
			}
		}
	})
}

// What a draft does not change it shares.
func TestDraftCopiesWhatItChanges(t *testing.T) {
	d := newFrozen[int, int]().draft()
	for k := range 10 * frozenBuckets {
		d.set(k, k)
	}
	before := d.frozen
	next := before.draft()
	if next.frozen != before {
		t.Error("a draft without changes is a copy")
	}
	next.set(1, -1)
	copied := 0
	for i := range next.own {
		if next.own[i] {
			copied++
		}
	}
	if copied != 1 {
		t.Errorf("%d parts were copied for one key", copied)
	}
	if v, _ := before.get(1); v != 1 {
		t.Errorf("the map that was frozen says %d", v)
	}
}
