package proc

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"xlvs/control"
	"xlvs/lvs"
)

// writeConnections writes ip_vs_conn, in no order, as the kernel does.
func writeConnections(ctx context.Context, w *bufio.Writer, d Director) error {
	w.WriteString("Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n")
	return d.Connections(ctx, func(c control.Connection) error {
		b := appendExpires(appendEnds(w.AvailableBuffer(), &c), &c)
		if c.Data != "" {
			b = append(append(b, ' '), c.Engine...)
			b = append(append(b, ' '), c.Data...)
		}
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

// writeOrigins writes ip_vs_conn_sync. All connections are the director's own.
func writeOrigins(ctx context.Context, w *bufio.Writer, d Director) error {
	w.WriteString("Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires\n")
	return d.Connections(ctx, func(c control.Connection) error {
		b := append(appendEnds(w.AvailableBuffer(), &c), " LOCAL "...)
		_, err := w.Write(append(appendExpires(b, &c), '\n'))
		return err
	})
}

// appendEnds appends the columns that both files have. Of many connections they
// are most of the work, so there is no fmt in it.
func appendEnds(b []byte, c *control.Connection) []byte {
	b = append(appendPadded(b, c.Proto.String(), 3), ' ')
	b = append(appendEnd(b, c.Client, c.ClientPort), ' ')
	b = append(appendEnd(b, c.Virtual, c.VirtualPort), ' ')
	b = append(appendEnd(b, c.Real, c.RealPort), ' ')
	return appendPadded(b, stateText(c), 11)
}

// appendEnd appends an address in full and a port, in hexadecimal digits.
func appendEnd(b []byte, a lvs.Addr, port uint16) []byte {
	if a.Is4() {
		b = appendHex(b, a.V4(), 8)
	} else {
		b = append(b, a.Netip().StringExpanded()...)
	}
	return appendHex(append(b, ' '), uint32(port), 4)
}

func appendHex(b []byte, n uint32, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		b = append(b, "0123456789ABCDEF"[n>>shift&0xf])
	}
	return b
}

// appendPadded appends text and the blanks that make it as wide as its column.
func appendPadded(b []byte, text string, width int) []byte {
	b = append(b, text...)
	for n := len(text); n < width; n++ {
		b = append(b, ' ')
	}
	return b
}

// appendExpires appends how many seconds are left, right-aligned.
func appendExpires(b []byte, c *control.Connection) []byte {
	return fmt.Appendf(b, " %7d", max(0, int64(c.Left/time.Second)))
}

// stateText returns the state of a connection; of a template, whether one has been
// established with it.
func stateText(c *control.Connection) string {
	switch {
	case !c.Template:
		return lvs.StateName(c.Proto, c.State)
	case c.Assured:
		return "ASSURED"
	}
	return "NONE"
}
