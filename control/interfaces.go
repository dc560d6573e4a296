package control

import (
	"net/http"

	"golang.org/x/sys/unix"

	"xlvs/config"
	"xlvs/dataplane"
	"xlvs/dataplane/rawsock"
	"xlvs/dataplane/xsk"
)

// interfacesJSON are the interfaces that a director drives.
type interfacesJSON struct {
	Interfaces []interfaceJSON `json:"interfaces"`
}

// interfaceJSON is a dataplane.PortStatus on the wire.
type interfaceJSON struct {
	Name     string      `json:"name"`
	Present  bool        `json:"present"`
	Mode     config.Mode `json:"mode"`
	Why      string      `json:"why,omitempty"`
	Queues   int         `json:"queues"`
	ZeroCopy bool        `json:"zero_copy,omitzero"`
	Rings    ringsJSON   `json:"af_xdp,omitzero"`
	Raw      rawJSON     `json:"af_packet,omitzero"`
}

// ringsJSON is an xsk.Stats on the wire.
type ringsJSON struct {
	Rx       uint64       `json:"rx,omitzero"`
	Tx       uint64       `json:"tx,omitzero"`
	RingFull uint64       `json:"ring_full,omitzero"`
	Invalid  uint64       `json:"invalid,omitzero"`
	NoBuffer uint64       `json:"no_buffer,omitzero"`
	NoFrame  uint64       `json:"no_frame,omitzero"`
	Kicks    uint64       `json:"kicks,omitzero"`
	Survived survivedJSON `json:"survived,omitzero"`
	PollErrs uint64       `json:"poll_errors,omitzero"`
	Kernel   kernelJSON   `json:"kernel,omitzero"`
}

// survivedJSON is an xsk.Survived on the wire, field by field, so that one converts to
// the other.
type survivedJSON struct {
	Again     uint64 `json:"again,omitzero"`
	Busy      uint64 `json:"busy,omitzero"`
	NoBuffers uint64 `json:"no_buffers,omitzero"`
	NetDown   uint64 `json:"net_down,omitzero"`
	NoDevice  uint64 `json:"no_device,omitzero"`
}

// kernelJSON is a unix.XDPStatistics on the wire, and has its names, so that one
// converts to the other.
type kernelJSON struct {
	Rx_dropped               uint64 `json:"rx_dropped,omitzero"`
	Rx_invalid_descs         uint64 `json:"rx_invalid_descs,omitzero"`
	Tx_invalid_descs         uint64 `json:"tx_invalid_descs,omitzero"`
	Rx_ring_full             uint64 `json:"rx_ring_full,omitzero"`
	Rx_fill_ring_empty_descs uint64 `json:"rx_fill_ring_empty_descs,omitzero"`
	Tx_ring_empty_descs      uint64 `json:"tx_ring_empty_descs,omitzero"`
}

// rawJSON is a rawsock.Stats on the wire.
type rawJSON struct {
	Rx         uint64     `json:"rx,omitzero"`
	Tx         uint64     `json:"tx,omitzero"`
	Unreadable uint64     `json:"unreadable,omitzero"`
	Invalid    uint64     `json:"invalid,omitzero"`
	Dropped    errorsJSON `json:"dropped,omitzero"`
	Survived   errorsJSON `json:"survived,omitzero"`
	Overflow   uint64     `json:"overflow,omitzero"`
}

// errorsJSON is a rawsock.Errors on the wire, field by field likewise.
type errorsJSON struct {
	Again     uint64 `json:"again,omitzero"`
	NoBuffers uint64 `json:"no_buffers,omitzero"`
	NetDown   uint64 `json:"net_down,omitzero"`
	NoDevice  uint64 `json:"no_device,omitzero"`
	TooLong   uint64 `json:"too_long,omitzero"`
	Invalid   uint64 `json:"invalid,omitzero"`
	Other     uint64 `json:"other,omitzero"`
}

func (s *Server) listInterfaces(w http.ResponseWriter, _ *http.Request) error {
	ports, err := s.director.Ports()
	if err != nil {
		return err
	}
	j := interfacesJSON{make([]interfaceJSON, len(ports))}
	for i := range ports {
		j.Interfaces[i] = newInterfaceJSON(&ports[i])
	}
	return write(w, http.StatusOK, j)
}

func newInterfaceJSON(p *dataplane.PortStatus) interfaceJSON {
	x, r := p.Rings, p.Raw
	return interfaceJSON{
		Name: p.Name, Present: p.Present, Mode: p.Mode, Why: p.Why, Queues: p.Queues, ZeroCopy: p.ZeroCopy,
		Rings: ringsJSON{
			Rx: x.Rx, Tx: x.Tx, RingFull: x.RingFull, Invalid: x.Invalid, NoBuffer: x.NoBuffer, NoFrame: x.NoFrame,
			Kicks: x.Kicks, Survived: survivedJSON(x.Survived), PollErrs: x.PollErrs, Kernel: kernelJSON(x.Kernel),
		},
		Raw: rawJSON{
			Rx: r.Rx, Tx: r.Tx, Unreadable: r.Unreadable, Invalid: r.Invalid,
			Dropped: errorsJSON(r.Dropped), Survived: errorsJSON(r.Survived), Overflow: r.Overflow,
		},
	}
}

// port returns what j says.
func (j *interfaceJSON) port() dataplane.PortStatus {
	x, r := j.Rings, j.Raw
	return dataplane.PortStatus{
		Name: j.Name, Present: j.Present, Mode: j.Mode, Why: j.Why, Queues: j.Queues, ZeroCopy: j.ZeroCopy,
		Rings: xsk.Stats{
			Rx: x.Rx, Tx: x.Tx, RingFull: x.RingFull, Invalid: x.Invalid, NoBuffer: x.NoBuffer, NoFrame: x.NoFrame,
			Kicks: x.Kicks, Survived: xsk.Survived(x.Survived), PollErrs: x.PollErrs, Kernel: unix.XDPStatistics(x.Kernel),
		},
		Raw: rawsock.Stats{
			Rx: r.Rx, Tx: r.Tx, Unreadable: r.Unreadable, Invalid: r.Invalid,
			Dropped: rawsock.Errors(r.Dropped), Survived: rawsock.Errors(r.Survived), Overflow: r.Overflow,
		},
	}
}
