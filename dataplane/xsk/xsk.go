// Package xsk receives and sends frames through AF_XDP sockets.
//
// A Group is one worker's memory (a UMEM), its pool of frames, and one socket
// for each port that the worker serves, all on that memory: a frame received on
// one port goes out of another without a copy. The kernel and a socket hand
// frames to each other through four rings: fill (empty frames for the kernel),
// RX (received), TX (to send) and completion (sent, empty again).
//
//	pool ─ fill ─▶ kernel ─ RX ─▶ Recv ─▶ the worker ─▶ Send ─ TX ─▶ kernel
//	  ▲                                      │                         │
//	  └─────────────── Release ──────────────┴────── completion ◀──────┘
//
// A packet longer than a frame comes and goes in several (Options.Frags); it is
// joined in a buffer outside the UMEM, and copied to be sent.
//
// A frame has one owner at a time, and no frame is lost: Account tells where
// each one is. A Group and its sockets belong to one goroutine; only Wake and
// Stats may be called from others. What a frame contains, and which frames
// arrive here at all (an XDP program redirects them), is not decided here.
package xsk

import "fmt"

// A Mode is where an interface runs its XDP program.
type Mode uint8

// The modes of XDP.
const (
	Native  Mode = iota // in the driver; zero-copy where the driver has it, else copy
	Generic             // in the stack, for drivers without XDP; always copies, loses GSO frames
)

// String returns the mode's name in the configuration.
func (m Mode) String() string {
	switch m {
	case Native:
		return "native"
	case Generic:
		return "generic"
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}
