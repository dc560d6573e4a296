// Package defence decides when a director that runs out of memory sheds load.
//
// The three strategies are the kernel's (Documentation/networking/ipvs-sysctl):
// drop_packet turns away some of the packets that would begin a connection,
// drop_entry throws half-open and idle connections out, secure_tcp has a
// connection established only once its real server says so. Each has a mode and
// follows the free memory that Evaluate is told of; what is done about it is the
// caller's.
package defence

import "sync/atomic"

// A Mode is the value of sysctl drop_entry, drop_packet or secure_tcp.
type Mode int32

// The modes. Auto and AutoActive are one setting: the defence goes from one to
// the other as memory runs low and comes back.
const (
	Off Mode = iota
	Auto
	AutoActive
	Always
)

// Settings are what the sysctls of these names say.
type Settings struct {
	DropEntry, DropPacket, SecureTCP Mode
	Threshold                        int // amemthresh: less free memory than this is low
	DropRate                         int // am_droprate: one of this many, for drop_packet = 3
}

// A Defence is a director's. The zero value is off. Evaluate belongs to one
// goroutine; the rest is safe for many.
type Defence struct {
	entry, packet, secure strategy
	rate                  atomic.Uint32 // of so many packets one is dropped
	left                  atomic.Int32  // packets until then; at first none
}

// Evaluate follows the settings and the free memory, which has the unit of
// Threshold. The kernel does so every second.
func (d *Defence) Evaluate(s Settings, free int) {
	threshold := max(s.Threshold, 0)
	low := free < threshold
	d.entry.evaluate(s.DropEntry, low)
	d.secure.evaluate(s.SecureTCP, low)
	d.packet.evaluate(s.DropPacket, low)
	switch {
	case !d.packet.active():
		d.rate.Store(0)
	case d.packet.is(Always):
		d.rate.Store(uint32(max(s.DropRate, 0)))
	default:
		d.rate.Store(uint32(threshold / (threshold - free)))
		d.left.Store(int32(threshold / (threshold - free)))
	}
}

// DropPacket reports whether to drop a packet that would begin a connection: of
// as many as the rate says, one.
func (d *Defence) DropPacket() bool {
	rate := d.rate.Load()
	if rate == 0 || d.left.Add(-1) > 0 {
		return false
	}
	d.left.Store(int32(rate))
	return true
}

// DropEntries reports whether connections are to be thrown out.
func (d *Defence) DropEntries() bool { return d.entry.active() }

// SecureTCP reports whether the state machine is to be the strict one.
func (d *Defence) SecureTCP() bool { return d.secure.active() }

// Modes returns the modes as sysctl shows them: Auto or AutoActive as it is.
func (d *Defence) Modes() (dropEntry, dropPacket, secureTCP Mode) {
	return d.entry.load(), d.packet.load(), d.secure.load()
}

// A strategy is the mode in force of one of the three.
type strategy struct{ mode atomic.Int32 }

func (s *strategy) load() Mode     { return Mode(s.mode.Load()) }
func (s *strategy) is(m Mode) bool { return s.load() == m }
func (s *strategy) active() bool   { return s.load() >= AutoActive }

// evaluate sets the mode. Of the two automatic ones it is memory that decides.
func (s *strategy) evaluate(want Mode, low bool) {
	switch {
	case want != Auto && want != AutoActive:
	case low:
		want = AutoActive
	default:
		want = Auto
	}
	s.mode.Store(int32(want))
}
