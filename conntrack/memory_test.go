package conntrack

import (
	"encoding/binary"
	"testing"
	"unsafe" // for the address of a mapping
)

func addressOf(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }

// A process that finds the mapping must be able to tell what it is.
func TestMappingBeginsWithItsLayout(t *testing.T) {
	table, _ := newTable(t, 1000)
	words := []uint64{magic, layout, table.seed[0], table.seed[1], table.seed[2], table.seed[3]}
	for _, f := range []*family{&table.conns.v4, &table.conns.v6, &table.templates.v4, &table.templates.v6} {
		words = append(words, uint64(f.capacity))
		for _, x := range []*index{&f.clients, &f.locals} {
			words = append(words, uint64(x.most)*shards*runLines, uint64(len(x.lines)))
		}
	}
	for i, want := range words {
		if got := binary.LittleEndian.Uint64(table.memory[8*i:]); got != want {
			t.Errorf("word %d = %#x, want %#x", i, got, want)
		}
	}
	for name, f := range map[string]*family{
		"IPv4": &table.conns.v4, "IPv6": &table.conns.v6,
		"IPv4 templates": &table.templates.v4, "IPv6 templates": &table.templates.v6,
	} {
		if uintptr(unsafe.Pointer(&f.clients.lines[0]))%lineBytes != 0 || uintptr(unsafe.Pointer(&f.locals.lines[0]))%lineBytes != 0 ||
			uintptr(unsafe.Pointer(&f.entries[0]))%lineBytes != 0 {
			t.Errorf("%s: lines or entries straddle cache lines", name)
		}
		if f.kind&refTemplate == 0 && uintptr(unsafe.Pointer(&f.deltas[0]))%lineBytes != 0 {
			t.Errorf("%s: deltas straddle cache lines", name)
		}
	}
}

func TestCloseTwice(t *testing.T) {
	table, _ := newTable(t, 10)
	for range 2 {
		if err := table.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}
}
