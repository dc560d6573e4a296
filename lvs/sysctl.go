package lvs

import "math"

// Sysctls are the settings under net.ipv4.vs by the kernel's names, each field
// as SysctlTable describes it. Where the kernel knows only on and off, every
// value but 0 is on.
type Sysctls struct {
	// The defence against too little memory.
	Amemthresh int // pages; less free memory than this is too little
	AmDroprate int // drop_packet = 3 drops one packet of so many
	DropEntry  int // 0 never, 1 and 2 when memory is low, 3 always; the next two likewise
	DropPacket int
	SecureTCP  int

	// Connections.
	ConnMax                 int // how many, templates among them
	ConnReuseMode           int // 1: closed ones for a new client; 2: those in FIN_WAIT too, unless nat
	ExpireNodestConn        int // end those of a destination that is gone
	ExpireQuiescentTemplate int // end those of a persistent client at weight 0
	SloppyTCP               int // any packet but a reset begins one
	SloppySCTP              int // any packet but an ABORT begins one
	ScheduleICMP            int // an ICMP error about none begins one
	CacheBypass             int // to the original destination where there is no other
	NATICMPSend             int // tell a nat real server that the connection is unknown
	PMTUDisc                int // of tunnels
	LBLCExpiration          int // seconds
	LBLCRExpiration         int // seconds
	RunEstimation           int

	// Synchronization of directors.
	BackupOnly        int
	SyncVersion       int
	SyncPorts         int
	SyncPersistMode   int
	SyncQlenMax       int // messages; 0: as memory allows
	SyncSockSize      int // bytes; 0: the host's default
	SyncThreshold     [2]int
	SyncRefreshPeriod int // seconds
	SyncRetries       int

	// What depends on the kernel around IPVS.
	Conntrack      int
	SNATReroute    int
	IgnoreTunneled int
	EstCPUList     string
	EstNice        int
	ConnLfactor    int
	SvcLfactor     int
	DebugLevel     int
}

// DefaultSysctls returns what the kernel begins with.
func DefaultSysctls() Sysctls {
	return Sysctls{
		Amemthresh:      1024,
		AmDroprate:      10,
		ConnMax:         1 << 30,
		ConnReuseMode:   1,
		PMTUDisc:        1,
		LBLCExpiration:  86400,
		LBLCRExpiration: 86400,
		RunEstimation:   1,
		SyncVersion:     1,
		SyncPorts:       1,
		SyncThreshold:   [2]int{3, 50},
		SNATReroute:     1,
		ConnLfactor:     -4,
		SvcLfactor:      -3,
	}
}

// A Sysctl describes one field of Sysctls.
type Sysctl struct {
	Name     string             // what follows net.ipv4.vs.
	Min, Max int                // bounds of a number; the kernel takes no others, or none make sense
	Unused   string             // why it has no effect here; empty: it has one
	Field    func(*Sysctls) any // where it is: *int, *[2]int or *string
}

// Why a sysctl has no effect here.
const (
	noSync       = "there is no sync daemon"
	noConntrack  = "there is no netfilter conntrack to keep entries in"
	ownRoutes    = "replies always take the director's own routes"
	onlyServices = "packets of other protocols never reach the director"
	noThreads    = "no kernel threads estimate rates"
	fixedTables  = "the tables do not change in size"
	noKernelLog  = "nothing is written to the kernel's log"
)

const maxInt = math.MaxInt32 // the kernel's

// SysctlTable are all of them, in the order of Sysctls.
var SysctlTable = [...]Sysctl{
	{"amemthresh", 0, maxInt, "", func(s *Sysctls) any { return &s.Amemthresh }},
	{"am_droprate", 0, maxInt, "", func(s *Sysctls) any { return &s.AmDroprate }},
	{"drop_entry", 0, 3, "", func(s *Sysctls) any { return &s.DropEntry }},
	{"drop_packet", 0, 3, "", func(s *Sysctls) any { return &s.DropPacket }},
	{"secure_tcp", 0, 3, "", func(s *Sysctls) any { return &s.SecureTCP }},

	{"conn_max", 0, 1 << 30, "", func(s *Sysctls) any { return &s.ConnMax }},
	{"conn_reuse_mode", 0, 3, "", func(s *Sysctls) any { return &s.ConnReuseMode }},
	{"expire_nodest_conn", 0, maxInt, "", func(s *Sysctls) any { return &s.ExpireNodestConn }},
	{"expire_quiescent_template", 0, maxInt, "", func(s *Sysctls) any { return &s.ExpireQuiescentTemplate }},
	{"sloppy_tcp", 0, maxInt, "", func(s *Sysctls) any { return &s.SloppyTCP }},
	{"sloppy_sctp", 0, maxInt, "", func(s *Sysctls) any { return &s.SloppySCTP }},
	{"schedule_icmp", 0, maxInt, "", func(s *Sysctls) any { return &s.ScheduleICMP }},
	{"cache_bypass", 0, maxInt, "", func(s *Sysctls) any { return &s.CacheBypass }},
	{"nat_icmp_send", 0, maxInt, "", func(s *Sysctls) any { return &s.NATICMPSend }},
	{"pmtu_disc", 0, maxInt, "", func(s *Sysctls) any { return &s.PMTUDisc }},
	{"lblc_expiration", 0, maxInt, "", func(s *Sysctls) any { return &s.LBLCExpiration }},
	{"lblcr_expiration", 0, maxInt, "", func(s *Sysctls) any { return &s.LBLCRExpiration }},
	{"run_estimation", 0, maxInt, "", func(s *Sysctls) any { return &s.RunEstimation }},

	{"backup_only", 0, maxInt, noSync, func(s *Sysctls) any { return &s.BackupOnly }},
	{"sync_version", 0, 1, noSync, func(s *Sysctls) any { return &s.SyncVersion }},
	{"sync_ports", 1, 1 << 30, noSync, func(s *Sysctls) any { return &s.SyncPorts }},
	{"sync_persist_mode", 0, maxInt, noSync, func(s *Sysctls) any { return &s.SyncPersistMode }},
	{"sync_qlen_max", 0, maxInt, noSync, func(s *Sysctls) any { return &s.SyncQlenMax }},
	{"sync_sock_size", 0, maxInt, noSync, func(s *Sysctls) any { return &s.SyncSockSize }},
	{"sync_threshold", 0, maxInt, noSync, func(s *Sysctls) any { return &s.SyncThreshold }},
	{"sync_refresh_period", 0, maxInt, noSync, func(s *Sysctls) any { return &s.SyncRefreshPeriod }},
	{"sync_retries", 0, 3, noSync, func(s *Sysctls) any { return &s.SyncRetries }},

	{"conntrack", 0, maxInt, noConntrack, func(s *Sysctls) any { return &s.Conntrack }},
	{"snat_reroute", 0, maxInt, ownRoutes, func(s *Sysctls) any { return &s.SNATReroute }},
	{"ignore_tunneled", 0, maxInt, onlyServices, func(s *Sysctls) any { return &s.IgnoreTunneled }},
	{"est_cpulist", 0, 0, noThreads, func(s *Sysctls) any { return &s.EstCPUList }},
	{"est_nice", -20, 19, noThreads, func(s *Sysctls) any { return &s.EstNice }},
	{"conn_lfactor", -8, 8, fixedTables, func(s *Sysctls) any { return &s.ConnLfactor }},
	{"svc_lfactor", -8, 8, fixedTables, func(s *Sysctls) any { return &s.SvcLfactor }},
	{"debug_level", 0, maxInt, noKernelLog, func(s *Sysctls) any { return &s.DebugLevel }},
}
