package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"xlvs/lvs"
)

// label returns how errors name s, the i-th service of its configuration.
func (s *Service) label(i int) string {
	if s.readable() {
		return "service " + s.String()
	}
	return fmt.Sprintf("service %d", i+1)
}

// readable reports whether the key of s is complete, so that it says something
// to name it and to compare it with others.
func (s *Service) readable() bool {
	if s.byMark() {
		return s.Mark != 0
	}
	return s.Protocol != 0 && s.VIP.IsValid() && (s.Port != 0 || s.Persistence != 0)
}

// check reports everything that is wrong with s and its real servers.
func (s *Service) check(r reporter) {
	if s.byMark() {
		s.checkMark(r)
	} else {
		s.checkVirtual(r)
	}
	s.checkScheduler(r)
	s.checkClient(r)
	first := make(map[RealKey]int, len(s.Reals))
	for i := range s.Reals {
		real := &s.Reals[i]
		rr := r.at(func() (string, string) { return "real." + strconv.Itoa(i), real.label(i, s) })
		real.check(rr, s)
		if j, ok := first[real.RealKey]; ok {
			rr("", fmt.Errorf("%w: the same as real server %d", ErrDuplicateReal, j+1))
		} else if real.readable(s) {
			first[real.RealKey] = i
		}
	}
}

// checkVirtual reports what is wrong with the protocol and the address of s.
func (s *Service) checkVirtual(r reporter) {
	if _, ok := nameOf(protocolWords[:], s.Protocol); !ok {
		r("protocol", unknownProtocol(s.Protocol))
	}
	r.check("vip", checkAddress("vip", s.VIP, objection(s.VIP)))
	if s.Port == 0 && s.Persistence == 0 {
		r("port", fmt.Errorf("port 0: %w: must be from 1 to 65535; 0, for all ports, needs persistence", ErrRange))
	}
}

// unknownProtocol says which protocols there are in the place of p.
func unknownProtocol(p lvs.Protocol) error {
	return fmt.Errorf("protocol %v: %w: must be %s", p, ErrUnknownName, oneOf(protocolWords[:]))
}

// checkMark reports what is wrong with the key of a mark service. All but the
// mark and the family is the packet's own.
func (s *Service) checkMark(r reporter) {
	r.check("mark", within("mark", s.Mark, 1, math.MaxUint32))
	if s.Protocol != 0 {
		r("protocol", fmt.Errorf("protocol %v: %w: a mark service has none", s.Protocol, ErrUnknownName))
	}
	if !s.VIP.IsUnspecified() {
		r.check("vip", checkAddress("vip", s.VIP, "of a mark service it must be 0.0.0.0 or ::"))
	}
	r.check("port", within("port", s.Port, 0, 0))
}

// checkScheduler reports a scheduler or flags that there are not.
func (s *Service) checkScheduler(r reporter) {
	if !s.scheduled() {
		r("scheduler", fmt.Errorf("scheduler %q: %w: must be %s", s.Scheduler, ErrUnknownScheduler, orList(lvs.SchedulerNames[:])))
	} else if unknown := s.Flags &^ lvs.AllSchedulerFlags; unknown != 0 {
		r("flags", fmt.Errorf("flags %#x: %w: %s", uint32(unknown), ErrUnknownName, flagsAllowed(s.Scheduler)))
	}
}

// checkClient reports what is wrong with how s remembers clients.
func (s *Service) checkClient(r reporter) {
	if s.Persistence != 0 {
		r.check("persistence", checkPersistence(s.Persistence))
	}
	if s.VIP.IsValid() && (s.Persistence != 0 || s.MaskBits != 0) {
		fewest := 1
		if s.Persistence != 0 && s.VIP.Is4() {
			fewest = 0 // all clients are one: the kernel has it for IPv4 alone
		}
		r.check("netmask", within("netmask", s.MaskBits, fewest, s.VIP.BitLen()))
	}
	if s.Engine != "" && !slices.Contains(engines[:], s.Engine) {
		r("engine", fmt.Errorf("engine %q: %w: must be %s", s.Engine, ErrUnknownScheduler, orList(engines[:])))
	}
}

// checkPersistence checks for how long clients are remembered.
func checkPersistence(d time.Duration) error {
	if d%time.Second != 0 {
		return fmt.Errorf("persistence %v: %w: must be whole seconds", d, ErrRange)
	}
	return within("persistence", d, MinTimeout, MaxTimeout)
}
