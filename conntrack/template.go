package conntrack

import (
	"encoding/binary"

	"xlvs/lvs"
)

// A TemplateKey is what a persistent service remembers a client by.
type TemplateKey struct {
	Proto   lvs.Protocol // 0 for firewall-mark services
	Client  lvs.Addr     // the network: the caller has masked it
	Virtual lvs.Addr     // or the mark, as the kernel writes it into an address
	Port    uint16       // of Virtual; 0 for any
	Data    string       // of the persistence engine, such as a Call-ID; "" for none
}

// A Template is the destination that a persistent service has for a client: a
// copy that the caller owns, and a reference by which the table finds it again.
type Template struct {
	Dest   lvs.DestID
	Port   uint16 // of the real server; 0 keeps the packet's
	Method lvs.Method
	handle
}

// FindTemplate fills tp with the template of k. It reports false, and leaves tp
// undefined, if there is none. It locks a shard: templates are asked for once
// per new connection, not per packet.
func (t *Table) FindTemplate(tp *Template, k *TemplateKey) bool {
	f, h := t.templateHash(k)
	s := &f.shards[h.shard()]
	s.Lock()
	defer s.Unlock()
	return f.template(tp, s, h, k)
}

// InsertTemplate adds a template for k, made of what n has beside Tuple and
// State, and fills tp with it. If another worker was faster, tp is that one, and
// nothing is added. It reports false if the table is at its limit.
func (t *Table) InsertTemplate(tp *Template, k *TemplateKey, n *Connection, now Time) bool {
	f, h := t.templateHash(k)
	s := &f.shards[h.shard()]
	s.Lock()
	defer s.Unlock()
	if f.template(tp, s, h, k) {
		return true
	}
	made := *n
	made.State, made.Tuple = 0, lvs.Tuple{Proto: k.Proto, Src: k.Client, Dst: k.Virtual, DstPort: k.Port}
	flags := uint16(n.Method) | flagTemplate
	if n.OnePacket {
		flags |= flagOnePacket
	}
	if k.Data != "" {
		flags |= flagData
	}
	number := t.add(f, s, &newEntry{Connection: &made, hash: h, flags: flags, expires: now + n.timeout()})
	if number == 0 {
		return false
	}
	if k.Data != "" {
		s.keepData(number, k.Data)
	}
	t.loads.At(n.Dest).Persistent.Add(1)
	t.templateCount.Add(1)
	f.fill(tp, number)
	return true
}

// RefreshTemplate starts the timer of tp again, with the template's own timeout:
// once per new connection, as a packet of an old one does not count.
func (t *Table) RefreshTemplate(tp *Template, now Time) {
	_, e := t.entry(tp.ref)
	t.extend(tp.handle, now+e.timeout())
}

// InvalidateTemplate has nobody find tp any more. It goes by its own timer, and
// not before its children.
func (t *Table) InvalidateTemplate(tp *Template) {
	_, s, e := t.lock(tp.handle)
	defer s.Unlock()
	if e.generation() == tp.gen {
		e.hide()
	}
}

// template fills tp with the template of k. The caller holds s's lock.
func (f *family) template(tp *Template, s *shard, h Hash, k *TemplateKey) bool {
	for l := f.clients.home(h); ; l = &f.clients.lines[l.next()] {
		for i := 1; i <= lineSlots; i++ {
			number := uint32(l.slot(i))
			if uint32(l.slot(i)>>32) == uint32(h) && number != 0 && f.entry(number).remembers(k) && s.data[number] == k.Data {
				f.fill(tp, number)
				return true
			}
		}
		if l.next() == 0 {
			return false
		}
	}
}

// remembers reports whether a template is of k, engine data aside.
func (e entry) remembers(k *TemplateKey) bool {
	if e.load(wClient)&maskClient != endpoint(k.Client, 0)|uint64(k.Proto)<<8 ||
		e.load(wVirtual)&maskPort != endpoint(k.Virtual, k.Port) {
		return false
	}
	return len(e) == wordsIPv4 || e.addr6(0) == k.Client && e.addr6(1) == k.Virtual
}

func (f *family) fill(tp *Template, number uint32) {
	e := f.entry(number)
	*tp = Template{
		Dest: e.dest(), Port: uint16(e.load(wReal) >> 16), Method: lvs.Method(e.flags() & flagMethod),
		handle: handle{f.kind | ref(number), e.generation()},
	}
}

func (s *shard) keepData(number uint32, data string) {
	if s.data == nil {
		s.data = map[uint32]string{}
	}
	s.data[number] = data
}

// templateHash returns where a template of k belongs. Unlike a connection's its
// hash covers the service: a wide netmask leaves few clients, and there are no
// replies to find.
func (t *Table) templateHash(k *TemplateKey) (*family, Hash) {
	h := t.hash(k.Virtual, k.Port, k.Proto)
	if k.Data != "" {
		h = t.hashData(h, k.Data)
	} else {
		h = t.hash(lvs.Addr{Hi: k.Client.Hi ^ uint64(h), Lo: k.Client.Lo}, 0, 0)
	}
	return t.templates.of(!k.Client.Is4()), h
}

// hashData goes on from h over engine data, which names a call better than the
// address of the proxy that it comes from.
func (t *Table) hashData(h Hash, data string) Hash {
	var b [16]byte
	for len(data) > 0 {
		clear(b[:])
		n := copy(b[:], data)
		data = data[n:]
		h = t.hash(lvs.Addr{
			Hi: binary.LittleEndian.Uint64(b[:]) ^ uint64(h),
			Lo: binary.LittleEndian.Uint64(b[8:]),
		}, uint16(n), 0)
	}
	return h
}
