package conformance

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// fence returns the frames that come until what is sent from side last has passed
// the director, and all is quiet.
func (p *play) fence(ctx context.Context, side Side) (map[Side][][]byte, error) {
	frames := map[Side][][]byte{}
	// The connection may have expired, and a client makes it again.
	for _, from := range [...]Side{Client, Real} {
		if err := p.pass(ctx, from, frames); err != nil {
			return nil, err
		}
		if from == side {
			break
		}
	}
	for {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		more, err := p.network.wait(p.options.settle())
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if _, err := p.collect(frames); err != nil {
			return nil, err
		}
	}
	return frames, nil
}

// fencePatience bounds the wait for a fence, and fenceRepeat is when it is sent
// again: a director that has just started may not know a neighbour yet.
const (
	fencePatience = 15 * time.Second
	fenceRepeat   = 500 * time.Millisecond
)

// pass sends a packet of the fence from a side until it comes out at the other.
func (p *play) pass(ctx context.Context, from Side, frames map[Side][][]byte) error {
	p.fences++
	client, server := at(fenceClient, fenceSource), at(families[0].real(reals-1), fencePort)
	packet := Packet{Proto: "udp", Src: client, Dst: fenceService, Data: "fence " + strconv.Itoa(p.fences) + "."}
	if from == Real {
		packet.Src, packet.Dst = server, client
	}
	b, err := packet.build()
	if err != nil {
		return err
	}
	patience := time.Now().Add(fencePatience)
	var again time.Time
	for {
		if now := time.Now(); now.After(again) {
			if now.After(patience) {
				return fmt.Errorf("nothing passes the director from %s", from)
			}
			if err := p.network.ports[from].send(frame(from, b), false); err != nil {
				return err
			}
			again = now.Add(fenceRepeat)
		}
		p.passed = p.passed[:0]
		if _, err := p.collect(frames); err != nil {
			return err
		}
		for _, data := range p.passed {
			if bytes.Contains(data, []byte(packet.Data)) {
				return nil
			}
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if _, err := p.network.wait(fenceRepeat / 10); err != nil {
			return err
		}
	}
}

// collect adds the frames that have come, and returns how many. Fences go to
// p.passed, and what neighbours say to each other nowhere.
func (p *play) collect(frames map[Side][][]byte) (n int, err error) {
	for _, side := range sides {
		for {
			b, err := p.network.ports[side].receive()
			if err != nil {
				return n, err
			}
			if b == nil {
				break
			}
			switch {
			case isFence(b):
				p.passed = append(p.passed, b)
			case !isNoise(b):
				frames[side] = append(frames[side], b)
				n++
			}
		}
	}
	return n, nil
}

// isFence reports whether a frame is of the fence's connection.
func isFence(frame []byte) bool {
	addr := netip.MustParseAddr(fenceClient).AsSlice()
	return len(frame) >= 34 && frame[12] == 0x08 && frame[13] == 0 &&
		(bytes.Equal(frame[26:30], addr) || bytes.Equal(frame[30:34], addr))
}

// isNoise reports whether a frame is ARP, or of the multicast groups and the
// neighbour discovery of IPv6.
func isNoise(frame []byte) bool {
	if len(frame) < 14+40 || frame[12] != 0x86 || frame[13] != 0xdd {
		return len(frame) < 14 || frame[12] != 0x08 || frame[13] != 0
	}
	payload := frame[54:]
	next := frame[20]
	if next == 0 && len(payload) > 8 { // hop-by-hop options, as multicast listeners send
		next, payload = payload[0], payload[8:]
	}
	const icmp6 = 58
	if next != icmp6 || len(payload) == 0 {
		return false
	}
	kind := payload[0]
	return kind >= 130 && kind <= 137 || kind == 143
}
