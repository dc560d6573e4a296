package ipvsadm

import (
	"math/bits"
	"strings"

	"xlvs/lvs"
)

// check looks for what does not go together.
func (p *parser) check() *failure {
	if f := p.checkFlags(); f != nil {
		return f
	}
	var r rule
	if int(p.command) < len(rules) {
		r = rules[p.command]
	}
	if f := r.check(p.given, 1<<options-1, "'"+commandNames[p.command]+"' command"); f != nil {
		return f
	}
	p.service.ServiceKey, p.service.LocalAddresses = p.key, withPorts(p.locals)
	switch p.command {
	case cmdAddService, cmdEditService:
		return p.checkService()
	case cmdAddServer, cmdEditServer:
		return p.checkServer()
	case cmdList:
		return p.checkList()
	}
	return nil
}

// checkFlags reads the flags, each of which a scheduler may have to itself.
func (p *parser) checkFlags() *failure {
	for name := range strings.FieldsFuncSeq(p.flags, func(r rune) bool { return r == ',' }) {
		flag, ok := lvs.SchedulerFlag(p.service.Scheduler, name)
		if !ok && knownFlag(name) {
			return usage("incompatible scheduler flag `%s'", name)
		}
		if !ok {
			return usage("invalid scheduler flag `%s'", name)
		}
		p.service.Flags |= flag
	}
	return nil
}

// knownFlag reports whether some scheduler has a flag of that name.
func knownFlag(name string) bool {
	for _, flags := range lvs.SchedulerFlagNames {
		if _, ok := flags[name]; ok {
			return true
		}
	}
	return false
}

// checkService completes the service of -A and -E.
func (p *parser) checkService() *failure {
	persistent := p.given.has(optPersistent)
	switch {
	case p.key.Mark == 0 && p.key.Port == 0 && !persistent:
		return usage("Zero port specified for non-persistent service")
	case p.given.has(optOnePacket) && p.key.Mark == 0 && p.key.Protocol != lvs.UDP:
		return usage("One-Packet Scheduling is only for UDP virtual services")
	case !persistent:
		return nil
	}
	p.service.MaskBits = p.mask6
	if p.key.VIP.Is4() {
		p.service.MaskBits = bits.OnesCount32(p.mask4)
		if bits.LeadingZeros32(^p.mask4) != p.service.MaskBits { // the kernel takes these, no one means them
			return usage("illegal virtual server persistent mask specified")
		}
	}
	return nil
}

// checkServer completes the real server of -a and -e. A packet that is not
// rewritten comes to the port that the client sent it to.
func (p *parser) checkServer() *failure {
	r := &p.real
	unchanged := r.Method == lvs.DirectRouting || r.Method == lvs.Tunnel
	if unchanged && p.key.Mark == 0 {
		r.Port = p.key.Port
	}
	switch {
	case r.Addr.Is4() != p.key.VIP.Is4() && r.Method != lvs.Tunnel && r.Method != lvs.FullNAT:
		return usage("Different address family is allowed only for tunneling servers")
	case r.Method == lvs.Tunnel:
		return tunnelRules[r.Tunnel].check(p.given, tunnelOptions, "'"+r.Tunnel.String()+"' tunnel type")
	case p.given&tunnelOptions != 0:
		return usage("Tunnel options conflict with forward method")
	}
	return nil
}

// checkList looks for lists that do not have the columns asked for.
func (p *parser) checkList() *failure {
	columns := setOf(optStats, optRate, optThresholds)
	if p.given&setOf(optTimeout, optDaemon) != 0 {
		columns |= setOf(optPersistentConn)
	}
	if p.given&setOf(optConnection, optTimeout, optDaemon) != 0 && p.given&columns != 0 {
		return usage("options conflicts in the list command")
	}
	return nil
}
