package ipvsadm

import (
	"bufio"
	"context"
	"io"
	"net/netip"
	"strconv"

	"xlvs/config"
	"xlvs/dataplane"
)

// version is the first line of a list. The size is that of the kernel's
// connection hash table; it is printed since scripts skip or match this line.
const version = "IP Virtual Server version 1.2.1 (size=4096)\n"

// ListOptions are the options of `ipvsadm -L`. The zero value is `ipvsadm -L`
// alone. Of several forms Stats goes before Rate, then Thresholds, Persistent and
// TunInfo.
type ListOptions struct {
	Numeric    bool // -n: no names
	Stats      bool // --stats
	Rate       bool // --rate
	Thresholds bool // --thresholds
	Persistent bool // --persistent-conn; of a list of connections: with engine data
	TunInfo    bool // --tun-info
	Exact      bool // --exact: numbers in full
	NoSort     bool // --nosort: in the order of the director

	Names Names // where names come from
}

// List writes services as `ipvsadm -L` does.
func List(ctx context.Context, w io.Writer, services []dataplane.ServiceStatus, o ListOptions) error {
	l := o.lister(ctx, w, services)
	l.out.WriteString(version)
	l.title()
	l.services(services)
	return l.out.Flush()
}

// ListService writes one service as `ipvsadm -L` does when it is asked for that:
// without the version.
func ListService(ctx context.Context, w io.Writer, service dataplane.ServiceStatus, o ListOptions) error {
	l := o.lister(ctx, w, []dataplane.ServiceStatus{service})
	l.title()
	l.service(&service)
	return l.out.Flush()
}

// ListTimeouts writes timeouts as `ipvsadm -L --timeout` does.
func ListTimeouts(w io.Writer, t config.Timeouts) error {
	b := []byte("Timeout (tcp tcpfin udp):")
	for _, d := range [...]int64{int64(t.TCP.Seconds()), int64(t.TCPFin.Seconds()), int64(t.UDP.Seconds())} {
		b = strconv.AppendInt(append(b, ' '), d, 10)
	}
	_, err := w.Write(append(b, '\n'))
	return err
}

// A lister writes a list line by line. Its writer remembers errors until Flush.
type lister struct {
	out     *bufio.Writer
	names   *namer
	form    form
	options ListOptions
}

// outSize is how many bytes are written at once.
const outSize = 64 << 10

func newLister(w io.Writer, o ListOptions) *lister {
	l := &lister{out: bufio.NewWriterSize(w, outSize), names: &namer{}, form: o.form(), options: o}
	if !o.Numeric {
		l.names = o.Names.open()
	}
	return l
}

// lister returns one that has learned the names of all that is in services.
func (o ListOptions) lister(ctx context.Context, w io.Writer, services []dataplane.ServiceStatus) *lister {
	l := newLister(w, o)
	l.names.learn(ctx, addresses(services))
	return l
}

// addresses returns all addresses that are in services.
func addresses(services []dataplane.ServiceStatus) (list []netip.Addr) {
	for i := range services {
		if services[i].Mark == 0 {
			list = append(list, services[i].VIP)
		}
		for j := range services[i].Destinations {
			list = append(list, services[i].Destinations[j].Addr)
		}
	}
	return list
}

func (l *lister) title() { l.out.WriteString(titles[l.form]) }

// services writes services in the order that the options ask for.
func (l *lister) services(services []dataplane.ServiceStatus) {
	list := pointers(services)
	if !l.options.NoSort {
		list = sortedServices(services)
	}
	for _, s := range list {
		l.service(s)
	}
}

// service writes a service and its destinations.
func (l *lister) service(s *dataplane.ServiceStatus) {
	l.out.Write(l.appendService(l.out.AvailableBuffer(), s))
	for _, d := range l.destinations(s) {
		l.out.Write(l.appendDestination(l.out.AvailableBuffer(), s.Protocol, d))
	}
}

// destinations returns those of s in the order that the options ask for.
func (l *lister) destinations(s *dataplane.ServiceStatus) []*dataplane.DestinationStatus {
	if l.options.NoSort {
		return pointers(s.Destinations)
	}
	return sortedDestinations(s.Destinations)
}
