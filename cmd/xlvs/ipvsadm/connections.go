package ipvsadm

import (
	"context"
	"io"
	"net/netip"
	"strconv"
	"time"

	"xlvs/control"
	"xlvs/lvs"
)

// The lines above connections. With engine data the columns of the titles are not
// those of the lines; that is ipvsadm's way.
const (
	connectionTitle = "IPVS connection entries\n" +
		"pro expire state       source             virtual            destination\n"
	engineTitle = "IPVS connection entries\n" +
		"pro expire state       source             virtual            destination        pe name          pe_data\n"
)

// askedAtOnce is how many connections are held back until the names in them are
// known.
const askedAtOnce = 512

// A ConnectionSource calls f for each connection and template there is, until f
// returns an error, which it returns.
type ConnectionSource func(ctx context.Context, f func(control.Connection) error) error

// ListConnections writes the connections of from as `ipvsadm -L -c` does: in the
// order in which they come, and as they come.
func ListConnections(ctx context.Context, w io.Writer, from ConnectionSource, o ListOptions) error {
	l := newLister(w, o)
	title := connectionTitle
	if o.Persistent {
		title = engineTitle
	}
	l.out.WriteString(title)
	batch := make([]control.Connection, 0, askedAtOnce)
	err := from(ctx, func(c control.Connection) error {
		if batch = append(batch, c); len(batch) < cap(batch) {
			return nil
		}
		err := l.connections(ctx, batch)
		batch = batch[:0]
		return err
	})
	if err == nil {
		err = l.connections(ctx, batch)
	}
	if err != nil {
		return err
	}
	return l.out.Flush()
}

// connections writes a batch, and returns what is wrong with the writer.
func (l *lister) connections(ctx context.Context, batch []control.Connection) error {
	if !l.options.Numeric {
		l.names.learn(ctx, ends(batch))
	}
	for i := range batch {
		if _, err := l.out.Write(l.appendConnection(l.out.AvailableBuffer(), &batch[i])); err != nil {
			return err
		}
	}
	return nil
}

// ends returns the addresses of connections.
func ends(batch []control.Connection) (list []netip.Addr) {
	for i := range batch {
		c := &batch[i]
		list = append(list, c.Client.Netip(), c.Virtual.Netip(), c.Real.Netip())
	}
	return list
}

func (l *lister) appendConnection(b []byte, c *control.Connection) []byte {
	b = append(appendLeft(b, c.Proto.String(), 3), ' ')
	b = append(appendExpire(b, c.Left), ' ')
	b = append(appendLeft(b, stateText(c), 11), ' ')
	b = append(l.appendEnd(b, c.Proto, c.Client, c.ClientPort, 18), ' ')
	b = append(l.appendEnd(b, c.Proto, c.Virtual, c.VirtualPort, 18), ' ')
	if c.Data == "" || !l.options.Persistent {
		return append(l.appendEnd(b, c.Proto, c.Real, c.RealPort, 0), '\n')
	}
	b = append(l.appendEnd(b, c.Proto, c.Real, c.RealPort, 16), ' ')
	b = append(appendLeft(b, c.Engine, 18), ' ')
	return append(append(b, c.Data...), '\n')
}

// appendEnd appends an endpoint in a column.
func (l *lister) appendEnd(b []byte, proto lvs.Protocol, addr lvs.Addr, port uint16, width int) []byte {
	start := len(b)
	b = l.names.appendEndpoint(b, proto, addr.Netip(), port)
	return pad(cut(b, start, longest), start, width)
}

// appendExpire appends minutes and seconds, however many minutes there are.
func appendExpire(b []byte, left time.Duration) []byte {
	start := len(b)
	s := max(0, int64(left/time.Second))
	for i, n := range [...]int64{s / 60, s % 60} {
		if i > 0 {
			b = append(b, ':')
		}
		if n < 10 {
			b = append(b, '0')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return pad(b, start, 6)
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
