package iptables

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"xlvs/config"
	"xlvs/lvs"
)

// A rule is one of a chain: for packets that match, and what with them.
type rule struct {
	line    int
	text    string
	match   config.Mark // whose Mark is that of a MARK rule
	target  string      // a chain or an extension; empty: the rule only counts
	goes    bool        // -g: the target's end is this chain's, too
	marks   bool        // it says which mark
	strange error       // why ours cannot say what it matches or does
}

// everything are all packets of a family.
func everything(v6 bool) netip.Prefix {
	if v6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// parse reads a rule from words. What it does not know is strange; of that it
// only looks for the target.
func (r *rule) parse(words []string, v6 bool) {
	for i := 0; i < len(words); {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		n, err := r.option(words[i], value)
		r.stranger(err)
		i += n
	}
	if r.target == "MARK" && !r.marks {
		r.stranger(errors.New("no mark"))
	}
	r.complete(v6)
}

// complete gives the match a destination, which ours needs.
func (r *rule) complete(v6 bool) {
	m := &r.match
	if m.Source.IsValid() {
		v6 = m.Source.Addr().Is6()
	}
	if !m.Destination.IsValid() {
		m.Destination = everything(v6)
	} else if m.Source.IsValid() && m.Destination.Addr().Is6() != v6 {
		r.stranger(errors.New("addresses of two families"))
	}
	if m.Source.Bits() == 0 {
		m.Source = netip.Prefix{} // any
	}
}

// stranger notes why ours cannot say what the rule does, if err is the first
// reason.
func (r *rule) stranger(err error) {
	if r.strange == nil {
		r.strange = err
	}
}

// option takes one option and returns how many words it has.
func (r *rule) option(name, value string) (words int, err error) {
	m := &r.match
	switch name {
	case "-s", "--source", "--src":
		m.Source, err = parsePrefix(value)
	case "-d", "--destination", "--dst":
		m.Destination, err = parsePrefix(value)
	case "-p", "--protocol":
		m.Protocol, err = parseProtocol(value)
	case "-i", "--in-interface":
		m.Interface = value
		if strings.HasSuffix(value, "+") {
			err = fmt.Errorf("interface %s: [[mark]] has names in full", value)
		}
	case "--dport", "--dports", "--destination-port", "--destination-ports":
		m.Ports, err = parsePorts(value)
	case "--sport", "--sports", "--source-port", "--source-ports":
		m.SourcePorts, err = parsePorts(value)
	case "-m", "--match":
		switch value {
		case "tcp", "udp", "sctp", "multiport", "comment", "mark":
		default:
			err = fmt.Errorf("match %s", value)
		}
	case "--comment":
	case "-c", "--set-counters":
		return 3, nil
	case "-g", "--goto", "-j", "--jump":
		r.target, r.goes = value, name == "-g" || name == "--goto"
	case "--set-mark", "--set-xmark":
		m.Mark, err = parseMark(value)
		r.marks = true
	case "!":
		return 1, errors.New("a match that is negated")
	default:
		return 1, fmt.Errorf("option %s", name)
	}
	return 2, err
}

// parsePrefix reads an address, with the length or the mask of a network.
func parsePrefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), nil
	}
	host, mask, _ := strings.Cut(text, "/")
	a, err := netip.ParseAddr(host)
	b, errMask := netip.ParseAddr(mask)
	ones, size := net.IPMask(b.AsSlice()).Size()
	if err != nil || errMask != nil || size != a.BitLen() || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("address %s", text)
	}
	return netip.PrefixFrom(a, ones).Masked(), nil
}

// parseProtocol reads a protocol that services have, by name or number.
func parseProtocol(text string) (lvs.Protocol, error) {
	switch text {
	case "all", "0":
		return lvs.IP, nil
	case "tcp", "6":
		return lvs.TCP, nil
	case "udp", "17":
		return lvs.UDP, nil
	case "sctp", "132":
		return lvs.SCTP, nil
	}
	return lvs.IP, fmt.Errorf("protocol %s: services are for tcp, udp and sctp", text)
}

// parseMark reads "MARK" or "MARK/MASK", of which ours has only the whole mask.
func parseMark(text string) (uint32, error) {
	value, mask, masked := strings.Cut(text, "/")
	n, err := strconv.ParseUint(value, 0, 32)
	if err != nil {
		return 0, fmt.Errorf("mark %s", text)
	}
	if m, err := strconv.ParseUint(mask, 0, 32); masked && (err != nil || m != 1<<32-1) {
		return 0, fmt.Errorf("mark %s: [[mark]] has no masks", text)
	}
	return uint32(n), nil
}
