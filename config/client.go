package config

import (
	"fmt"

	"xlvs/lvs"
)

// A ClientAddress is how a real server learns the address and port of a client.
type ClientAddress uint8

// The ways. The zero one is to learn no more than what packets are from.
const (
	NoClientAddress ClientAddress = iota
	ProxyV2                       // a PROXY header, version 2, in front of a connection's first bytes or in each datagram
	TOA                           // a TCP option
)

// String returns the word of the file: "none", "proxy-v2" or "toa".
func (a ClientAddress) String() string {
	if name, ok := nameOf(clientWords[:], a); ok {
		return name
	}
	return fmt.Sprintf("ClientAddress(%d)", uint8(a))
}

// checkClientAddress checks that the packets that reach the real servers can say
// whose they are.
func (s *Service) checkClientAddress() error {
	mismatch := func(why string) error {
		return fmt.Errorf("client_address %v: %w: %s", s.ClientAddress, ErrClientAddress, why)
	}
	_, ok := nameOf(clientWords[:], s.ClientAddress)
	r := s.firstBy(lvs.DirectRouting, lvs.Tunnel)
	switch {
	case s.ClientAddress == NoClientAddress:
		return nil
	case !ok:
		return fmt.Errorf("client_address %v: %w: must be %s", s.ClientAddress, ErrUnknownName, oneOf(clientWords[:]))
	case s.ClientAddress == TOA && (s.Protocol == lvs.UDP || s.Protocol == lvs.SCTP):
		return mismatch("only TCP has options")
	case s.Protocol == lvs.SCTP:
		return mismatch("it is for TCP and UDP")
	case r != nil:
		return mismatch(fmt.Sprintf("%s to %v leaves the packet as the client sent it; it needs nat or fullnat", methodText(r.Method), r))
	}
	return nil
}
