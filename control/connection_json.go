package control

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"xlvs/conntrack"
	"xlvs/lvs"
)

// connectionJSON is a Connection on the wire. Only a Client uses the type: there
// may be a million of them, and appendConnection writes one in a tenth of the time.
type connectionJSON struct {
	Protocol    string         `json:"protocol"`
	State       string         `json:"state"`
	Expire      float64        `json:"expire"` // seconds left
	Client      netip.AddrPort `json:"client"`
	Virtual     netip.AddrPort `json:"virtual"`
	Destination netip.AddrPort `json:"destination"`
	Forward     string         `json:"forward"`
	Local       netip.AddrPort `json:"local"`
	Template    bool           `json:"template"`
	Assured     bool           `json:"assured"`
	PE          string         `json:"pe"`
	PEData      []byte         `json:"pe_data"` // bytes that a client sent, in whatever encoding
}

// appendConnection appends c to b as connectionJSON describes it, without what is
// zero.
func appendConnection(b []byte, c *Connection) []byte {
	b = append(b, `{"protocol":"`...)
	b = append(b, protocolWords.name(c.Proto)...)
	b = append(b, `","state":"`...)
	b = append(b, stateName(c)...)
	b = append(b, `","expire":`...)
	b = strconv.AppendInt(b, int64(c.Left/time.Second), 10)
	b = append(b, '.', '0'+byte(c.Left%time.Second/conntrack.Tick))
	b = appendEndpoint(b, `,"client":"`, c.Client, c.ClientPort)
	b = appendEndpoint(b, `,"virtual":"`, c.Virtual, c.VirtualPort)
	b = appendEndpoint(b, `,"destination":"`, c.Real, c.RealPort)
	b = append(b, `,"forward":"`...)
	b = append(b, methodWords.name(c.Method)...)
	b = append(b, '"')
	return append(appendRare(b, c), '}')
}

func appendEndpoint(b []byte, field string, a lvs.Addr, port uint16) []byte {
	return append(endpoint(a, port).AppendTo(append(b, field...)), '"')
}

// appendRare appends what most connections do not have.
func appendRare(b []byte, c *Connection) []byte {
	if !c.Local.IsZero() || c.LocalPort != 0 {
		b = appendEndpoint(b, `,"local":"`, c.Local, c.LocalPort)
	}
	if c.Template {
		b = append(b, `,"template":true`...)
	}
	if c.Assured {
		b = append(b, `,"assured":true`...)
	}
	if c.Engine != "" {
		b = append(b, `,"pe":"`+c.Engine+`"`...) // one of ours, with nothing to escape
	}
	if c.Data != "" {
		b = append(b, `,"pe_data":`...)
		data, _ := json.Marshal([]byte(c.Data)) // base64, which cannot fail
		b = append(b, data...)
	}
	return b
}

// stateName returns the state as `ipvsadm -Lc` shows it.
func stateName(c *Connection) string {
	if c.Assured {
		return "ASSURED"
	}
	return lvs.StateName(c.Proto, c.State)
}

// parseState returns the state of protocol p that has a name.
func parseState(p lvs.Protocol, name string) lvs.State {
	for s := range max(lvs.TCPStates, lvs.SCTPStates) {
		if lvs.StateName(p, s) == name {
			return s
		}
	}
	return 0
}

// connection returns what j says.
func (j *connectionJSON) connection() (c Connection, err error) {
	c = Connection{
		Listing: conntrack.Listing{
			Client: lvs.AddrFrom(j.Client.Addr()), ClientPort: j.Client.Port(),
			Virtual: lvs.AddrFrom(j.Virtual.Addr()), VirtualPort: j.Virtual.Port(),
			Real: lvs.AddrFrom(j.Destination.Addr()), RealPort: j.Destination.Port(),
			Local: lvs.AddrFrom(j.Local.Addr()), LocalPort: j.Local.Port(),
			Template: j.Template, Assured: j.Assured, Data: string(j.PEData),
		},
		Left:   time.Duration(j.Expire * float64(time.Second)).Round(conntrack.Tick),
		Engine: j.PE,
	}
	if c.Proto, err = protocolWords.value("protocol", j.Protocol, 0); err != nil {
		return c, fmt.Errorf("connection: %w", err)
	}
	if c.Method, err = methodWords.value("forward", j.Forward, 0); err != nil {
		return c, fmt.Errorf("connection: %w", err)
	}
	c.State = parseState(c.Proto, j.State)
	return c, nil
}
