package ipvsadm

import (
	"strconv"

	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/encap"
	"xlvs/lvs"
)

// A form is a set of columns.
type form uint8

const (
	plain form = iota
	stats
	rates
	thresholds
	persistent
	tunInfo
)

// titles are the lines above the columns of each form.
var titles = [...]string{
	plain: "Prot LocalAddress:Port Scheduler Flags\n" +
		"  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
	stats: "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n" +
		"  -> RemoteAddress:Port\n",
	rates: "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n" +
		"  -> RemoteAddress:Port\n",
	thresholds: "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n" +
		"  -> RemoteAddress:Port\n",
	persistent: "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n" +
		"  -> RemoteAddress:Port\n",
	tunInfo: "Prot LocalAddress:Port Scheduler Flags\n" +
		"  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n",
}

// The widths of the first column, and those of numbers of connections.
const (
	serviceWidth     = 33
	destinationWidth = 28
	loadWidth        = 10
)

// form returns the one that goes before the others asked for.
func (o ListOptions) form() form {
	switch {
	case o.Stats:
		return stats
	case o.Rate:
		return rates
	case o.Thresholds:
		return thresholds
	case o.Persistent:
		return persistent
	case o.TunInfo:
		return tunInfo
	}
	return plain
}

func (l *lister) appendService(b []byte, s *dataplane.ServiceStatus) []byte {
	start := len(b)
	b = l.appendServiceName(b, s)
	switch l.form {
	case stats:
		b = l.appendCounters(pad(b, start, serviceWidth), s.Counters)
	case rates:
		b = l.appendCounters(pad(b, start, serviceWidth), dataplane.Counters(s.Rates))
	default:
		b = append(append(b, ' '), s.Scheduler...)
		b = appendProperties(b, s)
	}
	return append(b, '\n')
}

// appendServiceName appends the name of s, of IPv4 no longer than its column.
func (l *lister) appendServiceName(b []byte, s *dataplane.ServiceStatus) []byte {
	if s.Mark != 0 {
		b = strconv.AppendUint(append(b, "FWM  "...), uint64(s.Mark), 10)
		if s.VIP.Is6() {
			b = append(b, " IPv6"...)
		}
		return b
	}
	start := len(b)
	b = append(appendLeft(b, protocolText(s.Protocol), 4), ' ')
	name := len(b)
	b = l.names.appendEndpoint(b, s.Protocol, s.VIP, s.Port)
	if s.VIP.Is6() {
		return cut(b, name, longest)
	}
	return cut(b, start, serviceWidth)
}

// protocolText returns a protocol of services; ipvsadm knows no others.
func protocolText(p lvs.Protocol) string {
	switch p {
	case lvs.TCP, lvs.UDP, lvs.SCTP:
		return p.String()
	}
	return "?"
}

func (l *lister) appendDestination(b []byte, proto lvs.Protocol, d *dataplane.DestinationStatus) []byte {
	b = append(b, "  -> "...)
	start := len(b)
	b = l.names.appendEndpoint(b, proto, d.Addr, d.Port)
	if d.Addr.Is6() {
		b = cut(b, start, longest)
	} else {
		b = cut(b, start, destinationWidth)
	}
	b = pad(b, start, destinationWidth)
	switch l.form {
	case stats:
		return append(l.appendCounters(b, d.Counters), '\n')
	case rates:
		return append(l.appendRates(b, d.Rates), '\n')
	}
	return append(l.appendSettings(append(b, ' '), d), '\n')
}

// appendSettings appends the columns of the forms that do not count packets.
func (l *lister) appendSettings(b []byte, d *dataplane.DestinationStatus) []byte {
	switch l.form {
	case thresholds:
		b = append(appendInt(b, d.Upper, loadWidth), ' ')
		b = append(appendInt(b, d.Lower, loadWidth), ' ')
	case persistent:
		b = append(appendInt(b, d.Weight, 9), ' ')
		b = append(appendInt(b, d.Persistent, 11), ' ')
	case tunInfo:
		b = append(appendLeft(b, d.Method.String(), 7), ' ')
		b = append(appendTunnel(b, d), ' ')
		b = append(appendInt(b, d.Weight, 6), ' ')
	default:
		b = append(appendLeft(b, d.Method.String(), 7), ' ')
		b = append(appendInt(b, d.Weight, 6), ' ')
	}
	b = append(appendInt(b, d.Active, loadWidth), ' ')
	return appendInt(b, d.Inactive, loadWidth)
}

// appendTunnel appends what is around packets to d, if anything.
func appendTunnel(b []byte, d *dataplane.DestinationStatus) []byte {
	start := len(b)
	switch t := d.Tunnel; {
	case d.Method != lvs.Tunnel:
		b = append(b, "n/a"...)
	case t.Type == lvs.TunnelGUE:
		b = strconv.AppendUint(append(b, "gue:"...), uint64(t.Port), 10)
		b = append(append(b, ':'), checksumMark(t)...)
	case t.Type == lvs.TunnelGRE:
		b = append(append(b, "gre:"...), checksumMark(t)...)
	default:
		b = append(b, t.Type.String()...)
	}
	return pad(b, start, 13)
}

func checksumMark(t encap.TunnelOptions) string {
	switch t.Flags {
	case lvs.TunnelCsum:
		return "+c"
	case lvs.TunnelRemCsum:
		return "r+c"
	}
	return "-c"
}

func (l *lister) appendCounters(b []byte, c dataplane.Counters) []byte {
	for _, n := range [...]uint64{c.Conns, c.InPkts, c.OutPkts, c.InBytes, c.OutBytes} {
		b = appendNumber(b, n, l.options.Exact)
	}
	return b
}

// appendRates appends those of a destination: ipvsadm cuts only the bytes.
func (l *lister) appendRates(b []byte, r rate.Rates) []byte {
	for _, n := range [...]uint64{r.Conns, r.InPkts, r.OutPkts} {
		b = appendRight(append(b, ' '), n, 8)
	}
	b = appendNumber(b, r.InBytes, l.options.Exact)
	return appendNumber(b, r.OutBytes, l.options.Exact)
}
