package config

import (
	"slices"

	"xlvs/lvs"
)

// scheduled reports whether s names a scheduler that there is, or says that it has
// none.
func (s *Service) scheduled() bool {
	return s.Scheduler == lvs.NoScheduler || slices.Contains(lvs.SchedulerNames[:], s.Scheduler)
}

// flagsAllowed says for an error which flags a scheduler takes.
func flagsAllowed(scheduler string) string {
	return "with " + scheduler + " it must be " + orList(lvs.AllSchedulerFlags.Names(scheduler))
}
