package conntrack

import (
	"math/bits"

	"xlvs/lvs"
)

// KeyLocal fills k for a packet from a real server to a local address: the reply
// of a FULLNAT connection, of direction Out.
//
// Unlike a client's, the hash of a local endpoint covers the other side too:
// every real server may have a connection with the same one.
func (t *Table) KeyLocal(k *Key, tu *lvs.Tuple) {
	to := target{tu.Src, tu.SrcPort, tu.Proto}
	k.reply(tu, t.portHash(t.portBase(tu.Dst, &to), tu.DstPort))
	k.line = t.conns.of(k.v6).locals.number(k.hash)
}

// reply fills k but for its line.
func (k *Key) reply(tu *lvs.Tuple, h Hash) {
	*k = Key{
		client: endpoint(tu.Dst, tu.DstPort) | uint64(tu.Proto)<<8,
		other:  endpoint(tu.Src, tu.SrcPort),
		hash:   h, dir: Out, v6: !tu.Dst.Is4(), local: true,
	}
}

// portBase is what the hashes of a local address's ports for one target have in
// common.
func (t *Table) portBase(a lvs.Addr, to *target) uint64 {
	hi, lo := bits.Mul64(a.Hi^uint64(t.hash(to.addr, to.port, to.proto)), a.Lo^t.seed[1])
	return hi ^ lo
}

// portHash goes on from there. The shard is a permutation of the port's lowest
// six bits, so that each has its share of every range and finding a shard's ports
// takes no search.
func (t *Table) portHash(base uint64, port uint16) Hash {
	hi, lo := bits.Mul64(base^t.seed[2], uint64(port)^t.seed[3])
	return spread(hi^lo)<<shardBits>>shardBits | Hash(portShard(base, port))<<(64-shardBits)
}

func portShard(base uint64, port uint16) uint32 { return (uint32(port) + uint32(base)) % shards }

// enterLocal enters n with a local endpoint whose replies fall into shard s. The
// caller holds s's lock.
func (t *Table) enterLocal(f *family, s *shard, n *newEntry, now Time) Outcome {
	if t.count.Load() >= t.limit.Load() {
		return TableFull // and no port is used up
	}
	p := &t.ports[n.hash.shard()]
	p.Lock()
	defer p.Unlock()
	if !t.pick(p, &n.local, n, now) {
		return NoLocalPort
	}
	if n.local.end != 0 {
		n.flags |= flagInSeq
	}
	if t.add(f, s, n) == 0 {
		t.giveBack(p, &n.local, &target{n.Real, n.Port, n.Tuple.Proto}, now, now)
		return TableFull
	}
	if n.Real.Is4() != n.Tuple.Src.Is4() {
		t.mixed.Add(1)
	}
	return Entered
}

// linkBoth puts entry number into the index, twice if it has a local endpoint.
func (f *family) linkBoth(n *newEntry, number uint32) bool {
	if !f.clients.link(n.hash, number) {
		return false
	}
	if n.local.port == 0 || f.locals.link(n.local.hash, number) {
		return true
	}
	f.clients.unlink(n.hash, number)
	return false
}

// dropLocal takes the local endpoint of a retired entry out of the index, and
// has its port rest. The caller holds s's lock.
func (t *Table) dropLocal(f *family, s *shard, number uint32, expires Time) {
	e := f.entry(number)
	w, real, client := e.load(wLocal), e.load(wReal), e.load(wClient)
	l := local{addr: e.addr(3, w), port: uint16(w >> 16), end: uint16(w)}
	to := target{e.addr(2, real), uint16(real >> 16), e.proto()}
	l.hash = t.portHash(t.portBase(l.addr, &to), l.port)
	f.locals.unlink(l.hash, number)
	if l.addr.Is4() != e.addr(0, client).Is4() {
		t.mixed.Add(-1)
	}
	last := max(0, int64(expires)-int64(t.timeouts.of(to.proto, e.state())))
	p := &t.ports[l.hash.shard()]
	p.Lock()
	defer p.Unlock()
	t.giveBack(p, &l, &to, Time(last), s.wheel.now())
}

// findMixed looks for a connection whose two sides are of different families
// (NAT46, NAT64), which all lie among those of IPv6, for an IPv4 packet.
func (t *Table) findMixed(c *Conn, k *Key, tu *lvs.Tuple) bool {
	mixed := *k
	mixed.v6 = true
	return t.conns.v6.search(c, &mixed, tu)
}

// readReply is read for a key that KeyLocal made.
func (f *family) readReply(c *Conn, n uint32, k *Key, tu *lvs.Tuple) bool {
	const noPort = 0xffff &^ maskState // protocol, and the hidden bit that no key has
	e := f.entry(n)
	before := e.load(wGeneration)
	gen, client, virtual := uint32(before>>32), e.load(wClient), e.load(wVirtual)
	if gen&1 != 0 || (client^k.client)&noPort != 0 || lvs.Method(virtual&flagMethod) != lvs.FullNAT ||
		(e.load(wLocal)^k.client)&maskPort != 0 || e.load(wReal)&maskPort != k.other ||
		k.v6 && (e.addr6(3) != tu.Dst || e.addr6(2) != tu.Src) {
		return false
	}
	dest := e.load(wDest)
	*c = Conn{
		Dest: lvs.DestID(dest >> 32), Hop: uint32(dest), Method: lvs.FullNAT,
		Proto: lvs.Protocol(client >> 8), State: lvs.State(client & maskState),
		Port: uint16(virtual >> 16), Addr: e.addr(1, virtual),
		PeerPort: uint16(client >> 16), Peer: e.addr(0, client),
		expiry: Time(before), flags: uint16(virtual), handle: handle{f.kind | ref(n), gen},
	}
	return e.generation() == gen
}
