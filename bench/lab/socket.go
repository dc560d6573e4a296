package lab

import (
	"context"
	"fmt"
	"net"
)

// Listen is net.Listen inside the host. The address must be numeric.
func (h *Host) Listen(network, address string) (l net.Listener, err error) {
	err = h.Do(func() error {
		var lc net.ListenConfig
		l, err = lc.Listen(context.Background(), network, address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("in %s: %w", h.name, err)
	}
	return l, nil
}

// ListenPacket is net.ListenPacket inside the host. The address must be numeric.
func (h *Host) ListenPacket(network, address string) (c net.PacketConn, err error) {
	err = h.Do(func() error {
		var lc net.ListenConfig
		c, err = lc.ListenPacket(context.Background(), network, address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("in %s: %w", h.name, err)
	}
	return c, nil
}

// Dial is net.Dialer.DialContext inside the host, so that it serves as the
// DialContext of an http.Transport. The address must be numeric.
func (h *Host) Dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = h.Do(func() error {
		var d net.Dialer
		c, err = d.DialContext(ctx, network, address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("in %s: %w", h.name, err)
	}
	return c, nil
}
