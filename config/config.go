// Package config reads the director's TOML file into plain values and writes
// them back.
//
// The file is the desired state, complete: what it does not mention has its
// default, and what it mentions must be known. Everything wrong with a file is
// reported at once, each error with its line and with what is allowed there, so
// that a Config that Parse returns needs no further doubt. Nothing here looks
// at the machine: whether an interface exists is for the data path to find out.
package config

import (
	"net/netip"
	"time"

	"xlvs/lvs"
)

// A Config is a complete configuration. Make one with Parse, Load or Default;
// the zero Config does not validate.
type Config struct {
	Dataplane Dataplane
	Timeouts  Timeouts
	Services  []Service
}

// Dataplane is what a director is started with.
type Dataplane struct {
	Interfaces     []string // empty: every Ethernet interface that is up, but lo
	Mode           Mode
	Prefer         Prefer                       // what Auto chooses for
	Workers        int                          // 0: one per core, as far as the interfaces have queues
	MaxConnections int                          // room in the connection table
	BusyPoll       time.Duration                // how long a worker polls a queue before it sleeps; 0: not at all
	AnswerARP      bool                         // answer ARP and ND for the VIPs that no interface of the host holds
	Interface      map[string]InterfaceSettings // what single interfaces have different; see ModeOf
}

// Timeouts are how long an idle connection is remembered, the three that
// `ipvsadm --set` sets.
type Timeouts struct {
	TCP    time.Duration // in state ESTABLISHED
	TCPFin time.Duration // in state FIN_WAIT
	UDP    time.Duration
}

// A ServiceKey is what makes a virtual service different from another. It is
// comparable.
type ServiceKey struct {
	Protocol lvs.Protocol
	VIP      netip.Addr
	Port     uint16
}

// String returns the key for a log line: "TCP 192.0.2.1:80".
func (k ServiceKey) String() string {
	return k.Protocol.String() + " " + netip.AddrPortFrom(k.VIP, k.Port).String()
}

// A Service is a virtual service and its real servers.
type Service struct {
	ServiceKey
	Scheduler string // one of lvs.SchedulerNames
	Reals     []Real // in the order of the file
}

// A RealKey is what makes a real server different from another of the same
// service. It is comparable.
type RealKey struct {
	Addr netip.Addr
	Port uint16
}

// String returns the key for a log line: "192.0.2.11:8080".
func (k RealKey) String() string { return netip.AddrPortFrom(k.Addr, k.Port).String() }

// A Real is a real server of one service.
type Real struct {
	RealKey
	Method lvs.Method // NAT or DirectRouting
	Weight int        // 0: quiesced, no new connections
}

// The bounds that Validate knows.
const (
	MaxWorkers     = 256
	MaxConnections = 100_000_000
	MaxWeight      = 65535               // ipvsadm's
	MinTimeout     = time.Second         // ipvsadm's zero means "leave it"
	MaxTimeout     = 31 * 24 * time.Hour // ipvsadm's 2678400 s
	MinBusyPoll    = time.Microsecond    // the unit of SO_BUSY_POLL
	MaxBusyPoll    = time.Second         // longer is a mistake in the unit
	maxInterface   = 15                  // bytes: IFNAMSIZ without its final zero
)

// The defaults.
const (
	defaultMethod = lvs.DirectRouting // ipvsadm's -g
	defaultWeight = 1                 // ipvsadm's
	defaultConns  = 1_000_000         // 64 MB of IPv4 connections
	defaultTCP    = 900 * time.Second // the kernel's
	defaultTCPFin = 120 * time.Second // the kernel's
	defaultUDP    = 300 * time.Second // the kernel's
)

// Default returns the configuration of an empty file: every setting at its
// default, no services.
func Default() *Config {
	return &Config{
		Dataplane: Dataplane{Mode: Auto, Prefer: Bulk, MaxConnections: defaultConns, AnswerARP: true},
		Timeouts:  Timeouts{TCP: defaultTCP, TCPFin: defaultTCPFin, UDP: defaultUDP},
	}
}
