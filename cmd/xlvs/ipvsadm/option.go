package ipvsadm

// A command is what a command line does. Its first option says it.
type command uint8

const (
	cmdNone command = iota
	cmdAddService
	cmdEditService
	cmdDeleteService
	cmdFlush
	cmdList
	cmdAddServer
	cmdDeleteServer
	cmdEditServer
	cmdSetTimeouts
	cmdStartDaemon
	cmdStopDaemon
	cmdRestore
	cmdSave
	cmdZero
	cmdHelp
	cmdVersion
	cmdAddLocal // this and the two below are not ipvsadm's but DPVS's
	cmdDeleteLocal
	cmdGetLocal
)

// commandNames are the names that messages have for commands.
var commandNames = [...]string{
	cmdAddService: "add-service", cmdEditService: "edit-service", cmdDeleteService: "delete-service", cmdFlush: "flush",
	cmdList: "list", cmdAddServer: "add-server", cmdDeleteServer: "delete-server", cmdEditServer: "edit-server",
	cmdSetTimeouts: "set", cmdStartDaemon: "start-daemon", cmdStopDaemon: "stop-daemon", cmdRestore: "restore", cmdSave: "save",
	cmdZero: "zero", cmdAddLocal: "add-laddr", cmdDeleteLocal: "del-laddr", cmdGetLocal: "get-laddr",
}

// An option is what a command may be given. Several words can stand for one.
type option uint8

// The options, in the order in which they are checked: of several mistakes in a
// command line the first is reported.
const (
	optNumeric option = iota
	optConnection
	optService
	optScheduler
	optPersistent
	optNetmask
	optServer
	optForward
	optWeight
	optUpper
	optLower
	optInterface
	optTimeout
	optDaemon
	optStats
	optRate
	optThresholds
	optPersistentConn
	optNoSort
	optSyncID
	optExact
	optOnePacket
	optEngine
	optFlags
	optGroup
	optPort
	optTTL
	optMaxLength
	optTunInfo
	optTunType
	optTunPort
	optTunNoCsum
	optTunCsum
	optTunRemCsum
	optLocal // this and those below are not ipvsadm's
	optClient
	optClamp
	options // how many there are
	noOption
)

// optionNames are the names that messages have for options.
var optionNames = [options]string{
	optNumeric: "numeric", optConnection: "connection", optService: "service-address", optScheduler: "scheduler",
	optPersistent: "persistent", optNetmask: "netmask", optServer: "real-server", optForward: "forwarding-method",
	optWeight: "weight", optUpper: "u-threshold", optLower: "l-threshold", optInterface: "mcast-interface",
	optTimeout: "timeout", optDaemon: "daemon", optStats: "stats", optRate: "rate", optThresholds: "thresholds",
	optPersistentConn: "persistent-conn", optNoSort: "nosort", optSyncID: "syncid", optExact: "exact",
	optOnePacket: "ops", optEngine: "pe", optFlags: "sched-flags", optGroup: "mcast-group", optPort: "mcast-port",
	optTTL: "mcast-ttl", optMaxLength: "sync-maxlen", optTunInfo: "tun-info", optTunType: "tun-type",
	optTunPort: "tun-port", optTunNoCsum: "tun-nocsum", optTunCsum: "tun-csum", optTunRemCsum: "tun-remcsum",
	optLocal: "local-address", optClient: "client-address", optClamp: "mss-clamp",
}

// An optionSet has a bit for each option in it.
type optionSet uint64

// setOf returns the set of list.
func setOf(list ...option) (s optionSet) {
	for _, o := range list {
		s |= 1 << o
	}
	return s
}

func (s optionSet) has(o option) bool { return s>>o&1 != 0 }
