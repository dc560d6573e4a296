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

func markKeyOf(k config.ServiceKey) markKey { return markKey{k.Mark, !k.VIP.Is4()} }

// A serviceTable finds the service of a packet.
type serviceTable struct {
	byEndpoint *frozen[serviceKey, *service]
	byMark     *frozen[markKey, *service]
	onFTP      int // how many services are on TCP port 21
	anyPorts   int // and on port 0
}

// The ports of FTP, which have rules of their own.
const (
	ftpControl = 21
	ftpData    = 20

	// firstUnprivileged is the kernel's ip_unprivileged_port_start: where FTP
	// servers have their passive ports.
	firstUnprivileged = 1024
)

// find returns the service of a packet addressed as tu that has mark, in the
// kernel's order (ip_vs_service_find): by mark, by endpoint, the data
// connections of FTP, every port. It returns nil if there is none.
func (t *serviceTable) find(tu *lvs.Tuple, mark uint32) *service {
	if mark != 0 {
		if s, ok := t.byMark.get(markKey{mark, !tu.Dst.Is4()}); ok {
			return s
		}
	}
	k := serviceKey{tu.Dst, tu.DstPort, tu.Proto}
	if s, ok := t.byEndpoint.get(k); ok {
		return s
	}
	if t.onFTP > 0 && tu.Proto == lvs.TCP && (tu.DstPort == ftpData || tu.DstPort >= firstUnprivileged) {
		k.port = ftpControl
		if s, ok := t.byEndpoint.get(k); ok {
			return s
		}
	}
	if t.anyPorts == 0 {
		return nil
	}
	k.port = 0
	s, _ := t.byEndpoint.get(k)
	return s
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
