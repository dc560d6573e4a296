package lvs

import (
	"maps"
	"slices"
)

// SchedulerNames are the schedulers that New of package sched knows, by the
// names that ipvsadm's -s takes.
var SchedulerNames = [...]string{
	"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos",
}

// DefaultScheduler is what a service gets that names none (ipvsadm -s).
const DefaultScheduler = "wlc"

// SchedulerFlags refine a scheduler (ipvsadm -b). Each scheduler gives the bits
// its own meaning; those without one ignore them.
type SchedulerFlags uint32

// The flags, by the kernel's numbers (IP_VS_SVC_F_SCHED1 and 2). For sh and mh:
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

// Names returns the names of those flags in f that scheduler knows, sorted.
func (f SchedulerFlags) Names(scheduler string) (names []string) {
	known := SchedulerFlagNames[scheduler]
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if f&known[name] != 0 {
			names = append(names, name)
		}
	}
	return names
}
