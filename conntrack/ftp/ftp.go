// Package ftp reads what an FTP control connection says about data connections.
//
// A command or an answer is understood only if it is whole in one packet, as the
// kernel's ip_vs_ftp has it: nothing is kept between packets. No function changes
// a payload, and none allocates but for the address of an EPRT. To remember the
// Mode of a control connection, to open the data connection and to move sequence
// numbers is the caller's affair.
package ftp

import "xlvs/lvs"

// A Mode says which side opens the data connection, and in which words the other
// side announces where to.
type Mode uint8

// The modes (RFC 959, 4.1.2; RFC 2428).
const (
	None            Mode = iota // nothing is to be announced
	Active                      // PORT, EPRT: the server opens it; the command said where to
	Passive                     // PASV: the client opens it; a 227 will say where to
	ExtendedPassive             // EPSV: the client opens it; a 229 will say to which port
)

// An Endpoint is where a data connection is to be opened to.
type Endpoint struct {
	Addr lvs.Addr // zero in a 229: the server itself
	Port uint16   // never 0
}
