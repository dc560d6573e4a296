package realserver

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// errNoDevice is wrapped when the kernel does not have what a door needs.
var errNoDevice = errors.New("the kernel has no device for it")

// inKernel returns the settings that have the kernel take packets by a door.
// What it takes out of GUE goes where bare IPIP does.
func (o *options) inKernel(d door) (settings []setting) {
	switch {
	case d.kind == lvs.TunnelGUE:
		for _, plain := range o.plainDoors(d.v6) {
			settings = append(settings, o.inKernel(plain)...)
		}
		return append(settings, &fouPort{Number: o.port, V6: d.v6})
	case d.proto == header.ProtoIPv6 && !d.v6:
		return append([]setting{&raised{Name: sit}}, o.dress(sit, false, true)...)
	}
	dev := newDevice(d)
	ipv4Only := d.proto == header.ProtoIPIP && !d.v6
	return append([]setting{dev}, o.dress(dev.Name, true, !ipv4Only)...)
}

// openInKernel has the kernel take packets by a door. It wraps errNoDevice if
// the kernel cannot; what it had for that before stays.
func (o *options) openInKernel(j *journal, d door) error {
	for _, s := range o.inKernel(d) {
		if err := j.keep(s); err != nil {
			return lacking(err)
		}
	}
	return nil
}

// lacking marks the errors by which the kernel says that it lacks a module.
func lacking(err error) error {
	for _, e := range []error{unix.EOPNOTSUPP, unix.ENOENT, unix.EAFNOSUPPORT, unix.EPFNOSUPPORT, unix.EPROTONOSUPPORT} {
		if errors.Is(err, e) {
			return fmt.Errorf("%w: %w", errNoDevice, err)
		}
	}
	return err
}
