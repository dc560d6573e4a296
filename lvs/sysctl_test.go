package lvs

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// kernelDefaults is what a new network namespace shows, from the kernel's
// documentation; host-dependent values are left out.
const kernelDefaults = `
am_droprate 10
amemthresh 1024
backup_only 0
cache_bypass 0
conn_lfactor -4
conn_max 1073741824
conn_reuse_mode 1
conntrack 0
debug_level 0
drop_entry 0
drop_packet 0
est_nice 0
expire_nodest_conn 0
expire_quiescent_template 0
ignore_tunneled 0
lblc_expiration 86400
lblcr_expiration 86400
nat_icmp_send 0
pmtu_disc 1
run_estimation 1
schedule_icmp 0
secure_tcp 0
sloppy_sctp 0
sloppy_tcp 0
snat_reroute 1
svc_lfactor -3
sync_persist_mode 0
sync_ports 1
sync_refresh_period 0
sync_retries 0
sync_sock_size 0
sync_threshold [3 50]
sync_version 1
`

func TestSysctlDefaults(t *testing.T) {
	s := DefaultSysctls()
	got := make(map[string]string)
	for _, k := range SysctlTable {
		got[k.Name] = fmt.Sprint(reflect.ValueOf(k.Field(&s)).Elem())
	}
	for _, line := range strings.Split(strings.TrimSpace(kernelDefaults), "\n") {
		name, want, _ := strings.Cut(line, " ")
		if got[name] != want {
			t.Errorf("default of %s = %q, want %q", name, got[name], want)
		}
		delete(got, name)
	}
	delete(got, "est_cpulist")
	delete(got, "sync_qlen_max")
	if len(got) != 0 {
		t.Errorf("the kernel has no %v", got)
	}
}

// TestSysctlTableIsComplete checks that each row has a field of its own, that
// each field has a row, and that the defaults are within the bounds.
func TestSysctlTableIsComplete(t *testing.T) {
	s := DefaultSysctls()
	rows := make(map[any]string)
	for _, k := range SysctlTable {
		field := k.Field(&s)
		if other := rows[field]; other != "" {
			t.Errorf("%s has the field of %s", k.Name, other)
		}
		rows[field] = k.Name
		if n, ok := field.(*int); ok && (*n < k.Min || *n > k.Max) {
			t.Errorf("default of %s = %d, not from %d to %d", k.Name, *n, k.Min, k.Max)
		}
	}
	fields := reflect.ValueOf(&s).Elem()
	for i := range fields.NumField() {
		name := rows[fields.Field(i).Addr().Interface()]
		field := fields.Type().Field(i).Name
		if !strings.EqualFold(strings.ReplaceAll(name, "_", ""), field) {
			t.Errorf("field %s has the row %q", field, name)
		}
	}
}
