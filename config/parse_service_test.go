package config

import (
	"slices"
	"strings"
	"testing"
)

// TestParseServiceErrors has mistakes in what a service has beyond its address
// and its scheduler. What depends on a value that cannot be read is no second
// mistake.
func TestParseServiceErrors(t *testing.T) {
	const (
		service  = "[[service]]\nprotocol = \"udp\"\nvip = \"192.0.2.1\"\nport = 0\n"
		lasting  = service + "persistence = \"5m\"\n"
		rule     = "[[mark]]\nmark = 5\ndestination = \"192.0.2.1\"\n"
		byMark   = rule + "[[service]]\nmark = 5\n"
		limited  = lasting + "[[service.real]]\naddress = \"198.51.100.1\"\n"
		overflow = "9223372036854775807\n"
	)
	tests := map[string]struct {
		in   string
		want error
		at   string
	}{
		"persistence is a boolean":     {service + "persistence = true\n", ErrType, "5: persistence"},
		"persistence overflows":        {service + "persistence = " + overflow, ErrRange, "5:"},
		"persistence of half a second": {service + "persistence = \"1s500ms\"\n", ErrRange, "5:"},
		"persistence of 0 seconds": {
			strings.Replace(service, "= 0", "= 53", 1) + "persistence = 0\n", ErrRange, "5: persistence 0s",
		},
		"engine, persistence unreadable": {service + "persistence = \"long\"\nengine = \"sip\"\n", ErrType, "5:"},
		"engine, protocol unreadable": {
			strings.Replace(lasting, "udp", "sip", 1) + "engine = \"sip\"\n", ErrUnknownName, "2:",
		},
		"netmask with a hole":            {lasting + "netmask = \"255.0.255.0\"\n", ErrType, "6:"},
		"netmask with a slash":           {lasting + "netmask = \"/24\"\n", ErrType, "6:"},
		"netmask of the other family":    {lasting + "netmask = \"ffff::\"\n", ErrType, "6:"},
		"netmask of no bits, IPv6":       {strings.Replace(lasting, "192.0.2.1", "2001:db8::1", 1) + "netmask = \"::\"\n", ErrRange, "6:"},
		"netmask overflows":              {lasting + "netmask = " + overflow, ErrRange, "6:"},
		"netmask, address unreadable":    {strings.Replace(lasting, "192", "1192", 1) + "netmask = \"255.0.0.0\"\n", ErrAddress, "3:"},
		"one_packet is a number":         {lasting + "one_packet = 1\n", ErrType, "6:"},
		"flags are a string":             {lasting + "flags = \"sh-port\"\n", ErrType, "6:"},
		"flag of another scheduler":      {lasting + "scheduler = \"mh\"\nflags = [\"mh-port\",\n\"sh-port\"]\n", ErrUnknownName, "8:"},
		"flags, scheduler unknown":       {lasting + "scheduler = \"m\"\nflags = [\"mh-port\"]\n", ErrUnknownName, "6:"},
		"lower threshold is too high":    {limited + "u_threshold = 1\nl_threshold = 2\n", ErrRange, "9:"},
		"lower threshold, no upper":      {limited + "l_threshold = 2\n", ErrRange, "8:"},
		"lower threshold, upper a text":  {limited + "l_threshold = 2\nu_threshold = \"1\"\n", ErrType, "9:"},
		"upper threshold overflows":      {limited + "u_threshold = " + overflow, ErrRange, "8:"},
		"mark beside an address":         {byMark + "port = 80\n", ErrUnknownKey, "6:"},
		"family beside an address":       {lasting + "family = \"ipv4\"\n", ErrUnknownKey, "6:"},
		"mark zero":                      {"[[service]]\nmark = 0\n", ErrRange, "2:"},
		"mark of 33 bits":                {"[[service]]\nmark = 4294967296\n", ErrRange, "2:"},
		"mark is hexadecimal text":       {"[[service]]\nmark = \"0x5\"\n", ErrType, "2:"},
		"rule without a destination":     {"[[mark]]\nmark = 5\n", ErrMissingKey, "1:"},
		"rule's destination unreadable":  {strings.Replace(byMark, "192", "1192", 1), ErrAddress, "3:"},
		"rule's mark unreadable":         {strings.Replace(byMark, "5", "-5", 1), ErrRange, "2:"},
		"rule's destination with a zone": {strings.Replace(rule, "192.0.2.1", "fe80::1%eth0", 1), ErrAddress, "3:"},
		"rule for port 65536":            {rule + "ports = \"65536\"\n", ErrType, "4:"},
		"rule for an open range":         {rule + "ports = \"1024-\"\n", ErrType, "4:"},
		"rule for no port":               {rule + "ports = \"\"\n", ErrType, "4:"},
		"rule for a port's number":       {rule + "ports = 80\n", ErrType, "4:"},
		"rule for an unlisted interface": {
			"dataplane.interfaces = [\"eth0\"]\n" + rule + "interface = \"eth1\"\n", ErrForeignInterface, "5:",
		},
		"second rule is the first":   {rule + rule, ErrDuplicateMark, "4: mark rule 2"},
		"sysctl in net.ipv4.vs":      {"[sysctl]\nnet.ipv4.vs.conntrack = 1\n", ErrUnknownKey, "2:"},
		"sysctl is a boolean":        {"[sysctl]\nsloppy_tcp = true\n", ErrType, "2:"},
		"sysctl of one number":       {"[sysctl]\nsync_threshold = 3\n", ErrType, "2:"},
		"sysctl of three numbers":    {"[sysctl]\nsync_threshold = [\n3, 50, 7]\n", ErrType, "2:"},
		"sysctl of a text and one":   {"[sysctl]\nsync_threshold = [3,\n\"50\"]\n", ErrType, "3:"},
		"sysctl in the kernel's way": {"[sysctl]\nsync_threshold = \"3 50\"\n", ErrType, "2:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { failsToParse(t, tt.in, tt.want, tt.at) })
	}
}

func TestParseNetmask(t *testing.T) {
	tests := map[string]struct {
		vip, netmask string
		want         int
	}{
		"none, IPv4":       {"192.0.2.1", "", 32},
		"none, IPv6":       {"2001:db8::1", "", 128},
		"number":           {"192.0.2.1", "netmask = 24", 24},
		"all is one":       {"192.0.2.1", "netmask = \"0.0.0.0\"", 0},
		"as ipvsadm's":     {"192.0.2.1", "netmask = \"255.255.254.0\"", 23},
		"prefix of IPv6":   {"2001:db8::1", "netmask = 64", 64},
		"in IPv6's digits": {"2001:db8::1", "netmask = \"ffff:fff0::\"", 28},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := Parse("f", []byte("[[service]]\nprotocol = \"tcp\"\nport = 80\npersistence = 1\nvip = \""+tt.vip+"\"\n"+tt.netmask))
			if err != nil {
				t.Fatalf("Parse = %v", err)
			}
			if got := c.Services[0].MaskBits; got != tt.want {
				t.Errorf("MaskBits = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestParsePorts(t *testing.T) {
	tests := map[string]struct {
		in   string
		want []PortRange // nil: refused
	}{
		"one port":         {"80", []PortRange{{80, 80}}},
		"ports and ranges": {"80,443,8000-8080", []PortRange{{80, 80}, {443, 443}, {8000, 8080}}},
		"blanks":           {" 80 , 443\t", []PortRange{{80, 80}, {443, 443}}},
		"all":              {"0-65535", []PortRange{{0, 65535}}},
		"backwards":        {"2-1", []PortRange{{2, 1}}}, // for Validate to refuse
		"nothing":          {"", nil},
		"comma at the end": {"80,", nil},
		"two dashes":       {"1-2-3", nil},
		"negative":         {"-80", nil},
		"too large":        {"80-65536", nil},
		"name":             {"http", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := parsePorts(tt.in)
			if !slices.Equal(got, tt.want) || ok != (tt.want != nil) {
				t.Errorf("parsePorts(%q) = %v, %t, want %v", tt.in, got, ok, tt.want)
			}
		})
	}
}

func TestServiceKeyString(t *testing.T) {
	c := full()
	want := []string{
		"TCP 192.0.2.1:80", "UDP [2001:db8::53]:53", "TCP 192.0.2.1:443", "FWM 5", "FWM 5 IPv6",
		"TCP 192.0.2.2:0", "UDP 192.0.2.1:5060", "SCTP 192.0.2.1:9000",
		"TCP 192.0.2.1:8443", "TCP [2001:db8::53]:443", "UDP 192.0.2.1:53",
	}
	for i, s := range c.Services {
		if got := s.String(); got != want[i] {
			t.Errorf("String() of service %d = %q, want %q", i, got, want[i])
		}
	}
}
