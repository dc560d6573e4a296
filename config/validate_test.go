package config

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"xlvs/lvs"
)

func TestDefaultValidates(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Errorf("Default().Validate() = %v", err)
	}
}

// TestValidate breaks one thing at a time in a valid configuration.
func TestValidate(t *testing.T) {
	addr := netip.MustParseAddr
	vip := func(a string) func(*Config) {
		return func(c *Config) { c.Services[1].Reals, c.Services[1].VIP = nil, addr(a) }
	}
	rip4 := func(a string) func(*Config) { return func(c *Config) { c.Services[0].Reals[0].Addr = addr(a) } }
	rip6 := func(a string) func(*Config) { return func(c *Config) { c.Services[1].Reals[0].Addr = addr(a) } }
	iface := func(n string) func(*Config) {
		return func(c *Config) { c.Dataplane.Interfaces = append(c.Dataplane.Interfaces, n) }
	}
	own := func(n string, s InterfaceSettings) func(*Config) {
		return func(c *Config) { c.Dataplane.Interface[n] = s }
	}

	tests := map[string]struct {
		breaks func(*Config)
		want   error
	}{
		"nothing":                      {func(*Config) {}, nil},
		"quiesced, largest weight":     {func(c *Config) { c.Services[0].Reals[0].Weight = MaxWeight }, nil},
		"shortest timeout":             {func(c *Config) { c.Timeouts.UDP = MinTimeout }, nil},
		"longest timeout":              {func(c *Config) { c.Timeouts.TCP = MaxTimeout }, nil},
		"link-local real server, IPv4": {rip4("169.254.0.1"), nil},
		"link-local VIP":               {vip("fe80::1"), nil},
		"no preference":                {func(c *Config) { c.Dataplane.Prefer = "" }, ErrUnknownName},
		"interface in no mode known":   {own("eth0", InterfaceSettings{Mode: "dpdk"}), ErrUnknownName},
		"interface prefers the moon":   {own("eth0", InterfaceSettings{Prefer: "moon"}), ErrUnknownName},
		"interface with no difference": {own("eth0", InterfaceSettings{}), nil},
		"settings for nothing driven":  {own("eth7", InterfaceSettings{}), ErrForeignInterface},
		"settings where all are driven": {func(c *Config) {
			c.Dataplane.Interfaces = nil
			own("eth7", InterfaceSettings{XDP, PPS})(c)
		}, nil},
		"settings for an alias, all driven": {func(c *Config) {
			c.Dataplane.Interfaces = nil
			own("eth7:1", InterfaceSettings{})(c)
		}, ErrInterface},
		"no mode":                      {func(c *Config) { c.Dataplane.Mode = "" }, ErrUnknownName},
		"negative workers":             {func(c *Config) { c.Dataplane.Workers = -1 }, ErrRange},
		"no connections":               {func(c *Config) { c.Dataplane.MaxConnections = 0 }, ErrRange},
		"too many connections":         {func(c *Config) { c.Dataplane.MaxConnections = MaxConnections + 1 }, ErrRange},
		"negative busy poll":           {func(c *Config) { c.Dataplane.BusyPoll = -time.Microsecond }, ErrRange},
		"busy poll below its unit":     {func(c *Config) { c.Dataplane.BusyPoll = time.Nanosecond }, ErrRange},
		"empty interface name":         {iface(""), ErrInterface},
		"interface name of 16 bytes":   {iface("abcdefghijklmnop"), ErrInterface},
		"interface name of 15 bytes":   {iface("abcdefghijklmno"), nil},
		"interface name with a slash":  {iface("eth0/1"), ErrInterface},
		"interface alias":              {iface("eth0:1"), ErrInterface},
		"interface name with a NUL":    {iface("eth0\x00"), ErrInterface},
		"interface name not in UTF-8":  {iface("eth\xff"), ErrInterface},
		"interface twice":              {iface("eth0"), ErrDuplicateInterface},
		"zero timeout":                 {func(c *Config) { c.Timeouts.TCPFin = 0 }, ErrRange},
		"timeout over 31 days":         {func(c *Config) { c.Timeouts.TCP = MaxTimeout + 1 }, ErrRange},
		"protocol without services":    {func(c *Config) { c.Services[0].Protocol = lvs.ICMP }, ErrUnknownName},
		"no VIP":                       {func(c *Config) { c.Services[0].VIP = netip.Addr{} }, ErrAddress},
		"unspecified VIP, IPv4":        {vip("0.0.0.0"), ErrAddress},
		"unspecified VIP, IPv6":        {vip("::"), ErrAddress},
		"this network's VIP":           {vip("0.0.0.1"), ErrAddress},
		"broadcast VIP":                {vip("255.255.255.255"), ErrAddress},
		"multicast VIP":                {vip("ff02::1"), ErrAddress},
		"VIP with a zone":              {vip("fe80::1%eth0"), ErrAddress},
		"IPv4 in IPv6's clothes":       {vip("::ffff:192.0.2.1"), ErrAddress},
		"no service port":              {func(c *Config) { c.Services[0].Port = 0 }, ErrRange},
		"no scheduler":                 {func(c *Config) { c.Services[0].Scheduler = "" }, ErrUnknownName},
		"same service twice":           {func(c *Config) { c.Services[2].Port = 80 }, ErrDuplicateService},
		"same port, other protocol":    {func(c *Config) { c.Services[2].Protocol, c.Services[2].Port = lvs.UDP, 80 }, nil},
		"no real address":              {func(c *Config) { c.Services[0].Reals[0].Addr = netip.Addr{} }, ErrAddress},
		"multicast real server":        {rip4("224.0.0.1"), ErrAddress},
		"director as real server":      {rip4("127.0.0.1"), nil},
		"link-local real server, IPv6": {rip6("fe80::1"), ErrAddress},
		"IPv6 behind IPv4":             {rip4("2001:db8::1"), ErrAddressFamily},
		"IPv4 behind IPv6":             {rip6("192.0.2.1"), ErrAddressFamily},
		"real server is the VIP":       {rip4("192.0.2.1"), nil},
		"real server is the VIP, dr":   {rip6("2001:db8::53"), nil},
		"real server is another's VIP": {rip4("192.0.2.9"), nil},
		"same real server twice":       {func(c *Config) { c.Services[0].Reals[0] = c.Services[0].Reals[1] }, ErrDuplicateReal},
		"same address, other port":     {func(c *Config) { c.Services[0].Reals[0].Addr = c.Services[0].Reals[1].Addr }, nil},
		"real server of two services":  {func(c *Config) { c.Services[2].Reals = c.Services[0].Reals[:2] }, nil},
		"no real port":                 {func(c *Config) { c.Services[0].Reals[0].Port = 0 }, ErrRange},
		"dr to another port":           {func(c *Config) { c.Services[1].Reals[0].Port = 54 }, ErrPort},
		"method of the kernel alone":   {func(c *Config) { c.Services[0].Reals[0].Method = lvs.LocalNode }, ErrUnknownName},
		"negative weight":              {func(c *Config) { c.Services[0].Reals[0].Weight = -1 }, ErrRange},
		"weight larger than ipvsadm's": {func(c *Config) { c.Services[0].Reals[0].Weight = MaxWeight + 1 }, ErrRange},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { validates(t, tt.breaks, tt.want) })
	}
}

// validates fails t unless a full configuration that breaks has changed has that
// one error.
func validates(t *testing.T, breaks func(*Config), want error) {
	t.Helper()
	c := full()
	breaks(c)
	err := c.Validate()
	if !errors.Is(err, want) || (want != nil) != (err != nil) {
		t.Fatalf("Validate() = %v, want %v", err, want)
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("Validate() = %v, want one error", err)
	}
}

func TestValidateReportsEverything(t *testing.T) {
	c := full()
	c.Timeouts.UDP = 0
	c.Services[0].Reals[0].Weight = -1
	c.Services[1].Reals[2].Addr = netip.Addr{}
	c.Services[2].VIP = netip.Addr{}
	want := `timeouts: udp 0s: out of range: must be from 1s to 744h0m0s
service TCP 192.0.2.1:80: real 198.51.100.11:8080: weight -1: out of range: must be from 0 to 65535
service UDP [2001:db8::53]:53: real 3: address invalid IP: unusable address: must be an IPv4 or IPv6 address
service 3: vip invalid IP: unusable address: must be an IPv4 or IPv6 address`
	if got := c.Validate(); got == nil || got.Error() != want {
		t.Errorf("Validate() =\n%v\nwant\n%s", got, want)
	}
}
