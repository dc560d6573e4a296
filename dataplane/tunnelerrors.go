package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/conntrack"
	"xlvs/dataplane/header"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// Errors about the outer packets of tunnels come to the director's own address,
// where the classifier leaves them to the host. tunnelErrors hear them there, as
// any program can, and tell the client what a router has said about its packet.
type tunnelErrors struct {
	d     *Director
	heard [2]net.PacketConn // ICMP, ICMPv6
	tell  [2]int            // raw sockets, IPv4 and IPv6
	limit [2]icmp.Limiter
}

// listenForErrors opens the sockets in the calling thread's network namespace.
func listenForErrors() (*tunnelErrors, error) {
	t := &tunnelErrors{tell: [2]int{-1, -1}}
	for i, network := range []string{"ip4:icmp", "ip6:ipv6-icmp"} {
		domain := []int{unix.AF_INET, unix.AF_INET6}[i]
		fd, err := unix.Socket(domain, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_RAW)
		if errors.Is(err, unix.EAFNOSUPPORT) {
			continue // a host without this family
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("raw socket: %w", err), t.close())
		}
		t.tell[i] = fd
		if t.heard[i], err = net.ListenPacket(network, ""); err != nil {
			return nil, errors.Join(fmt.Errorf("listen for ICMP errors: %w", err), t.close())
		}
	}
	return t, nil
}

func (t *tunnelErrors) close() error {
	var errs []error
	for i := range t.heard {
		if t.heard[i] != nil {
			errs = append(errs, t.heard[i].Close())
		}
		if t.tell[i] >= 0 {
			errs = append(errs, unix.Close(t.tell[i]))
		}
	}
	return errors.Join(errs...)
}

// listen relays errors of one family until ctx ends.
func (t *tunnelErrors) listen(ctx context.Context, family int) {
	conn := t.heard[family]
	if conn == nil {
		return
	}
	defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })()
	defer conn.SetReadDeadline(time.Time{})
	var chunk [packet.Headroom + 2048]byte
	for ctx.Err() == nil {
		n, from, err := conn.ReadFrom(chunk[packet.Headroom:])
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			t.relay(wrapError(chunk[:], n, from), &t.limit[family])
		}
	}
}

// wrapError makes a frame of an ICMP message of n bytes, which the kernel gives
// without its IP header.
func wrapError(chunk []byte, n int, from net.Addr) *packet.Packet {
	p := new(packet.Packet)
	p.Reset(chunk, packet.Headroom, n)
	src := lvs.Addr{}
	if a, ok := from.(*net.IPAddr); ok {
		b := [16]byte(a.IP.To16())
		src = lvs.Addr16(b[:])
	}
	if src.Is4() {
		h := header.IPv4(p.Push(header.IPv4Size))
		clear(h)
		h.SetHeaderLen(header.IPv4Size)
		h.SetTotalLen(header.IPv4Size + n)
		h.SetProto(header.ProtoICMP)
		h.SetSrc(src.V4())
		p.L4 = header.IPv4Size
		return p
	}
	h := header.IPv6(p.Push(header.IPv6Size))
	clear(h)
	h.SetFlow(0, 0)
	h.SetPayloadLen(n)
	h.SetNextHeader(header.ProtoICMPv6)
	p.L4 = header.IPv6Size
	return p
}

// relay tells a client about an error, and remembers the path's MTU
// (ip_vs_in_icmp, for its own tunnels' packets).
func (t *tunnelErrors) relay(p *packet.Packet, limit *icmp.Limiter) {
	proto := lvs.ICMP
	if p.Bytes()[0]>>4 == 6 {
		proto = lvs.ICMPv6 // whose checksum the kernel has verified
	} else if !icmp.ChecksumOK(p) {
		return
	}
	q, ok := icmp.Tunneled(p, proto)
	if !ok {
		return
	}
	d, ok := t.destination(&q)
	if !ok {
		return
	}
	if q.Kind == icmp.TooBig && q.MTU != 0 {
		d.path.learn(max(q.MTU, leastMTU(d.addr)), t.d.Now())
	}
	if tooBig := q.Kind == icmp.TooBig; tooBig && (!q.DF || q.MTU == 0) || !tooBig && !limit.Allow(t.d.clock()) {
		return
	}
	icmp.Relay(p, &q, q.Tuple.Dst, min(q.MTU, d.path.mtu(t.d.Now())))
	t.d.tellClient(t.tell, p, &q.Tuple, d)
}

// destination returns the tunnel's destination that q is about, if the client's
// packet in it belongs to one of its connections.
func (t *tunnelErrors) destination(q *icmp.TunnelQuote) (*destination, bool) {
	var k conntrack.Key
	var c conntrack.Conn
	tu := q.Tuple
	t.d.table.Key(&k, &tu, conntrack.In)
	if !t.d.table.Find(&c, &k, &tu) {
		return nil, false
	}
	d := t.d.snapshot.Load().destination(c.Dest)
	if d == nil || d.tunnel == nil || d.addr != q.Destination || d.outer.Type != q.Type || d.outer.Port != q.Port {
		return nil, false
	}
	return d, true
}

// tellClient sends p by the host's own routes, and counts it.
func (d *Director) tellClient(sockets [2]int, p *packet.Packet, client *lvs.Tuple, dest *destination) {
	b := p.Bytes()[p.L3:]
	var err error
	if client.Src.Is4() {
		to := &unix.SockaddrInet4{Addr: client.Src.Netip().As4()}
		err = unix.Sendto(sockets[0], b, 0, to)
	} else {
		to := &unix.SockaddrInet6{Addr: client.Src.As16()}
		err = unix.Sendto(sockets[1], b, 0, to)
	}
	if err != nil {
		d.warn(fmt.Errorf("tell %v about the path to %v: %w", client.Src, dest.addr, err))
		return
	}
	w := d.workers[0]
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.tally.at(dest.id)
	t.OutPkts++
	t.OutBytes += uint64(len(b))
}
