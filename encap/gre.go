package encap

import "xlvs/dataplane/header"

// newGRE writes a GRE header of size bytes, around packets of an EtherType, to
// b. It returns the protocol of that.
func newGRE(b []byte, size int, etherType uint16) (proto uint8) {
	h := header.GRE(b)
	h.SetHeaderLen(size)
	h.SetType(etherType)
	return header.ProtoGRE
}

// putGRE writes the GRE header to b, the packet that begins with it.
func (t *Tunnel) putGRE(b header.GRE, f *front) {
	if !t.sums {
		*(*[header.GRESize]byte)(b) = [header.GRESize]byte(f.between[:])
		return
	}
	*(*[header.GREChecksumSize]byte)(b) = [header.GREChecksumSize]byte(f.between[:])
	b.SetChecksum(b.ComputeChecksum())
}

// readGRE reads the GRE header that b begins with, and returns what is behind it.
func (w *wrapping) readGRE(b []byte) ([]byte, bool) {
	h, ok := header.ParseGRE(b)
	if !ok || w.verify && !h.ChecksumOK() {
		return nil, false
	}
	w.size += h.HeaderLen()
	switch h.Type() {
	case header.TypeIPv4:
		w.proto = header.ProtoIPIP
	case header.TypeIPv6:
		w.proto = header.ProtoIPv6
	default:
		return nil, false
	}
	return h.Payload(), true
}
