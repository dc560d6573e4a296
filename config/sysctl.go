package config

import (
	"fmt"
	"strings"

	"xlvs/lvs"
)

// decodeSysctls sets what [sysctl] mentions.
func decodeSysctls(t *table, s *lvs.Sysctls) {
	for _, k := range lvs.SysctlTable {
		switch field := k.Field(s).(type) {
		case *int:
			t.integer(k.Name, field)
		case *[2]int:
			t.pair(k.Name, field)
		case *string:
			read(t, k.Name, "a string", field)
		}
	}
	t.done()
}

// sysctlValue returns what s has for k: an int, a [2]int or a string.
func sysctlValue(s *lvs.Sysctls, k *lvs.Sysctl) any {
	switch field := k.Field(s).(type) {
	case *int:
		return *field
	case *[2]int:
		return *field
	case *string:
		return *field
	}
	return nil
}

// checkSysctls reports what is wrong with s.
func checkSysctls(s *lvs.Sysctls, r reporter) {
	for i := range lvs.SysctlTable {
		k := &lvs.SysctlTable[i]
		switch v := sysctlValue(s, k).(type) {
		case int:
			r.check(k.Name, within(k.Name, v, k.Min, k.Max))
		case [2]int:
			r.check(k.Name, checkThreshold(k, v))
		case string:
			r.check(k.Name, checkCPUs(k.Name, v))
		}
	}
	if n := s.SyncPorts; n&(n-1) != 0 {
		r("sync_ports", fmt.Errorf("sync_ports %d: %w: must be a power of two", n, ErrRange))
	}
}

// checkThreshold checks sync_threshold: packets, and the period in which they
// are counted.
func checkThreshold(k *lvs.Sysctl, v [2]int) error {
	for _, n := range v {
		if err := within(k.Name, n, k.Min, k.Max); err != nil {
			return err
		}
	}
	if threshold, period := v[0], v[1]; period != 0 && threshold >= period {
		return fmt.Errorf("%s %v: %w: the first must be below the second, or that 0", k.Name, v, ErrRange)
	}
	return nil
}

// checkCPUs checks a list of processors as the kernel writes them: "0-3,8".
func checkCPUs(key, list string) error {
	if strings.Trim(list, "0123456789,-") != "" {
		return fmt.Errorf("%s %q: %w: must be processors, as in \"0-3,8\"", key, list, ErrRange)
	}
	return nil
}

// sysctlFile returns what Write encodes of s: of what has no effect, only what is
// not as the kernel begins with.
func sysctlFile(s *lvs.Sysctls) map[string]any {
	defaults := lvs.DefaultSysctls()
	f := make(map[string]any)
	for i := range lvs.SysctlTable {
		k := &lvs.SysctlTable[i]
		if v := sysctlValue(s, k); k.Unused == "" || v != sysctlValue(&defaults, k) {
			f[k.Name] = v
		}
	}
	return f
}
