package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// Cases returns the scripts that are kept, area by area.
func Cases() []Script {
	list := slices.Concat(
		schedulerCases(),
		chanceCases(),
		stateCases(),
		forwardingCases(),
		packetCases(),
		fragmentCases(),
		icmpCases(),
		persistenceCases(),
		sipCases(),
		markCases(),
		controlCases(),
		reuseCases(),
		onePacketCases(),
		thresholdCases(),
		hostCases(),
		literalCases(),
		ftpCases(),
		foundCases(),
	)
	for i := range list {
		list[i].Quick = slices.ContainsFunc(quick[:], func(name string) bool { return strings.HasPrefix(list[i].Name, name) })
	}
	return list
}

// quick are how the names of scripts begin that are played often: some of every area.
var quick = [...]string{
	"scheduler/rr tcp v4", "scheduler/wrr tcp v6 -m", "scheduler/wlc udp", "scheduler/sh tcp v4 -m", "scheduler/mh tcp v6 -m",
	"state/tcp v4 -i S", "state/udp", "state/sctp v6 -m data",
	"forward/nat", "forward/dr v4", "forward/ipip v4", "forward/gre v6", "forward/gue+csum v4", "forward/unfinished gue+remcsum v6",
	"packet/header gue v4 to v4", "packet/size ipip v4 to v4 mtu 1500", "packet/broken", "fragment/nat v4", "fragment/gre v6",
	"icmp/nat", "icmp/no connection", "persistence/v4 -p 300 -m", "persistence/mark v6", "persistence/quiesced", "sip/v4 rr -p 300 --pe sip -m", "mark/precedence",
	"control/delete v4", "control/quiesce v6", "control/refusals v4", "reuse/v4", "ops/v4", "threshold/v4 -x 1", "host/", "literal/nat", "literal/gue+csum", "ftp/",
}

// check complains of scripts that could not be told apart, or not be sent.
func check(list []Script) error {
	seen := map[string]bool{}
	for _, s := range list {
		if seen[s.Name] {
			return fmt.Errorf("two scripts are called %q", s.Name)
		}
		seen[s.Name] = true
		for i, step := range s.Steps {
			for _, p := range step.Packets {
				if _, err := p.build(); err != nil {
					return fmt.Errorf("script %s, step %d: %w", s.Name, i, err)
				}
			}
		}
	}
	return nil
}
