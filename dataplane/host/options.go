package host

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// A Port is an interface that frames are given back to.
type Port struct {
	Number uint16 // what packets that it receives have as In
	Index  int    // of the interface
}

// Options tune a Door. The zero value is ready to use.
type Options struct {
	Name   string // of the TAP, %d stands for the first free number; "" means "xlvs%d"
	Number uint16 // In of what Recv returns, no port's number; 0 means packet.NoPort
	Frames int    // packets that Recv may have handed out at a time; 0 means 256
	Rate   int    // frames that Allow lets pass in a second; 0 means 10,000
	Burst  int    // and at once; 0 means 1,000
	// Stamp overwrites the source of each frame with Stamp(). A generic XDP
	// program on the port sees what was given back, but no mark: without a
	// stamp to let pass it would take the same frame again and again.
	Stamp bool
}

// withDefaults fills what is zero and refuses what makes no sense.
func (o Options) withDefaults(ports []Port) (Options, error) {
	if o.Name == "" {
		o.Name = "xlvs%d"
	}
	if o.Number == 0 {
		o.Number = packet.NoPort
	}
	for _, d := range []struct {
		v   *int
		def int
	}{
		{&o.Frames, 256}, {&o.Rate, 10_000}, {&o.Burst, 1_000},
	} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	switch {
	case len(o.Name) >= unix.IFNAMSIZ:
		return o, fmt.Errorf("name %q: longer than %d bytes", o.Name, unix.IFNAMSIZ-1)
	case o.Frames < 0 || o.Rate < 0 || o.Rate > int(time.Second) || o.Burst < 0:
		return o, errors.New("options Frames, Rate and Burst must not be negative, and Rate at most 10^9")
	case len(ports) > MaxPorts:
		return o, fmt.Errorf("%d ports: at most %d", len(ports), MaxPorts)
	}
	return o, o.checkPorts(ports)
}

// checkPorts refuses numbers that two would have, and indices of no interface.
func (o Options) checkPorts(ports []Port) error {
	seen := map[uint16]bool{o.Number: true}
	for _, p := range ports {
		if seen[p.Number] {
			return fmt.Errorf("port %d: number is taken", p.Number)
		}
		if p.Index <= 0 {
			return fmt.Errorf("port %d: %d is not the index of an interface", p.Number, p.Index)
		}
		seen[p.Number] = true
	}
	return nil
}
