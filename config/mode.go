package config

// A Mode is how a director's sockets get at the frames of an interface.
type Mode string

// The modes.
const (
	Auto       Mode = "auto"        // what suits the interface best
	XDP        Mode = "xdp"         // AF_XDP, the program in the driver
	XDPGeneric Mode = "xdp-generic" // AF_XDP, the program above the driver; for drivers without XDP
	Packet     Mode = "packet"      // AF_PACKET, for any interface
)

// A Prefer is what Auto chooses for on virtual devices, where no mode is best at
// both.
type Prefer string

// The preferences.
const (
	PPS  Prefer = "pps"  // many small packets: rings
	Bulk Prefer = "bulk" // long streams: frames as large as the sender's stack makes them
)

// InterfaceSettings are what one interface has different from the others. The
// zero value of a field is no difference.
type InterfaceSettings struct {
	Mode   Mode
	Prefer Prefer
}

// ModeOf returns how to get at the frames of an interface: its own settings, and
// the director's for what they leave open.
func (d Dataplane) ModeOf(name string) (Mode, Prefer) {
	s := d.Interface[name]
	if s.Mode == "" {
		s.Mode = d.Mode
	}
	if s.Prefer == "" {
		s.Prefer = d.Prefer
	}
	return s.Mode, s.Prefer
}
