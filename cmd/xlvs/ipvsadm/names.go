package ipvsadm

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"xlvs/lvs"
)

// A Resolver knows the names of addresses; *net.Resolver is one.
type Resolver interface {
	LookupAddr(ctx context.Context, addr string) (names []string, err error)
}

// Names say where the names of addresses and ports are found. The zero value asks
// the host.
type Names struct {
	Resolver Resolver // nil: DNS and /etc/hosts
	Services string   // a file as services(5) describes it; empty: /etc/services
}

const (
	patience = 5 * time.Second // with name servers, for all that a command prints
	askers   = 16              // how many questions are under way at once
	longest  = 59              // bytes of a named endpoint, all that ipvsadm has room for
)

// A namer writes endpoints. The zero value writes numbers.
type namer struct {
	resolver Resolver              // nil: numbers only
	hosts    map[netip.Addr]string // empty: it has none, or none that was heard of in time
	ports    map[portKey]string
	until    time.Time // when patience ends
}

// A portKey is what a service has its name by.
type portKey struct {
	proto lvs.Protocol
	port  uint16
}

// open returns a namer that has yet to learn the names of hosts. That a host has
// no list of services only makes for more numbers.
func (n Names) open() *namer {
	if n.Resolver == nil {
		n.Resolver = net.DefaultResolver
	}
	if n.Services == "" {
		n.Services = "/etc/services"
	}
	w := &namer{resolver: n.Resolver, hosts: map[netip.Addr]string{}}
	if f, err := os.Open(n.Services); err == nil {
		w.ports = readPorts(f)
		_ = f.Close() // nothing was written
	}
	return w
}

// readPorts reads services(5). The first name of a port is the one that
// getservbyport gives.
func readPorts(r io.Reader) map[portKey]string {
	ports := map[portKey]string{}
	eachPort(r, func(key portKey, names []string) {
		if _, taken := ports[key]; !taken {
			ports[key] = names[0]
		}
	})
	return ports
}

// learn asks for the names of addrs that are not known yet, many at once, for no
// longer than patience lasts.
func (n *namer) learn(ctx context.Context, addrs []netip.Addr) {
	if n.resolver == nil {
		return
	}
	var unknown []netip.Addr
	for _, a := range addrs {
		if _, known := n.hosts[a]; !known {
			n.hosts[a] = ""
			unknown = append(unknown, a)
		}
	}
	if len(unknown) == 0 {
		return
	}
	if n.until.IsZero() {
		n.until = time.Now().Add(patience)
	}
	ctx, cancel := context.WithDeadline(ctx, n.until)
	defer cancel()
	for i, name := range ask(ctx, n.resolver, unknown) {
		n.hosts[unknown[i]] = name
	}
}

// ask returns the first name of each of addrs, without a final dot; of those that
// have none, or for which ctx ended first, an empty one.
func ask(ctx context.Context, r Resolver, addrs []netip.Addr) []string {
	names := make([]string, len(addrs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(askers, len(addrs)) {
		wg.Go(func() {
			for i := range next {
				if found, err := r.LookupAddr(ctx, addrs[i].String()); err == nil && len(found) > 0 {
					names[i] = strings.TrimSuffix(found[0], ".")
				}
			}
		})
	}
	for i := range addrs {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	return names
}

// appendEndpoint appends "address:port", or "[address]:port" of IPv6, by name
// where there is one. proto is the service's, 0 of a mark.
func (n *namer) appendEndpoint(b []byte, proto lvs.Protocol, addr netip.Addr, port uint16) []byte {
	v6 := addr.Is6()
	if v6 {
		b = append(b, '[')
	}
	if host := n.hosts[addr]; host != "" {
		b = append(b, host...)
	} else {
		b = addr.AppendTo(b)
	}
	if v6 {
		b = append(b, ']')
	}
	b = append(b, ':')
	if name := n.ports[portKey{proto, port}]; name != "" {
		return append(b, name...)
	}
	return strconv.AppendUint(b, uint64(port), 10)
}

// cut shortens what b has from start on to width bytes.
func cut(b []byte, start, width int) []byte { return b[:min(len(b), start+width)] }
