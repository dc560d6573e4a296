package conformance

import "strings"

// A Known is a difference that stays, and why.
type Known struct {
	Case string // how the names of scripts begin that have it
	What string // how the description of the difference begins, or "" for any
	Why  string

	Kernel string // how the release of the kernel begins that has it, or "" for any
}

// known are the differences that are not mistakes, or whose mending is not worth what
// it costs.
var known = [...]Known{
	{"icmp/about tunnel", "frames to client", "The kernel tells the client the MTU of a route that it has kept from before the error; xlvs what the error said.", ""},
	{"icmp/about tunnel", "--stats", "The kernel counts an error that it relays to the client twice: what it quotes of the client's packet, and then the whole as one of its own, which pass its hooks.", ""},
	{"packet/timestamp", "frames to real", "The time in a timestamp option is that of its director's clock, to the millisecond.", ""},
	{"packet/broken", "frames to", "Where a port changes, the kernel computes SCTP's checksum anew, so that a damaged packet looks whole; xlvs changes it by what it changed.", ""},
	{"fragment/", "--stats", "The kernel puts datagrams together before it counts them; xlvs counts the fragments that follow their first one.", ""},
	{"control/delete v6", "frames to client", "The kernel lets go of an IP version with its last service, so that what belonged to its connections reaches the host's stack, which refuses it; xlvs drops it, as the kernel does while there is a service: one that is taken away with all others may be about to come back.", ""},
	{"sip/v4 rr -o -p 300 --pe sip -m", "-Lnc", unproven, ""},
	{"sip/v6 rr -o -p 300 --pe sip -m", "-Lnc", unproven, ""},
	{"sip/body", "", "The kernel looks for a Call-ID behind the header too, and xlvs only in it.", ""},
	{"sip/taken", "frames to real", oneOfTwo, ""},
	{"sip/taken", "-Ln", oneOfTwo, ""},
	{"sip/taken", "--stats", oneOfTwo, ""},
	{"scheduler/wrr edited", "", "An edit of a real server has the kernel's wrr begin a new walk; one that changes nothing is none for xlvs.", ""},
	{"scheduler/twos", "it is built without", "Debian's kernel 6.1 has no twos; that of its backports has.", ""},
	{"host/ah v6", "frames to", behindAH, ""},
	{"host/ah v6", "--stats", behindAH, ""},
	{"icmp/dr v4", "frames to real", verified, "6.12."},
	{"icmp/dr v4", "--stats", verified, "6.12."},
	{"icmp/ipip v4", "frames to real", verified, "6.12."},
	{"icmp/ipip v4", "--stats", verified, "6.12."},
	{"icmp/nat v6", "frames to", otherWay, "6.12."},
	{"icmp/nat v6", "--stats", otherWay, "6.12."},
	{"literal/nat v6", "frames to client", otherWay, "6.12."},
	{"literal/nat v6", "--stats", otherWay, "6.12."},
	{"threshold/", "", overloaded, "6.12."},
}

const (
	verified   = "This kernel verifies the checksum of an error that comes by a veth pair, and drops one that is wrong; 6.1 takes the device's word for it, and xlvs leaves it to the real server."
	otherWay   = "This kernel drops every ICMPv6 error that a real server behind NAT sends over a veth pair, right as its checksum is, and forwards a client's that is wrong; 6.1 and xlvs drop what is wrong."
	overloaded = "An edit that makes the threshold less than the connections there are has effect with this kernel after one more; with later ones, 6.1 as Debian has it, and xlvs at once."
	unproven   = "Without connections (-o) a real server's call still has the kernel take the client for proven, so that its template is spared when connections are dropped at random; xlvs takes nothing from it."
	oneOfTwo   = "For a real server that calls a client which another one talks to, the kernel has a second connection between the same two ports, and goes by the younger; xlvs has one, which is of who called last."
	behindAH   = "The kernel takes AH over IPv6 for one of IPv6's extension headers, and goes by what is behind it; xlvs has it follow the connection of its key exchange, as over IPv4."
)

// WhyKnown returns the reasons for the differences of j, without repetition, and
// whether there is one for each.
func (j *Judgement) WhyKnown() (reasons []string, all bool) {
	all = j.Err == nil
	seen := map[string]bool{}
	for _, d := range j.Differences {
		why := whyKnown(j.Kernel, j.Script.Name, d.What)
		if why == "" {
			all = false
		} else if !seen[why] {
			seen[why] = true
			reasons = append(reasons, why)
		}
	}
	return reasons, all
}

func whyKnown(kernel, name, what string) string {
	for _, k := range known {
		if strings.HasPrefix(kernel, k.Kernel) && strings.HasPrefix(name, k.Case) && strings.HasPrefix(what, k.What) {
			return k.Why
		}
	}
	return ""
}
