package conformance

import (
	"fmt"
	"net"
	"strconv"
)

// A family is an IP version, and who has which address in it: numbers count from
// 0 and stand at the end of an address as they are written.
type family struct {
	name     string
	services string // addresses of services, the first of which is firstVIP
	outside  string // of clients
	inside   string // of real servers, from firstReal on
	router   string // behind the director
	icmp     string // protocol of errors
}

var families = [...]family{
	{"v4", "198.51.100.", "203.0.113.", "192.0.2.", "192.0.2.254", "icmp"},
	{"v6", "2001:db8:1::", "2001:db8:f::", "2001:db8:2::", "2001:db8:2::fe", "icmp6"},
}

// The first numbers, and how many addresses of services there are.
const (
	firstVIP  = 10
	vips      = 8
	firstReal = 11
)

// vip returns the address that most services have.
func (f *family) vip() string { return f.anyVIP(0) }

// anyVIP returns address n of services.
func (f *family) anyVIP(n int) string { return f.services + strconv.Itoa(firstVIP+n) }

// client returns the address of client n, from 0.
func (f *family) client(n int) string { return f.outside + strconv.Itoa(1+n) }

// real returns the address of real server n, from 0.
func (f *family) real(n int) string { return f.inside + strconv.Itoa(firstReal+n) }

// at returns an endpoint as ipvsadm and Packet write it.
func at(addr string, port int) string { return net.JoinHostPort(addr, strconv.Itoa(port)) }

// The fence: a service beside those of the script, whose packets tell that a
// director has done with all that came before them.
const (
	fenceVIP    = "198.51.100.250"
	fencePort   = 9
	fenceClient = "203.0.113.250"
	fenceSource = 9999
)

var (
	fenceService  = at(fenceVIP, fencePort)
	fenceCommands = [...]string{
		fmt.Sprintf("-A -u %s -s rr", fenceService),
		fmt.Sprintf("-a -u %s -r %s -m", fenceService, at(families[0].real(reals-1), fencePort)),
	}
)
