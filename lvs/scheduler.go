package lvs

// SchedulerNames are the schedulers that New of package sched knows, by the
// names that ipvsadm's -s takes.
var SchedulerNames = [...]string{
	"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos",
}

// NoScheduler is what ipvsadm's -s takes, and a list shows, for a service that has
// none: it gets no new connections.
const NoScheduler = "none"

// DefaultScheduler is what a service gets that names none (ipvsadm -s).
const DefaultScheduler = "wlc"

// SchedulerFlags refine a scheduler (ipvsadm -b). Each scheduler gives the bits
// its own meaning; those without one ignore them.
type SchedulerFlags uint32

// AllSchedulerFlags are all that there are (IP_VS_SVC_F_SCHED1 to 3).
const AllSchedulerFlags SchedulerFlags = 0x0038

// The flags that mean something to sh and mh (IP_VS_SVC_F_SCHED1 and 2):
const (
	SchedulerFallback SchedulerFlags = 0x0008 // another destination in the place of an unusable one
	SchedulerPort     SchedulerFlags = 0x0010 // the source port is hashed too
)

// SchedulerFlagNames are the flags that each scheduler knows, by the names that
// ipvsadm's -b takes.
var SchedulerFlagNames = map[string]map[string]SchedulerFlags{
	"sh": {"sh-fallback": SchedulerFallback, "sh-port": SchedulerPort},
	"mh": {"mh-fallback": SchedulerFallback, "mh-port": SchedulerPort},
}

// schedulerFlags are the flags in their order, by the names that ipvsadm's -b takes
// with every scheduler.
var schedulerFlags = [...]struct {
	name string
	flag SchedulerFlags
}{{"flag-1", 0x0008}, {"flag-2", 0x0010}, {"flag-3", 0x0020}}

// SchedulerFlag returns the flag that ipvsadm's -b takes by name with scheduler:
// one of those that it knows, or "flag-1" to "flag-3".
func SchedulerFlag(scheduler, name string) (flag SchedulerFlags, ok bool) {
	if flag, ok = SchedulerFlagNames[scheduler][name]; ok {
		return flag, true
	}
	for _, f := range schedulerFlags {
		if f.name == name {
			return f.flag, true
		}
	}
	return 0, false
}

// Names returns the names of the flags in f in their order, each by the name that
// scheduler has for it, if it has one.
func (f SchedulerFlags) Names(scheduler string) (names []string) {
	for _, known := range schedulerFlags {
		if f&known.flag == 0 {
			continue
		}
		name := known.name
		for own, flag := range SchedulerFlagNames[scheduler] {
			if flag == known.flag {
				name = own
			}
		}
		names = append(names, name)
	}
	return names
}
