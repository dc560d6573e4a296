package header

// PortsSize is the size of the ports at the front of TCP, UDP and SCTP.
const PortsSize = 4

// Ports is the front of a TCP, UDP or SCTP header, viewed in place. Of a packet
// that an ICMP error quotes there need not be more.
type Ports []byte

// ParsePorts views b as Ports. It reports false if b is too short for both.
func ParsePorts(b []byte) (Ports, bool) {
	if len(b) < PortsSize {
		return nil, false
	}
	return Ports(b), true
}

// Src returns the source port.
func (h Ports) Src() uint16 { return be16(h) }

// Dst returns the destination port.
func (h Ports) Dst() uint16 { return be16(h[2:]) }

// SetSrc sets the source port and leaves the checksum alone.
func (h Ports) SetSrc(port uint16) { put16(h, port) }

// SetDst sets the destination port and leaves the checksum alone.
func (h Ports) SetDst(port uint16) { put16(h[2:], port) }
