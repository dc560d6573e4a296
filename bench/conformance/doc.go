// Package conformance has the kernel judge xlvs: what a director must do is what
// Linux's own ip_vs does with the same packets.
//
// A Script is a configuration in ipvsadm's words and packets from clients and
// real servers, between which an operator may change things. Play acts it out
// around a director, of whatever make, and returns an Observation: every frame
// that the director sent, and what ipvsadm lists. Compare says where two
// Observations of one Script differ, forgiving only what is nobody's to choose:
// the IP identification of headers that a director makes itself, the source port
// of GUE, neighbour discovery, the order between the two sides of the network, and
// where datagrams are divided. What comes in tunnels a FarEnd takes out, which is a
// real server's kernel, and it has to be what clients sent.
// Cases are scripts with names, area by area; Random makes more of them, Shrink makes
// those that differ short enough to be read, and Keep keeps these as cases.
//
// The network is the same for everybody: a client's side and a real servers'
// side, each a device that answers nothing and sees everything, with all
// neighbours of the director known beforehand.
//
//	clients 203.0.113.0/24, 2001:db8:f::/64
//	   │ gateway 198.51.100.254, 2001:db8:1::fe
//	director  VIPs 198.51.100.10, 2001:db8:1::10 ff.
//	   │ 192.0.2.1, 2001:db8:2::1
//	real servers 192.0.2.11 ff., 2001:db8:2::11 ff.
//
// Nothing here boots a guest, builds xlvs or knows flags: see package main above.
package conformance
