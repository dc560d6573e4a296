package ipvsadm

import (
	"bufio"
	"context"
	"io"
	"strconv"

	"xlvs/config"
	"xlvs/dataplane"
	"xlvs/lvs"
)

// SaveOptions are the options of `ipvsadm -S`.
type SaveOptions struct {
	Numeric bool  // -n: no names
	Names   Names // where names come from
}

// Save writes services as `ipvsadm -S` does: the commands that -R makes the same
// services of, in the order of a list. Thresholds are not saved, as ipvsadm does
// not save them; what only this director has is said where a service uses it.
func Save(ctx context.Context, w io.Writer, services []dataplane.ServiceStatus, o SaveOptions) error {
	s := saver{out: bufio.NewWriterSize(w, outSize), names: &namer{}}
	if !o.Numeric {
		s.names = o.Names.open()
		s.names.learn(ctx, addresses(services))
	}
	for _, service := range sortedServices(services) {
		s.service(service)
	}
	return s.out.Flush()
}

// A saver writes commands. Its writer remembers errors until Flush.
type saver struct {
	out   *bufio.Writer
	names *namer
}

// service writes the commands for a service and its destinations.
func (s *saver) service(v *dataplane.ServiceStatus) {
	selector := s.appendSelector(nil, v)
	b := append(append(s.out.AvailableBuffer(), "-A "...), selector...)
	b = append(append(b, " -s "...), v.Scheduler...)
	s.out.Write(append(appendServiceOptions(b, v), '\n'))
	for _, d := range sortedDestinations(v.Destinations) {
		b := append(append(s.out.AvailableBuffer(), "-a "...), selector...)
		b = s.names.appendEndpoint(append(b, " -r "...), v.Protocol, d.Addr, d.Port)
		s.out.Write(append(appendDestinationOptions(b, d), '\n'))
	}
}

// appendSelector appends the options that say which service it is.
func (s *saver) appendSelector(b []byte, v *dataplane.ServiceStatus) []byte {
	if v.Mark != 0 {
		b = strconv.AppendUint(append(b, "-f "...), uint64(v.Mark), 10)
		if v.VIP.Is6() {
			b = append(b, " -6"...) // must be behind -f
		}
		return b
	}
	switch v.Protocol {
	case lvs.TCP:
		b = append(b, "-t "...)
	case lvs.UDP:
		b = append(b, "-u "...)
	default:
		b = append(b, "--sctp-service "...)
	}
	return s.names.appendEndpoint(b, v.Protocol, v.VIP, v.Port)
}

// appendServiceOptions appends what follows the scheduler, in ipvsadm's order.
func appendServiceOptions(b []byte, v *dataplane.ServiceStatus) []byte {
	if v.Persistence != 0 {
		b = strconv.AppendInt(append(b, " -p "...), int64(v.Persistence.Seconds()), 10)
		if mask := maskText(v); mask != "" {
			b = append(append(b, " -M "...), mask...)
		}
	}
	if v.Engine != "" {
		b = append(append(b, " --pe "...), v.Engine...)
	}
	if v.OnePacket {
		b = append(b, " -o"...)
	}
	if names := flagNames(v); names != "" {
		b = append(append(b, " -b "...), names...)
	}
	return appendOwnOptions(b, v)
}

// appendOwnOptions appends the options that ipvsadm does not have.
func appendOwnOptions(b []byte, v *dataplane.ServiceStatus) []byte {
	for _, l := range v.LocalAddresses {
		b = append(append(b, " --local-address "...), l.String()...)
	}
	if v.ClientAddress != config.NoClientAddress {
		b = append(append(b, " --client-address "...), v.ClientAddress.String()...)
	}
	if v.MSSClamp {
		b = append(b, " --mss-clamp"...)
	}
	return b
}

// appendDestinationOptions appends what follows the address.
func appendDestinationOptions(b []byte, d *dataplane.DestinationStatus) []byte {
	b = append(append(b, ' '), methodOption(d.Method)...)
	b = strconv.AppendInt(append(b, " -w "...), int64(d.Weight), 10)
	if d.Method != lvs.Tunnel {
		return b
	}
	t := d.Tunnel
	b = append(append(b, " --tun-type "...), t.Type.String()...)
	if t.Type == lvs.TunnelGUE {
		b = strconv.AppendUint(append(b, " --tun-port "...), uint64(t.Port), 10)
	}
	if t.Type != lvs.TunnelIPIP {
		b = append(append(b, " --tun-"...), t.Flags.String()...)
	}
	return b
}

// methodOption returns the option for m. One that no command can ask for is saved
// as the default, as ipvsadm does.
func methodOption(m lvs.Method) string {
	switch m {
	case lvs.NAT:
		return "-m"
	case lvs.Tunnel:
		return "-i"
	case lvs.FullNAT:
		return "--fullnat"
	}
	return "-g"
}
