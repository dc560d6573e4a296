package ipvsadm

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"xlvs/lvs"
)

// A HostResolver knows the addresses of names; *net.Resolver is one.
type HostResolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// A lookup finds what names on a command line stand for. It remembers the names
// of ports, so that -R reads them once.
type lookup struct {
	hosts HostResolver
	file  string                // of the names of ports
	ports map[portName]uint16   // nil: not read yet
	known map[string]netip.Addr // hosts; those without an address are not valid
}

// A portName is a name of a port; each protocol has its own.
type portName struct {
	proto lvs.Protocol
	name  string
}

func newLookup(hosts HostResolver, file string) *lookup {
	if hosts == nil {
		hosts = net.DefaultResolver
	}
	if file == "" {
		file = "/etc/services"
	}
	return &lookup{hosts: hosts, file: file, known: map[string]netip.Addr{}}
}

// An endpoint is an address, perhaps with a port.
type endpoint struct {
	addr    netip.Addr
	port    uint16
	hasPort bool
}

// endpoint reads "host", "host:port" or "[address]:port". It reads as ipvsadm
// does: a number is no host, brackets need a port behind them, and if they have
// something else in them than an IPv6 address, that port is lost.
func (l *lookup) endpoint(ctx context.Context, text string, proto lvs.Protocol) (e endpoint, ok bool) {
	if strings.Trim(text, "0123456789") == "" {
		return e, false
	}
	host, port, hasPort := text, "", false
	if strings.HasPrefix(text, "[") {
		if host, port, hasPort = strings.Cut(text[1:], "]:"); !hasPort || strings.Contains(host, "]") {
			return e, false
		}
	}
	var err error
	if e.addr, err = netip.ParseAddr(host); err != nil || !e.addr.Is6() || e.addr.Zone() != "" {
		host, port, hasPort = cutLast(host)
		if e.addr, ok = l.host4(ctx, host); !ok {
			return e, false
		}
	}
	if e.hasPort = hasPort; !hasPort {
		return e, true
	}
	e.port, ok = l.port(port, proto)
	return e, ok
}

// cutLast cuts a host from its port at the last colon.
func cutLast(text string) (host, port string, hasPort bool) {
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

// host4 reads an IPv4 address or the name of a host that has one.
func (l *lookup) host4(ctx context.Context, text string) (a netip.Addr, ok bool) {
	if a, ok = dotted(text); ok {
		return a, true
	}
	if strings.Trim(text, "0123456789.") == "" { // not a name, and not to be asked for
		return a, false
	}
	a, asked := l.known[text]
	if !asked {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if found, err := l.hosts.LookupNetIP(ctx, "ip4", text); err == nil && len(found) > 0 {
			a = found[0].Unmap()
		}
		l.known[text] = a
	}
	return a, a.IsValid()
}
