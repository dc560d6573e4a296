package ipvsadm

import "xlvs/lvs"

// A rule says which options go with a command, or with a type of tunnel. Those in
// none of its sets are illegal.
type rule struct {
	needs optionSet
	may   optionSet
	oneOf optionSet // at most one of these
}

var (
	tunnelOptions = setOf(optTunType, optTunPort, optTunNoCsum, optTunCsum, optTunRemCsum)
	ofService     = setOf(optScheduler, optPersistent, optNetmask, optOnePacket, optEngine, optFlags, optLocal, optClient, optClamp)
	ofServer      = setOf(optForward, optWeight, optUpper, optLower) | tunnelOptions
	ofDaemon      = setOf(optInterface, optSyncID, optGroup, optPort, optTTL, optMaxLength)
	ofList        = setOf(optNumeric, optStats, optRate, optThresholds, optPersistentConn, optNoSort, optSyncID, optExact, optTunInfo)

	theService = setOf(optService)
	theServer  = setOf(optService, optServer)
)

// rules are those of commands; one that is not there takes no options.
var rules = [...]rule{
	cmdAddService:    {needs: theService, may: ofService},
	cmdEditService:   {needs: theService, may: ofService},
	cmdDeleteService: {needs: theService},
	cmdList:          {may: ofList, oneOf: theService | setOf(optConnection, optTimeout, optDaemon)},
	cmdAddServer:     {needs: theServer, may: ofServer},
	cmdDeleteServer:  {needs: theServer},
	cmdEditServer:    {needs: theServer, may: ofServer},
	cmdStartDaemon:   {may: ofDaemon},
	cmdStopDaemon:    {may: setOf(optSyncID)},
	cmdSave:          {may: setOf(optNumeric)},
	cmdZero:          {may: theService},
	cmdAddLocal:      {needs: setOf(optService, optLocal)},
	cmdDeleteLocal:   {needs: setOf(optService, optLocal)},
	cmdGetLocal:      {may: setOf(optService, optNumeric)},
}

// tunnelRules are those of the types of tunnels.
var tunnelRules = [...]rule{
	lvs.TunnelIPIP: {may: setOf(optTunType)},
	lvs.TunnelGUE:  {needs: setOf(optTunPort), may: setOf(optTunType), oneOf: setOf(optTunNoCsum, optTunCsum, optTunRemCsum)},
	lvs.TunnelGRE:  {may: setOf(optTunType), oneOf: setOf(optTunNoCsum, optTunCsum)},
}

// check looks for the first of among that is missing or does not go with the
// others given. subject is what messages say the rule is for.
func (r rule) check(given, among optionSet, subject string) *failure {
	chosen := noOption
	for o := range options {
		switch {
		case !among.has(o):
		case r.needs.has(o) && !given.has(o):
			return usage("You need to supply the '%s' option for the %s", optionNames[o], subject)
		case !given.has(o) || (r.needs | r.may).has(o):
		case !r.oneOf.has(o):
			return usage("Illegal '%s' option with the %s", optionNames[o], subject)
		case chosen != noOption:
			return usage("The option '%s' conflicts with the '%s' option in the %s", optionNames[o], optionNames[chosen], subject)
		default:
			chosen = o
		}
	}
	return nil
}
