package config

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// integer reads an integer.
func (t *table) integer(key string, dst *int) bool {
	var n int64
	if !read(t, key, "an integer", &n) {
		return false
	}
	*dst = clamp(n)
	return true
}

// clamp returns n as an int. Where that has 32 bits, Validate refuses the bound
// in the place of n.
func clamp(n int64) int { return int(max(math.MinInt, min(n, math.MaxInt))) }

// number reads an integer that must be in the range of T and at least lo.
func number[T uint16 | uint32](t *table, key string, lo T, dst *T) bool {
	var n int64
	if !read(t, key, "an integer", &n) {
		return false
	}
	if err := within(key, n, int64(lo), int64(^T(0))); err != nil {
		t.report(key, err)
		return false
	}
	*dst = T(n)
	return true
}

// pair reads an array of two integers.
func (t *table) pair(key string, dst *[2]int) bool {
	const want = "an array of two integers"
	var elems []any
	if !read(t, key, want, &elems) {
		return false
	}
	if len(elems) != len(dst) {
		t.report(key, fmt.Errorf("%s: %w: must be %s, has %d", key, ErrType, want, len(elems)))
		return false
	}
	for i, e := range elems {
		n, ok := e.(int64)
		if !ok {
			t.wrongType(join(key, strconv.Itoa(i)), "an integer", e)
			return false
		}
		dst[i] = clamp(n)
	}
	return true
}

// address reads an IPv4 or IPv6 address.
func (t *table) address(key string, dst *netip.Addr) bool {
	var text string
	if !read(t, key, "a string with an IP address", &text) {
		return false
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		t.report(key, fmt.Errorf("%s %q: %w: must be an IPv4 or IPv6 address and nothing else", key, text, ErrAddress))
		return false
	}
	*dst = a
	return true
}

// prefix reads the prefix of a network, or an address, which is one in full.
func (t *table) prefix(key string, dst *netip.Prefix) bool {
	var text string
	if !read(t, key, "a string with an IP address or a prefix", &text) {
		return false
	}
	p, err := netip.ParsePrefix(text)
	if a, aerr := netip.ParseAddr(text); aerr == nil && a.Zone() == "" {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	if err != nil {
		t.report(key, fmt.Errorf("%s %q: %w: must be an IPv4 or IPv6 address, or a prefix as in 198.51.100.0/24", key, text, ErrAddress))
		return false
	}
	*dst = p
	return true
}

// mask reads how much of an address counts, which has bits or, if it could not be
// read itself, 0: as a number, or as the address in which these bits are ones.
func (t *table) mask(key string, bits int, dst *int) bool {
	if _, ok := t.values[key].(int64); ok {
		return t.integer(key, dst)
	}
	const want = `a prefix length, as in 24, or a mask of the service's family, as in "255.255.255.0"`
	var text string
	if !read(t, key, want, &text) {
		return false
	}
	a, _ := netip.ParseAddr(text)
	ones, size := net.IPMask(a.AsSlice()).Size() // 0 bits if they are not the first ones
	if size == 0 || bits != 0 && size != bits {
		t.report(key, fmt.Errorf("%s %q: %w: must be %s", key, text, ErrType, want))
		return false
	}
	*dst = ones
	return true
}

// ports reads ports and ranges of them.
func (t *table) ports(key string, dst *[]PortRange) bool {
	const want = `a string with ports, as in "80,443,8000-8080"`
	var text string
	if !read(t, key, want, &text) {
		return false
	}
	ranges, ok := parsePorts(text)
	if !ok {
		t.report(key, fmt.Errorf("%s %q: %w: must be %s", key, text, ErrType, want))
		return false
	}
	*dst = ranges
	return true
}

// spelled reads one of words.
func spelled[T comparable](t *table, key string, words []word[T], dst *T) bool {
	var name string
	if !read(t, key, "a string", &name) {
		return false
	}
	v, ok := valueOf(words, name)
	if !ok {
		t.report(key, fmt.Errorf("%s %q: %w: must be %s", key, name, ErrUnknownName, oneOf(words)))
		return false
	}
	*dst = v
	return true
}

// settle is spelled for a word on which other checks depend: if it cannot be
// read, dst becomes unread.
func settle[T ~uint8](t *table, key string, words []word[T], dst *T) {
	if t.has(key) && !spelled(t, key, words, dst) {
		*dst = unread
	}
}

// duration reads a duration in a string; want is what an error says of it.
func (t *table) duration(key, want string, dst *time.Duration) bool {
	var text string
	if !read(t, key, want, &text) {
		return false
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.report(key, fmt.Errorf("%s %q: %w: must be %s", key, text, ErrType, want))
		return false
	}
	*dst = d
	return true
}

// timeout reads a duration that may also be a plain number of seconds, as
// ipvsadm takes it.
func (t *table) timeout(key string, dst *time.Duration) bool {
	n, ok := t.values[key].(int64)
	if !ok {
		return t.duration(key, `seconds, as in 900, or a duration, as in "15m"`, dst)
	}
	t.has(key)
	const most = int64(math.MaxInt64 / time.Second)
	*dst = time.Duration(max(-most, min(n, most))) * time.Second
	return true
}

// list reads an array of strings.
func (t *table) list(key string, dst *[]string) bool {
	var elems []any
	if !read(t, key, "an array of strings", &elems) {
		return false
	}
	var texts []string
	for i, e := range elems {
		text, ok := e.(string)
		if !ok {
			t.wrongType(join(key, strconv.Itoa(i)), "a string", e)
		}
		texts = append(texts, text)
	}
	*dst = texts
	return true
}
