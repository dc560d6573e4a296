package ipvsadm

// A word is what stands on a command line for a command or an option.
type word struct {
	long    string
	short   byte // 0: none
	arity   arity
	command command // 0: it stands for an option
	option  option  // noOption: it may be repeated

	// read takes the argument, if there is one; nil: there is nothing to take.
	read func(p *parser, argument string) *failure
}

// words are all that there are.
var words = [...]word{
	{long: "add-service", short: 'A', command: cmdAddService},
	{long: "edit-service", short: 'E', command: cmdEditService},
	{long: "delete-service", short: 'D', command: cmdDeleteService},
	{long: "clear", short: 'C', command: cmdFlush},
	{long: "list", short: 'L', command: cmdList},
	{long: "list", short: 'l', command: cmdList},
	{long: "zero", short: 'Z', command: cmdZero},
	{long: "add-server", short: 'a', command: cmdAddServer},
	{long: "edit-server", short: 'e', command: cmdEditServer},
	{long: "delete-server", short: 'd', command: cmdDeleteServer},
	{long: "set", command: cmdSetTimeouts},
	{long: "help", short: 'h', command: cmdHelp},
	{long: "version", short: 'v', command: cmdVersion},
	{long: "restore", short: 'R', command: cmdRestore},
	{long: "save", short: 'S', command: cmdSave},
	{long: "start-daemon", arity: withArgument, command: cmdStartDaemon, read: daemonState("illegal start-daemon parameter specified")},
	{long: "stop-daemon", arity: withArgument, command: cmdStopDaemon, read: daemonState("illegal start_daemon specified")},
	{long: "add-laddr", short: 'P', command: cmdAddLocal},
	{long: "del-laddr", short: 'Q', command: cmdDeleteLocal},
	{long: "get-laddr", short: 'G', command: cmdGetLocal},

	{long: "tcp-service", short: 't', arity: withArgument, option: optService, read: (*parser).readTCP},
	{long: "udp-service", short: 'u', arity: withArgument, option: optService, read: (*parser).readUDP},
	{long: "sctp-service", arity: withArgument, option: optService, read: (*parser).readSCTP},
	{long: "fwmark-service", short: 'f', arity: withArgument, option: optService, read: (*parser).readMark},
	{long: "ipv6", short: '6', option: noOption, read: (*parser).readIPv6},
	{long: "scheduler", short: 's', arity: withArgument, option: optScheduler, read: (*parser).readScheduler},
	{long: "persistent", short: 'p', arity: mayHaveArgument, option: optPersistent, read: (*parser).readPersistent},
	{long: "netmask", short: 'M', arity: withArgument, option: optNetmask, read: (*parser).readNetmask},
	{long: "pe", arity: withArgument, option: optEngine, read: (*parser).readEngine},
	{long: "ops", short: 'o', option: optOnePacket, read: (*parser).readOnePacket},
	{long: "sched-flags", short: 'b', arity: withArgument, option: optFlags, read: (*parser).readFlags},

	{long: "real-server", short: 'r', arity: withArgument, option: optServer, read: (*parser).readServer},
	{long: "masquerading", short: 'm', option: optForward, read: (*parser).readNAT},
	{long: "ipip", short: 'i', option: optForward, read: (*parser).readTunnel},
	{long: "gatewaying", short: 'g', option: optForward, read: (*parser).readDirectRouting},
	{long: "fullnat", option: optForward, read: (*parser).readFullNAT},
	{long: "weight", short: 'w', arity: withArgument, option: optWeight, read: (*parser).readWeight},
	{long: "u-threshold", short: 'x', arity: withArgument, option: optUpper, read: (*parser).readUpper},
	{long: "l-threshold", short: 'y', arity: withArgument, option: optLower, read: (*parser).readLower},
	{long: "tun-type", arity: withArgument, option: optTunType, read: (*parser).readTunnelType},
	{long: "tun-port", arity: withArgument, option: optTunPort, read: (*parser).readTunnelPort},
	{long: "tun-nocsum", option: optTunNoCsum},
	{long: "tun-csum", option: optTunCsum, read: (*parser).readCsum},
	{long: "tun-remcsum", option: optTunRemCsum, read: (*parser).readRemCsum},

	{long: "numeric", short: 'n', option: optNumeric},
	{long: "connection", short: 'c', option: optConnection},
	{long: "timeout", option: optTimeout},
	{long: "daemon", option: optDaemon},
	{long: "stats", option: optStats},
	{long: "rate", option: optRate},
	{long: "thresholds", option: optThresholds},
	{long: "persistent-conn", option: optPersistentConn},
	{long: "tun-info", option: optTunInfo},
	{long: "nosort", option: optNoSort},
	{long: "sort", option: noOption},
	{long: "exact", short: 'X', option: optExact},

	{long: "syncid", arity: withArgument, option: optSyncID, read: within("illegal syncid specified", 0, 255)},
	{long: "sync-maxlen", arity: withArgument, option: optMaxLength, read: within("illegal sync-maxlen specified", 1, 65507)},
	{long: "mcast-interface", arity: withArgument, option: optInterface},
	{long: "mcast-group", arity: withArgument, option: optGroup, read: (*parser).readGroup},
	{long: "mcast-port", arity: withArgument, option: optPort, read: within("illegal mcast-port specified", 1, 65535)},
	{long: "mcast-ttl", arity: withArgument, option: optTTL, read: within("illegal mcast-ttl specified", 1, 255)},

	{long: "local-address", short: 'z', arity: withArgument, option: optLocal, read: (*parser).readLocal},
	{long: "client-address", arity: withArgument, option: optClient, read: (*parser).readClient},
	{long: "mss-clamp", option: optClamp, read: (*parser).readClamp},
	{long: "no-mss-clamp", option: optClamp, read: (*parser).readNoClamp},
}
