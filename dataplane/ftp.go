package dataplane

import (
	"slices"
	"sync"
	"time"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/conntrack/ftp"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/encap"
	"xlvs/lvs"
)

// ftpDataTimeout is how long a data connection that has been announced is waited
// for.
const ftpDataTimeout = 120 * time.Second

// announcements remember which control connections of FTP have asked their
// server to announce something: an answer is rewritten only if it was asked for.
type announcements struct {
	mu    sync.Mutex
	modes map[lvs.Tuple]ftp.Mode // by client's endpoint and service's
}

// expect notes the mode of a control connection.
func (a *announcements) expect(control lvs.Tuple, m ftp.Mode) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if m == ftp.Passive || m == ftp.ExtendedPassive {
		a.modes[control] = m
	} else {
		delete(a.modes, control)
	}
}

// expected returns what expect was told last. An answer does not end it, as it may
// have to be sent again.
func (a *announcements) expected(control lvs.Tuple) ftp.Mode {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.modes[control]
}

// forget drops what was noted of connections that are gone.
func (a *announcements) forget(gone func(lvs.Tuple) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for control := range a.modes {
		if gone(control) {
			delete(a.modes, control)
		}
	}
}

// ftpPorts are the ports of control connections (the kernel's ip_vs_ftp.ports).
// That clients of a service on port 21 may open data connections unannounced is
// another rule, and that port's alone.
type ftpPorts []uint16

// has reports whether an FTP service may be k.
func (ports ftpPorts) has(k config.ServiceKey) bool {
	return k.Protocol == lvs.TCP && (k.Port == ftpControl || slices.Contains(ports, k.Port))
}

// controls reports whether the packet belongs to a control connection of FTP.
func (f *flow) controls(c *conntrack.Conn, ports ftpPorts) bool {
	if f.proto != lvs.TCP {
		return false
	}
	port := f.tuple.DstPort
	if f.dir == conntrack.Out {
		port = c.Port
	}
	return slices.Contains(ports, port)
}

// helpFTP makes masquerading true to what FTP says in its payload
// (ip_vs_ftp): it opens the data connections that are announced, and writes the
// service's address where the server has written its own.
//
// seq is the sequence number that the packet came with, and again says that it
// has been translated before.
func (w *worker) helpFTP(p *packet.Packet, f *flow, c *conntrack.Conn, seq uint32, again bool) Verdict {
	tcp := p.Bytes()[p.L4:]
	payload := tcp[header.TCP(tcp).DataOffset():]
	if len(payload) == 0 || c.State != lvs.TCPEstablished {
		return undecided
	}
	if f.dir == conntrack.In {
		w.hearCommand(payload, f, c)
		return undecided
	}
	return w.translateAnswer(p, payload, f, c, seq, again)
}

// mend moves the sequence numbers of p by what its direction has been resized,
// and its acknowledgements by what the other has.
func mend(p *packet.Packet, dir conntrack.Dir, in, out *conntrack.Delta) {
	own, other := in, out
	if dir == conntrack.Out {
		own, other = out, in
	}
	h := header.TCP(p.Bytes()[p.L4:])
	seq, ack := h.Seq(), h.Ack()
	encap.ShiftSequence(p, int32(own.Seq(seq)-seq), int32(other.Ack(ack)-ack))
}

// hearCommand opens the data connection that a client announces, or notes that
// it wants its server to announce one.
func (w *worker) hearCommand(payload []byte, f *flow, c *conntrack.Conn) {
	mode, client := ftp.ReadCommand(payload, !f.tuple.Src.Is4())
	if mode == ftp.None {
		return
	}
	w.d.announced.expect(f.tuple, mode)
	if mode != ftp.Active {
		return
	}
	w.expectData(c, &conntrack.Connection{
		Tuple: lvs.Tuple{
			Src: client.Addr, SrcPort: client.Port,
			Dst: f.tuple.Dst, DstPort: f.tuple.DstPort - 1, Proto: lvs.TCP,
		},
		Real: c.Addr, Port: c.Port - 1,
	})
}

// translateAnswer has a server's announcement say where the client finds the
// service, and opens the data connection that it announces. An announcement that
// is sent again is translated again.
func (w *worker) translateAnswer(p *packet.Packet, payload []byte, f *flow, c *conntrack.Conn, seq uint32, again bool) Verdict {
	control := lvs.Tuple{Src: f.tuple.Dst, SrcPort: f.tuple.DstPort, Dst: c.Addr, DstPort: c.Port, Proto: lvs.TCP}
	mode := w.d.announced.expected(control)
	if mode == ftp.None {
		return undecided
	}
	a, ok := ftp.ReadAnswer(payload, mode)
	if !ok {
		return undecided
	}
	server := a.Addr
	if server.IsZero() {
		server = f.tuple.Src
	}
	if !w.expectData(c, &conntrack.Connection{
		Tuple: lvs.Tuple{Src: control.Src, Dst: control.Dst, DstPort: a.Port, Proto: lvs.TCP},
		Real:  server, Port: a.Port, NoClientPort: true,
	}) {
		return TableFull
	}
	var text [ftp.MaxEndpoint]byte
	endpoint := ftp.AppendEndpoint(text[:0], mode, ftp.Endpoint{Addr: control.Dst, Port: a.Port})
	if !encap.Replace(p, a.Start, a.End-a.Start, endpoint) {
		return NoHeadroom
	}
	diff := len(endpoint) - (a.End - a.Start)
	if diff != 0 && !again {
		w.d.table.Resize(c, conntrack.Out, seq, diff)
	}
	if d := w.destination(c.Dest); !d.removed.Load() {
		w.tally.at(d.id).OutBytes += uint64(diff) // it counts as long as it leaves
	}
	return undecided
}

// expectData opens data connection n of control connection c. What was announced
// before for the same port, and has not been opened, is no more.
func (w *worker) expectData(c *conntrack.Conn, n *conntrack.Connection) bool {
	n.Dest, n.Method, n.Parent = c.Dest, c.Method, c.AsParent()
	n.State, n.Timeout = lvs.TCPListen, ftpDataTimeout
	var k conntrack.Key
	var data conntrack.Conn
	w.d.table.Key(&k, &n.Tuple, conntrack.In)
	if w.d.table.Find(&data, &k, &n.Tuple) && (data.NoClientPort() || data.Addr != n.Real) {
		w.d.table.Expire(&data)
	}
	return w.d.table.Insert(&data, n, w.now).OK()
}
