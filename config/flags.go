package config

import (
	"maps"
	"slices"

	"xlvs/lvs"
)

// scheduled reports whether s names a scheduler that there is.
func (s *Service) scheduled() bool { return slices.Contains(lvs.SchedulerNames[:], s.Scheduler) }

// knownFlags returns all flags that a scheduler knows.
func knownFlags(scheduler string) (all lvs.SchedulerFlags) {
	for _, flag := range lvs.SchedulerFlagNames[scheduler] {
		all |= flag
	}
	return all
}

// flagsAllowed says for an error which flags a scheduler knows.
func flagsAllowed(scheduler string) string {
	names := slices.Sorted(maps.Keys(lvs.SchedulerFlagNames[scheduler]))
	if len(names) == 0 {
		return scheduler + " has none"
	}
	return "with " + scheduler + " it must be " + orList(names)
}
