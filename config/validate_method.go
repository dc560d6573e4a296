package config

import (
	"fmt"
	"net/netip"
	"slices"

	"xlvs/lvs"
)

// vips returns the virtual addresses.
func (c *Config) vips() map[netip.Addr]bool {
	vips := make(map[netip.Addr]bool, len(c.Services))
	for i := range c.Services {
		vips[c.Services[i].VIP] = true
	}
	return vips
}

// checkLocals reports what is wrong with one list of local addresses. Two lists
// may have some in common: services share them.
func checkLocals(r reporter, locals []LocalRange, isVIP func(netip.Addr) bool) {
	for i, l := range locals {
		r.check(fmt.Sprintf("local_addresses.%d", i), l.check(locals[:i], isVIP))
	}
}

// check returns the first thing wrong with l: by itself, beside the virtual
// addresses, as packets to l must be answers, and beside those before it.
func (l LocalRange) check(before []LocalRange, isVIP func(netip.Addr) bool) error {
	objection := realObjection(l.Addr)
	if objection == "" && isVIP(l.Addr) {
		objection = "must not be the VIP of a service"
	}
	if objection != "" {
		return checkAddress("local address", l.Addr, objection)
	}
	if l.First == 0 || l.First > l.Last {
		return fmt.Errorf("local address %v: %w: ports must be from 1 to 65535, the first not above the last", l, ErrRange)
	}
	if i := slices.IndexFunc(before, l.overlaps); i >= 0 {
		return fmt.Errorf("local address %v: %w: %v has some of these ports", l, ErrDuplicateLocalAddress, before[i])
	}
	return nil
}

// checkMethods reports what of s does not go with how its real servers are
// reached. The local addresses are what it has, whoever names them.
func (s *Service) checkMethods(r reporter, locals []LocalRange) {
	r.check("client_address", s.checkClientAddress())
	if s.firstBy(lvs.FullNAT) == nil {
		return
	}
	if s.Protocol == lvs.SCTP {
		r("protocol", fmt.Errorf("protocol SCTP: %w: fullnat is for TCP and UDP", ErrMethod))
	}
	if s.OnePacket {
		r("one_packet", fmt.Errorf("one_packet: %w: with fullnat only a connection knows whom an answer is for", ErrMethod))
	}
	r.check("local_addresses", s.checkLocalFamilies(locals))
}

// checkLocalFamilies checks that each fullnat real server has a local address of
// its own family. One that cannot be read may be it.
func (s *Service) checkLocalFamilies(locals []LocalRange) error {
	for i := range s.Reals {
		r := &s.Reals[i]
		fits := func(l LocalRange) bool { return !l.Addr.IsValid() || family(l.Addr) == family(r.Addr) }
		if r.Method == lvs.FullNAT && r.Addr.IsValid() && !slices.ContainsFunc(locals, fits) {
			return fmt.Errorf("local_addresses: %w: fullnat to %v needs one of %s, here or in [fullnat]", ErrNoLocalAddress, r, family(r.Addr))
		}
	}
	return nil
}
