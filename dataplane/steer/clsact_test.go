package steer

import (
	"errors"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// filtersOn returns how many filters see what l receives, and whether l has a
// clsact qdisc.
func filtersOn(t *testing.T, l netlink.Link) (filters int, qdisc bool) {
	t.Helper()
	fs, err := netlink.FilterList(l, netlink.HANDLE_MIN_INGRESS)
	must(t, err)
	qs, err := netlink.QdiscList(l)
	must(t, err)
	for _, q := range qs {
		qdisc = qdisc || q.Type() == "clsact"
	}
	return len(fs), qdisc
}

func hasFilters(t *testing.T, when string, l netlink.Link, filters int, qdisc bool) {
	t.Helper()
	if n, q := filtersOn(t, l); n != filters || q != qdisc {
		t.Errorf("%s: %d filters and a qdisc: %t, want %d and %t", when, n, q, filters, qdisc)
	}
}

func mustClsact(t *testing.T, l netlink.Link, p *ebpf.Program) *clsact {
	t.Helper()
	c, err := attachClsact(l.Attrs().Index, p)
	must(t, err)
	return c
}

func newClsact(l netlink.Link) *netlink.Clsact {
	return &netlink.Clsact{QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: l.Attrs().Index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT,
	}}
}

func TestClsactLeavesNothing(t *testing.T) {
	w, p := newWire(t), loaded(t)(newClassifier(t).Drop())
	c := mustClsact(t, w.near, p)
	must(t, p.Close()) // the filter does without
	hasFilters(t, "attached", w.near, 1, true)
	must(t, c.Close())
	hasFilters(t, "closed", w.near, 0, false)
}

func TestClsactLeavesTheQdiscOfOthers(t *testing.T) {
	w := newWire(t)
	must(t, netlink.QdiscAdd(newClsact(w.near)))
	c := mustClsact(t, w.near, loaded(t)(newClassifier(t).Drop()))
	hasFilters(t, "attached", w.near, 1, true)
	must(t, c.Close())
	hasFilters(t, "closed", w.near, 0, true)
}

// TestClsactLeavesTheFiltersOfOthers: removing the qdisc would remove them.
func TestClsactLeavesTheFiltersOfOthers(t *testing.T) {
	for name, parent := range map[string]uint32{"ingress": netlink.HANDLE_MIN_INGRESS, "egress": netlink.HANDLE_MIN_EGRESS} {
		t.Run(name, func(t *testing.T) {
			w, p := newWire(t), loaded(t)(newClassifier(t).Drop())
			c := mustClsact(t, w.near, p)
			theirs := dropFilter(w.near.Attrs().Index, p)
			theirs.Parent, theirs.Handle = parent, 1
			must(t, netlink.FilterAdd(theirs))
			before, _ := filtersOn(t, w.near)
			must(t, c.Close())
			hasFilters(t, "closed", w.near, before-1, true)
			must(t, netlink.FilterDel(theirs))
		})
	}
}

// TestClsactReplacesItsPredecessor, which was killed and left its filter.
func TestClsactReplacesItsPredecessor(t *testing.T) {
	w, classifier := newWire(t), newClassifier(t)
	killed := mustClsact(t, w.near, loaded(t)(classifier.Drop()))
	defer killed.netlink.Close()
	c := mustClsact(t, w.near, loaded(t)(classifier.Drop()))
	hasFilters(t, "attached again", w.near, 1, true)
	must(t, c.Close())
	hasFilters(t, "closed", w.near, 0, true)
}

// TestClsactRefused: where ours would be, others have a filter for IPv4 alone.
func TestClsactRefused(t *testing.T) {
	w, p := newWire(t), loaded(t)(newClassifier(t).Drop())
	must(t, netlink.QdiscAdd(newClsact(w.near)))
	theirs := dropFilter(w.near.Attrs().Index, p)
	theirs.Handle, theirs.Protocol = 1, unix.ETH_P_IP
	must(t, netlink.FilterAdd(theirs))
	if _, err := attachClsact(w.near.Attrs().Index, p); !errors.Is(err, unix.EINVAL) {
		t.Errorf("attachClsact = %v, want %v", err, unix.EINVAL)
	}
	hasFilters(t, "refused", w.near, 1, true)
}

func TestClsactGoneAlready(t *testing.T) {
	tests := map[string]func(t *testing.T, w wire, c *clsact){
		"the filter":    func(t *testing.T, w wire, c *clsact) { must(t, netlink.FilterDel(c.filter)) },
		"the qdisc":     func(t *testing.T, w wire, c *clsact) { must(t, netlink.QdiscDel(c.qdisc)) },
		"the interface": func(t *testing.T, w wire, c *clsact) { must(t, netlink.LinkDel(w.near)) },
	}
	for name, remove := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			c := mustClsact(t, w.near, loaded(t)(newClassifier(t).Drop()))
			remove(t, w, c)
			if err := c.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
		})
	}
}
