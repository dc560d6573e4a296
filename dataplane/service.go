package dataplane

import (
	"time"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/lvs"
	"xlvs/sched"
)

// A service schedules the new connections of one virtual service. It is frozen,
// but for its scheduler.
type service struct {
	key         config.ServiceKey
	name        string // of the scheduler
	flags       lvs.SchedulerFlags
	scheduler   sched.Scheduler
	persistence time.Duration     // how long a client keeps its real server; 0 for a service that is not persistent
	maskBits    int               // how much of a client's address is the client
	engine      string            // what besides the address is; "" for nothing
	onePacket   bool              // connections of UDP are of one packet each
	locals      *conntrack.Locals // where fullnat connections come from
}

// A serviceKey is what a packet is looked up by.
type serviceKey struct {
	addr  lvs.Addr
	port  uint16
	proto lvs.Protocol
}

// A markKey is what a packet with a firewall mark is looked up by.
type markKey struct {
	mark uint32
	v6   bool
}

// A serviceTable finds the service of a packet.
type serviceTable struct {
	byEndpoint map[serviceKey]*service
	byMark     map[markKey]*service
	ftp        bool // there is a service on TCP port 21
	everyPort  bool // there is a service on port 0
}

// The ports of FTP, which have rules of their own.
const (
	ftpControl = 21
	ftpData    = 20

	// firstUnprivileged is the kernel's ip_unprivileged_port_start: where FTP
	// servers have their passive ports.
	firstUnprivileged = 1024
)

func newServiceTable(services []*serviceState) serviceTable {
	t := serviceTable{byEndpoint: make(map[serviceKey]*service, len(services)), byMark: map[markKey]*service{}}
	for _, state := range services {
		k := state.key
		if k.Mark != 0 {
			t.byMark[markKey{k.Mark, !k.VIP.Is4()}] = state.service
			continue
		}
		t.byEndpoint[serviceKey{lvs.AddrFrom(k.VIP), k.Port, k.Protocol}] = state.service
		t.ftp = t.ftp || k.Protocol == lvs.TCP && k.Port == ftpControl
		t.everyPort = t.everyPort || k.Port == 0
	}
	return t
}

// find returns the service of a packet addressed as tu that has mark, in the
// kernel's order (ip_vs_service_find): by mark, by endpoint, the data
// connections of FTP, every port. It returns nil if there is none.
func (t *serviceTable) find(tu *lvs.Tuple, mark uint32) *service {
	if mark != 0 {
		if s := t.byMark[markKey{mark, !tu.Dst.Is4()}]; s != nil {
			return s
		}
	}
	k := serviceKey{tu.Dst, tu.DstPort, tu.Proto}
	if s := t.byEndpoint[k]; s != nil {
		return s
	}
	if t.ftp && tu.Proto == lvs.TCP && (tu.DstPort == ftpData || tu.DstPort >= firstUnprivileged) {
		k.port = ftpControl
		if s := t.byEndpoint[k]; s != nil {
			return s
		}
	}
	if !t.everyPort {
		return nil
	}
	k.port = 0
	return t.byEndpoint[k]
}

// own reports whether a packet to port is to the service's own port, and not to
// one of several that it has.
func (s *service) own(port uint16) bool { return s.key.Port == port && s.key.Mark == 0 }

// port returns which port of d a packet to port goes to: d's own, unless d has
// none, or the packet's where a persistent service is of several.
func (s *service) port(d *destination, port uint16) uint16 {
	if d.key.Port == 0 || s.persistence != 0 && !s.own(port) {
		return port
	}
	return d.key.Port
}
