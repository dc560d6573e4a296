package steer

import "xlvs/lvs"

// Take reports whether frame, which starts with its Ethernet header, is the
// director's. It is what the BPF programs do, said plainly.
func (r Rules) Take(frame []byte) bool {
	f, ok := read(frame)
	if !ok {
		return false
	}
	service, reply := Service, Reply
	if f.portless {
		service, reply = ServiceAddr, ReplyAddr
	}
	if r.carries(f.tuple, service, service|reply) {
		return true
	}
	// An error may travel either way: back along the packet that it quotes, or
	// on with it, when a router behind the real server tells the client.
	return f.quoted && r.carries(f.tuple.Reverse(), service, service|reply)
}

// carries reports whether a packet from t.Src to t.Dst is the director's: it
// goes to something, or to a network, flagged dst, or into a pool, or it comes
// from something flagged src and is not meant for the host itself.
func (r Rules) carries(t lvs.Tuple, dst, src Flags) bool {
	if r.at(t.Dst, t.DstPort, t.Proto)&dst != 0 || r.inPool(t.Dst, t.DstPort, t.Proto) || r.within(t.Dst, t.Proto)&dst != 0 {
		return true
	}
	return r.at(t.Src, t.SrcPort, t.Proto)&src != 0 && !r.host(t.Dst)
}

// at returns the flags of an endpoint, with those of its whole address.
func (r Rules) at(addr lvs.Addr, port uint16, proto lvs.Protocol) Flags {
	return r[Endpoint{Addr: addr, Port: port, Proto: proto}].Flags | r[Endpoint{Addr: addr, Proto: proto}].Flags
}

// inPool reports whether the address has a pool with this port.
func (r Rules) inPool(addr lvs.Addr, port uint16, proto lvs.Protocol) bool {
	rule := r[Endpoint{Addr: addr, Proto: proto}]
	return rule.Flags&Pool != 0 && rule.First <= port && port <= rule.Last
}

// within returns the flags of the smallest network that addr is in. All
// networks have the same ones.
func (r Rules) within(addr lvs.Addr, proto lvs.Protocol) Flags {
	for hostBits := 1; hostBits <= addr.Netip().BitLen(); hostBits++ {
		if rule, ok := r[network(addr, proto, hostBits)]; ok {
			return rule.Flags
		}
	}
	return 0
}

// host reports whether addr is the director host's alone. Behind an address
// that is a service's too, only the connection table can tell.
func (r Rules) host(addr lvs.Addr) bool {
	return r[Endpoint{Addr: addr}].Flags&(Local|ServiceAddr) == Local
}
