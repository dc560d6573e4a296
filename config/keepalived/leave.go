package keepalived

import "strings"

// Why statements are left out.
const (
	noChecks  = "health checks are not part of xlvs yet: real servers are always in service"
	noScripts = "xlvs runs no scripts"
	noMail    = "xlvs sends no mail"
	noSNMP    = "xlvs does not speak SNMP"
	noSync    = "directors do not tell one another of connections"
	noVRRP    = "VRRP is not part of xlvs: keepalived --vrrp can go on doing it"
	notOurs   = "xlvs leaves the host's addresses, routes and rules alone"
	startsNew = "a director begins with no services and leaves none behind"
	ofItself  = "a setting of keepalived itself"
	noMeaning = "it changes nothing"
	unknown   = "no keyword of keepalived here"
)

// A reason is why keywords that begin in one way are left out.
type reason struct{ prefix, text string }

// Of several reasons that fit a keyword the first counts.
var (
	rootReasons = []reason{
		{"vrrp_", noVRRP}, {"garp_", noVRRP}, {"linkbeat_", noVRRP}, {"interface_up_down_delays", noVRRP},
		{"track_", "nothing of xlvs depends on what it tracks"},
		{"bfd_instance", "BFD is not part of xlvs"},
		{"static_", notOurs},
		{"SSL", noChecks},
		{"net_namespace", "a director is in the network namespace that it is started in"},
		{"namespace_with_ipsets", ofItself}, {"instance", ofItself}, {"use_pid_dir", ofItself}, {"include_check", ofItself},
	}
	globalReasons = []reason{
		{"lvs_flush", startsNew},
		{"lvs_sync_daemon", noSync},
		{"lvs_notify_", noScripts}, {"script_", noScripts}, {"enable_script_security", noScripts}, {"notify_", noScripts},
		{"notification_", noMail}, {"smtp_", noMail}, {"email_", noMail},
		{"snmp_", noSNMP}, {"enable_snmp", noSNMP}, {"enable_traps", noSNMP}, {"enable_dbus", "xlvs is not on D-Bus"},
		{"vrrp_", noVRRP}, {"garp_", noVRRP}, {"default_interface", noVRRP}, {"dynamic_interfaces", noVRRP},
		{"checker_", noChecks}, {"nftables_ipvs", "a group is a service for each of its addresses"},
		{"", ofItself},
	}
	virtualReasons = []reason{
		{"sorry_server", "it steps in when health checks find no real server, and " + noChecks},
		{"smtp_alert", noMail}, {"snmp_name", noSNMP},
		{"quorum_", noScripts}, {"notify_", noScripts},
		{"ha_suspend", "it is about health checks beside VRRP: neither is part of xlvs yet"},
		{"hashed", noMeaning},
		{"alpha", noChecks}, {"omega", noScripts}, {"quorum", noChecks}, {"hysteresis", noChecks},
		{"connect_timeout", noChecks}, {"retry", noChecks}, {"delay_", noChecks}, {"warmup", noChecks},
		{"inhibit_on_failure", noChecks}, {"virtualhost", noChecks},
		{"HTTP_GET", noChecks}, {"SSL_GET", noChecks}, {"TCP_CHECK", noChecks}, {"SMTP_CHECK", noChecks},
		{"DNS_CHECK", noChecks}, {"MISC_CHECK", noChecks}, {"BFD_CHECK", noChecks}, {"PING_CHECK", noChecks},
		{"UDP_CHECK", noChecks}, {"FILE_CHECK", noChecks},
	}
)

// leave notes that s is left out, with what is in its braces, and the first of
// reasons for it.
func (t *translation) leave(s *statement, reasons []reason) {
	text := unknown
	for _, r := range reasons {
		if strings.HasPrefix(s.keyword(), r.prefix) {
			text = r.text
			break
		}
	}
	t.notes.add(s.at, "%s: %s", s, text)
}
