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
	"math"
	"time"

	"xlvs/lvs"
)

// A Config is a complete configuration. Make one with Parse, Load or Default;
// the zero Config does not validate.
type Config struct {
	Dataplane Dataplane
	Timeouts  Timeouts
	Sysctl    lvs.Sysctls
	Marks     []Mark // the first that a packet matches gives its mark
	Services  []Service

	// LocalAddresses are for services that have none of their own; see LocalsOf.
	LocalAddresses []LocalRange

	FTPPorts []uint16 // where FTP control connections are looked into, 1 to MaxFTPPorts of them
	Control  Control
	Watch    bool // reload the file when it changes
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

// The bounds that Validate knows.
const (
	MaxWorkers     = 256
	MaxConnections = 100_000_000
	MaxWeight      = 65535               // ipvsadm's
	MaxThreshold   = math.MaxInt32       // the kernel's
	MaxFTPPorts    = 8                   // those that the kernel's ip_vs_ftp takes
	MinTimeout     = time.Second         // ipvsadm's zero means "leave it"; of persistence too
	MaxTimeout     = 31 * 24 * time.Hour // ipvsadm's 2678400 s; of persistence too
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
	defaultFTP    = 21                // the kernel's
)

// Default returns the configuration of an empty file: every setting at its
// default, no services.
func Default() *Config {
	return &Config{
		Dataplane: Dataplane{Mode: Auto, Prefer: Bulk, MaxConnections: defaultConns, AnswerARP: true},
		Timeouts:  Timeouts{TCP: defaultTCP, TCPFin: defaultTCPFin, UDP: defaultUDP},
		Sysctl:    lvs.DefaultSysctls(),
		FTPPorts:  []uint16{defaultFTP},
		Control:   Control{Group: defaultGroup},
	}
}
