package header

// What IPv4's options ask of whoever forwards the packet (RFC 791, section 3.1; RFC
// 1812, section 5.2.4): to go by a way of its sender's choice, and to enter addresses
// and times on the way.

// Options of IPv4 that a router reads.
const (
	optionRecordRoute uint8 = 7
	optionTimestamp   uint8 = 68
	optionRouterAlert uint8 = 148
)

// What a timestamp option has entered.
const (
	stampTimes      = 0
	stampAddresses  = 1
	stampPrescribed = 3 // of the addresses that the sender has named
	stampKind       = 0x0f
	stampMissed     = 0x10 // the count of those that found no room is above the kind
)

// A Route says where in an IPv4 header options are that concern routers, 0 for none.
type Route struct{ source, record, stamp int }

// Route reads the options of h. If there is a mistake in them, it returns in which
// byte of the header.
func (h IPv4) Route() (r Route, mistake int) {
	for at, end := IPv4Size, h.HeaderLen(); at < end; {
		switch h[at] {
		case OptionEnd:
			return r, 0
		case OptionNone:
			at++
			continue
		}
		if at+1 == end || h[at+1] < 2 || int(h[at+1]) > end-at {
			return r, at
		}
		next := at + int(h[at+1])
		if wrong, ok := r.note(h[at:next], at); !ok {
			return r, at + wrong
		}
		at = next
	}
	return r, 0
}

// note reads one option, which is at. If that is not as it must be, note returns which
// of its bytes is wrong.
func (r *Route) note(option []byte, at int) (wrong int, ok bool) {
	place, first := (*int)(nil), 4 // where entries begin, counted from 1
	switch option[0] {
	case OptionLSRR, OptionSSRR:
		place = &r.source
	case optionRecordRoute:
		place = &r.record
	case optionTimestamp:
		place, first = &r.stamp, 5
	case optionRouterAlert:
		return 1, len(option) >= 4
	default:
		return 0, true
	}
	switch {
	case *place != 0:
		return 0, false // one is enough
	case len(option) < first-1:
		return 1, false
	case int(option[2]) < first:
		return 2, false
	}
	*place = at
	return 2, place == &r.source || fits(option)
}

// fits reports whether the next entry of an option has all of its room, or none. A
// timestamp without room may still count those that have missed it, up to 15.
func fits(option []byte) bool {
	size, next, kind := 4, int(option[2])-1, uint8(stampTimes)
	if option[0] == optionTimestamp {
		kind = option[3] & stampKind
	}
	if kind == stampAddresses || kind == stampPrescribed {
		size = 8
	}
	if next < len(option) {
		return next+size <= len(option)
	}
	return option[0] != optionTimestamp || kind == stampPrescribed || option[3]>>4 < 15
}

// BySource reports whether the sender has chosen the way.
func (r Route) BySource() bool { return r.source != 0 }

// Records reports whether there is something to be entered.
func (r Route) Records() bool { return r.record != 0 || r.stamp != 0 }

// Record enters address a and the time, in milliseconds since midnight UTC, where r
// says, and sets the checksum. r must be what Route has returned without a mistake.
func (h IPv4) Record(r Route, a, time uint32) {
	if r.record != 0 {
		option := h.option(r.record)
		if next := int(option[2]) - 1; next < len(option) {
			put32(option[next:], a)
			option[2] += 4
		}
	}
	if r.stamp != 0 {
		stamp(h.option(r.stamp), a, time)
	}
	h.SetChecksum(h.ComputeChecksum())
}

func (h IPv4) option(at int) []byte { return h[at : at+int(h[at+1])] }

// stamp is Record for a timestamp option.
func stamp(option []byte, a, time uint32) {
	next := int(option[2]) - 1
	switch kind := option[3] & stampKind; {
	case next >= len(option):
		if kind != stampPrescribed {
			option[3] += stampMissed
		}
	case kind == stampTimes:
		put32(option[next:], time)
		option[2] += 4
	case kind == stampAddresses || kind == stampPrescribed && be32(option[next:]) == a:
		put32(option[next:], a)
		put32(option[next+4:], time)
		option[2] += 8
	}
}
