package keepalived

import (
	"strings"
	"testing"
)

// service returns a virtual_server with a real server for TCP, and more inside.
func service(more ...string) string {
	return "virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_kind NAT\nreal_server 198.51.100.1 80\n" + strings.Join(more, "\n") + "\n}\n"
}

// plain is what service makes without more.
const plain = "-A TCP 192.0.2.1:80 -s wlc\n-a -r 198.51.100.1:80 -m -w 1\n"

func TestServices(t *testing.T) {
	web := plain[:strings.Index(plain, "\n")]
	tests := map[string]struct {
		text  string
		rules string
		notes string // what the only one contains; "": there is none
	}{
		"an empty file":             {"", "", ""},
		"a service":                 {service(), plain, ""},
		"on one line":               {"virtual_server 192.0.2.1 80 { protocol TCP\nreal_server 198.51.100.1 80 { weight 2 } }", web + "\n-a -r 198.51.100.1:80 -m -w 2\n", ""},
		"brace at the word":         {"virtual_server 192.0.2.1 80{\nprotocol TCP\nreal_server 198.51.100.1 80{\n}}", plain, ""},
		"words in quotation marks":  {service(`lb_algo "rr"`), strings.Replace(plain, "wlc", "rr", 1), ""},
		"a comment behind a word":   {service("lb_algo rr#comment"), strings.Replace(plain, "wlc", "rr", 1), ""},
		"capitals and dots":         {service("persistence_timeout 1"), web + " -p 1 -M 32\n-a -r 198.51.100.1:80 -m -w 1\n", ""},
		"method after real servers": {service("lb_kind DR"), strings.Replace(plain, "-m", "-g", 1), ""},
		"weight for all":            {service("weight 9"), strings.Replace(plain, "-w 1", "-w 9", 1), ""},
		"no real servers":           {"virtual_server 192.0.2.1 80 {\n}\n", "", "no real servers"},
		"the same service twice":    {service() + service(), plain, "there is a service TCP 192.0.2.1:80"},
		"the same real server":      {service("real_server 198.51.100.1 80"), plain, "it is there already"},
		"no port": {
			"virtual_server 192.0.2.1 {\nprotocol TCP\nreal_server 198.51.100.1\n}", "-A TCP 192.0.2.1:0 -s wlc -p 360 -M 32\n-a -r 198.51.100.1:0 -m -w 1\n",
			"needs persistence",
		},
		"a mask implies persistence":   {service("persistence_granularity 255.255.0.0"), web + " -p 360 -M 16\n-a -r 198.51.100.1:80 -m -w 1\n", ""},
		"a mask with holes":            {service("persistence_granularity 255.0.255.0"), web + " -p 360 -M 32\n-a -r 198.51.100.1:80 -m -w 1\n", "must be a mask"},
		"a host name":                  {"virtual_server www.example.com 80 {\nreal_server 198.51.100.1 80\n}", "", "must be an IP address"},
		"a host name of a real server": {service("real_server www.example.com 80"), plain, "must be an IP address"},
		"a port too high":              {service("real_server 198.51.100.2 65536"), plain, "from 1 to 65535"},
		"a multicast address":          {service("real_server 224.0.0.1 80"), plain, "must be unicast"},
		"a scheduler of nobody":        {service("lb_algo random"), plain, "no such scheduler"},
		"a flag of another scheduler":  {service("mh-port"), plain, "wlc has no such flag"},
		"a third flag":                 {service("lb_algo mh", "flag-3"), strings.Replace(plain, "wlc", "mh -b flag-3", 1), ""},
		"one packet by TCP":            {service("ops"), plain, "ops is for UDP"},
		"an engine of nobody":          {service("persistence_engine h323"), plain, "no such engine"},
		"a time of nothing":            {service("persistence_timeout 0"), plain, "from 1 to 2678400"},
		"a protocol of nobody":         {service("protocol DCCP"), plain, "must be TCP, UDP or SCTP"},
		"a method of nobody":           {service("lb_kind FNAT"), plain, "must be NAT, DR or TUN"},
		"a tunnel of nobody":           {service("lb_kind TUN type vxlan"), plain, "must be ipip, gue or gre"},
		"two settings on one line":     {service("lb_kind DR protocol TCP"), plain, `unknown option "protocol"`},
		"gue without a port":           {service("real_server 198.51.100.2 80 {\nlvs_method TUN type gue\n}"), plain, "tun_port 0"},
		"a weight too high":            {service("weight 65536"), plain, "from 1 to 65535"},
		"thresholds crossed":           {service("real_server 198.51.100.2 80 {\nuthreshold 1\nlthreshold 2\n}"), plain, "l_threshold 2"},
		"a keyword of nobody":          {service("bogus 1"), plain, "no keyword of keepalived"},
		"a timeout of zero":            {"global_defs {\nlvs_timeouts tcp 0 udp 0\n}", "", ""},
		"a timeout of nobody":          {"global_defs {\nlvs_timeouts sctp 5\n}", "", "must be tcp, tcpfin or udp"},
		"a group of nobody":            {"virtual_server group g {\nreal_server 198.51.100.1 80\n}", "", "no such virtual_server_group"},
		"a group for nobody":           {"virtual_server_group g {\n192.0.2.1 80\n}", "", "no virtual_server names it"},
		"a mark of zero":               {"virtual_server fwmark 0 {\nreal_server 198.51.100.1\n}", "", "from 1 to 4294967295"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, notes := parse(t, tt.text, nil)
			if got := rules(c); got != tt.rules {
				t.Errorf("services are\n%s\nwant\n%s", got, tt.rules)
			}
			if tt.notes == "" && len(notes) > 0 || tt.notes != "" && (len(notes) != 1 || !strings.Contains(notes[0].Text, tt.notes)) {
				t.Errorf("notes %q, want %q", notes, tt.notes)
			}
		})
	}
}

func TestMarkFamily(t *testing.T) {
	tests := map[string]struct{ text, key string }{
		"of real servers":         {"virtual_server fwmark 1 {\nreal_server 2001:db8::1\n}", "FWM 1 IPv6"},
		"of a word":               {"virtual_server fwmark 1 {\nip_family inet6\nlb_kind TUN\nreal_server 198.51.100.1\n}", "FWM 1 IPv6"},
		"of tunnels":              {"virtual_server fwmark 1 {\nlb_kind TUN\nreal_server 2001:db8::1\n}", "FWM 1 IPv6"},
		"of tunnels of both":      {"virtual_server fwmark 1 {\nlb_kind TUN\nreal_server 2001:db8::1\nreal_server 198.51.100.1\n}", "FWM 1"},
		"of a tunnel and another": {"virtual_server fwmark 1 {\nlb_kind TUN\nreal_server 198.51.100.1\nreal_server 2001:db8::1 {\nlvs_method DR\n}\n}", "FWM 1 IPv6"},
		"of a line in a group":    {"virtual_server_group g {\nfwmark 1 inet6\n}\nvirtual_server group g {\nlb_kind TUN\nreal_server 198.51.100.1\n}", "FWM 1 IPv6"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := parse(t, tt.text, nil)
			if len(c.Services) != 1 || c.Services[0].String() != tt.key {
				t.Errorf("services %v, want %s", c.Services, tt.key)
			}
		})
	}
}
