package conformance

import "strings"

// A Known is a difference that stays, and why.
type Known struct {
	Case string // how the names of scripts begin that have it
	What string // how the description of the difference begins, or "" for any
	Why  string
}

// known are the differences that are not mistakes, or whose mending is not worth what
// it costs.
var known = [...]Known{
	{"icmp/nat", "--stats", "xlvs counts an error with a bad checksum, and a reply whose TTL ends at the director, before it drops them; the kernel does not."},
	{"icmp/about tunnel", "frames to client", "The kernel tells the client the MTU of a route that it has kept from before the error; xlvs what the error said."},
	{"icmp/about tunnel", "--stats", ownErrors},
	{"packet/header", "--stats", ownErrors},
	{"packet/size", "--stats", ownErrors},
	{"packet/header nat v4", "frames to", ipOptions},
	{"packet/header dr v4", "frames to", ipOptions},
	{"packet/header ipip v4", "frames to", ipOptions},
	{"packet/header gre v4", "frames to", ipOptions},
	{"packet/header gre+csum v4", "frames to", ipOptions},
	{"packet/header gue v4", "frames to", ipOptions},
	{"packet/header gue+csum v4", "frames to", ipOptions},
	{"packet/header gue+remcsum v4", "frames to", ipOptions},
	{"packet/broken", "frames to", "Where a port changes, the kernel computes SCTP's checksum anew, so that a damaged packet looks whole; xlvs changes it by what it changed."},
	{"packet/broken", "--stats", "The kernel counts packets whose transport header is cut short, before it drops them."},
	{"fragment/", "", "The kernel puts datagrams together, then takes them apart again; xlvs has fragments follow their first one. So their order, their sizes and identifications in tunnels, and how many are counted differ, and datagrams that lack a part are not held back."},
	{"packet/size", "frames to client", quotedTTL},
	{"control/quiesce", "--stats", ownErrors},
	{"control/delete v6", "frames to client", "The kernel lets go of an IP version with its last service, so that what belonged to its connections reaches the host's stack, which refuses it; xlvs drops it, as the kernel does while there is a service."},
	{"control/no scheduler", "", "xlvs has no scheduler called none: a service without one could do nothing."},
	{"ftp/passive v4", "--stats", "The kernel counts a packet whose text its helper has changed by its new length, xlvs by the length that it came with."},
	{"found/wrr and a threshold", "", "An edit of a real server, even one that leaves its weight alone, has the kernel's wrr begin a new walk; xlvs begins one when a weight changes."},
	{"found/reply with TTL 1", "", "A reply whose TTL ends at the director never reaches the kernel's ip_vs; with xlvs the connection takes note of it before it is dropped."},
	{"host/strays v6", "", "The kernel takes AH over IPv6 for one of IPv6's extension headers, and goes by what is behind it; xlvs has it follow the connection of its key exchange, as over IPv4."},
	{"packet/size ipip v4 to v6", "frames to real", outerFragments},
	{"packet/size gre v4 to v6", "frames to real", outerFragments},
	{"packet/size gre+csum v4 to v6", "frames to real", outerFragments},
	{"packet/size gue v4 to v6", "frames to real", outerFragments},
	{"packet/size gue+csum v4 to v6", "frames to real", outerFragments},
	{"packet/size gue+remcsum v4 to v6", "frames to real", outerFragments},
	{"icmp/unwanted replies", "frames to real", quotedTTL},
}

const (
	ownErrors      = "The errors that the kernel sends about a connection's packets pass its own hooks, where they count as replies."
	ipOptions      = "The kernel's stack fills in the options that record a route or a time, and refuses source routes and malformed options, before ip_vs sees the packet; xlvs leaves options alone."
	outerFragments = "A packet too long for a tunnel over IPv6 leaves the kernel in fragments of the outer packet, xlvs in fragments of the inner one; the real server gets it either way."
	quotedTTL      = "The kernel quotes the packet with the TTL that it would have left with; xlvs as it came."
)

// WhyKnown returns the reasons for the differences of j, without repetition, and
// whether there is one for each.
func (j *Judgement) WhyKnown() (reasons []string, all bool) {
	all = j.Err == nil
	seen := map[string]bool{}
	for _, d := range j.Differences {
		why := whyKnown(j.Script.Name, d.What)
		if why == "" {
			all = false
		} else if !seen[why] {
			seen[why] = true
			reasons = append(reasons, why)
		}
	}
	return reasons, all
}

func whyKnown(name, what string) string {
	for _, k := range known {
		if strings.HasPrefix(name, k.Case) && strings.HasPrefix(what, k.What) {
			return k.Why
		}
	}
	return ""
}
