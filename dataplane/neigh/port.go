package neigh

import (
	"errors"
	"fmt"
	"net"
	"slices"
)

// A Port is an interface that the director drives, with the director's number
// for it. Index is the interface's identity; Name is only for messages.
type Port struct {
	Number     uint16
	Index      int // the kernel's interface index; 0 while there is no such interface
	Name       string
	NoEthernet bool // packets without a frame around them: tun, WireGuard, IPIP, SIT, GRE
}

// ErrPorts is wrapped by Open and SetPorts when the ports cannot be told apart.
var ErrPorts = errors.New("duplicate port")

func checkPorts(ports []Port) error {
	numbers, indexes := make(map[uint16]bool), make(map[int]bool)
	for _, p := range ports {
		if numbers[p.Number] || p.Index != 0 && indexes[p.Index] {
			return fmt.Errorf("port %d (%s, interface %d): %w", p.Number, p.Name, p.Index, ErrPorts)
		}
		numbers[p.Number], indexes[p.Index] = true, true
	}
	return nil
}

// SetPorts replaces the ports. A number may have another index, or 0, or be new.
// Hops keep their IDs' numbers and what Keep asked for them, and lead through
// the new interfaces when SetPorts returns. An interface that is not there is as
// one that is gone. It calls Options' functions itself, and may be called from
// them. After an error in reading, the new ports are read again soon. After
// Close it fails with net.ErrClosed.
func (m *Mirror) SetPorts(ports []Port) error {
	if m.closed() {
		return fmt.Errorf("set ports of neighbour mirror: %w", net.ErrClosed)
	}
	if err := checkPorts(ports); err != nil {
		return fmt.Errorf("set ports of neighbour mirror: %w", err)
	}
	m.reading.Lock()
	m.ports = slices.Clone(ports)
	t, err := m.renew()
	m.reading.Unlock()
	m.tell(t)
	if err != nil {
		return fmt.Errorf("set ports of neighbour mirror: %w", err)
	}
	return nil
}
