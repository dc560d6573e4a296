package config

import (
	"net/netip"
	"testing"
	"time"

	"xlvs/lvs"
)

// TestValidateService breaks one thing at a time in services that have more than
// an address and a scheduler.
func TestValidateService(t *testing.T) {
	in := func(i int, f func(*Service)) func(*Config) { return func(c *Config) { f(&c.Services[i]) } }
	mark4 := func(f func(*Service)) func(*Config) { return in(byMark4, f) }
	sip := func(f func(*Service)) func(*Config) { return in(calls, f) }
	web := func(f func(*Service)) func(*Config) { return in(0, f) }
	lasts := func(d time.Duration) func(*Config) { return sip(func(s *Service) { s.Persistence = d }) }
	bits := func(n int) func(s *Service) { return func(s *Service) { s.MaskBits = n } }
	limits := func(upper, lower int) func(*Config) {
		return web(func(s *Service) { s.Reals[0].Upper, s.Reals[0].Lower = upper, lower })
	}
	tests := map[string]struct {
		breaks func(*Config)
		want   error
	}{
		"mark service without a mark":      {mark4(func(s *Service) { s.Mark = 0 }), ErrRange},
		"mark service with a protocol":     {mark4(func(s *Service) { s.Protocol = lvs.TCP }), ErrUnknownName},
		"mark service with an address":     {mark4(func(s *Service) { s.VIP = vip4 }), ErrAddress},
		"mark service without a family":    {mark4(func(s *Service) { s.VIP, s.Reals = netip.Addr{}, nil }), ErrAddress},
		"mark service with a port":         {mark4(func(s *Service) { s.Port = 80 }), ErrRange},
		"mark that no rule gives yet":      {mark4(func(s *Service) { s.Mark = 6 }), nil},
		"mark of the other family's rule":  {in(byMark6, func(s *Service) { s.Mark = 1<<32 - 1 }), nil},
		"dr to any port, by mark":          {in(byMark6, func(s *Service) { s.Reals[0].Port = 80 }), nil},
		"IPv6 behind an IPv4 mark":         {mark4(func(s *Service) { s.Reals[0].Addr = vip6 }), ErrAddressFamily},
		"unspecified real server, by mark": {mark4(func(s *Service) { s.Reals[0].Addr = s.VIP }), ErrAddress},
		"all ports, no persistence":        {in(allPorts, func(s *Service) { s.Persistence, s.MaskBits = 0, 0 }), ErrRange},
		"dr to one of all ports":           {in(allPorts, func(s *Service) { s.Reals[0].Port = 80 }), ErrPort},
		"nat to one of all ports": {in(allPorts, func(s *Service) {
			s.Reals[0].Port, s.Reals[0].Method = 80, lvs.NAT
		}), nil},
		"shortest persistence":           {lasts(MinTimeout), nil},
		"longest persistence":            {lasts(MaxTimeout), nil},
		"persistence over 31 days":       {lasts(MaxTimeout + time.Second), ErrRange},
		"negative persistence":           {lasts(-time.Second), ErrRange},
		"persistence of 1.5 s":           {lasts(1500 * time.Millisecond), ErrRange},
		"all of IPv4 is one client":      {sip(bits(0)), nil},
		"all of IPv6 is one client":      {in(byMark6, bits(0)), ErrRange},
		"mask over 32 bits":              {sip(bits(33)), ErrRange},
		"negative mask":                  {web(bits(-1)), ErrRange},
		"mask over 128 bits":             {in(byMark6, bits(129)), ErrRange},
		"mask of 128 bits":               {in(byMark6, bits(128)), nil},
		"mask without persistence":       {web(bits(24)), nil},
		"unknown engine":                 {sip(func(s *Service) { s.Engine = "rtsp" }), ErrUnknownScheduler},
		"engine without persistence":     {sip(func(s *Service) { s.Persistence = 0 }), nil},
		"engine of TCP":                  {sip(func(s *Service) { s.Protocol = lvs.TCP }), nil},
		"engine by mark":                 {in(byMark6, func(s *Service) { s.Engine = "sip" }), nil},
		"one packet at a time, TCP":      {web(func(s *Service) { s.OnePacket = true }), nil},
		"flag that means nothing":        {sip(func(s *Service) { s.Scheduler = "wlc" }), nil},
		"all flags":                      {sip(func(s *Service) { s.Flags = lvs.AllSchedulerFlags }), nil},
		"flag that is none":              {sip(func(s *Service) { s.Flags |= 0x40 }), ErrUnknownName},
		"no scheduler at all":            {sip(func(s *Service) { s.Scheduler = lvs.NoScheduler }), nil},
		"unknown scheduler, some flag":   {sip(func(s *Service) { s.Scheduler = "guess" }), ErrUnknownScheduler},
		"thresholds at their largest":    {limits(MaxThreshold, MaxThreshold), nil},
		"upper threshold alone":          {limits(1, 0), nil},
		"negative upper threshold":       {limits(-1, 0), ErrRange},
		"negative lower threshold":       {limits(1, -1), ErrRange},
		"lower threshold above upper":    {limits(10, 11), ErrThresholds},
		"lower threshold without upper":  {limits(0, 1), ErrThresholds},
		"the same mark service twice":    {func(c *Config) { c.Services[0] = c.Services[byMark4] }, ErrDuplicateService},
		"the same mark, other family":    {in(byMark6, func(s *Service) { s.Mark = 5 }), nil},
		"all ports of one VIP, two ways": {func(c *Config) { c.Services[calls] = c.Services[allPorts] }, ErrDuplicateService},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { validates(t, tt.breaks, tt.want) })
	}
}

// TestValidateMark breaks one thing at a time in the rules that give marks.
func TestValidateMark(t *testing.T) {
	prefix := netip.MustParsePrefix
	rule := func(f func(*Mark)) func(*Config) { return func(c *Config) { f(&c.Marks[2]) } }
	to := func(p string) func(*Config) { return rule(func(m *Mark) { m.Destination = prefix(p) }) }
	from := func(p string) func(*Config) { return rule(func(m *Mark) { m.Source = prefix(p) }) }
	tests := map[string]struct {
		breaks func(*Config)
		want   error
	}{
		"no mark":                       {rule(func(m *Mark) { m.Mark = 0 }), ErrRange},
		"no destination":                {rule(func(m *Mark) { m.Destination = netip.Prefix{} }), ErrAddress},
		"any destination":               {to("0.0.0.0/0"), nil},
		"multicast destination":         {to("ff02::/16"), ErrAddress},
		"destination has bits too many": {to("192.0.2.1/24"), ErrAddress},
		"IPv4 in IPv6's clothes":        {to("::ffff:192.0.2.0/120"), ErrAddress},
		"source has bits too many":      {from("198.51.100.1/31"), ErrAddress},
		"source of no length":           {rule(func(m *Mark) { m.Source = netip.PrefixFrom(vip4, 33) }), ErrAddress},
		"source of the other family":    {from("2001:db8::/32"), ErrAddressFamily},
		"protocol without services":     {rule(func(m *Mark) { m.Protocol = lvs.ICMP }), ErrUnknownName},
		"port range from end to begin":  {rule(func(m *Mark) { m.Ports = []PortRange{{1, 2}, {2, 1}} }), ErrRange},
		"source ports likewise":         {rule(func(m *Mark) { m.SourcePorts = []PortRange{{2, 1}} }), ErrRange},
		"impossible interface":          {rule(func(m *Mark) { m.Interface = "eth 0" }), ErrForeignInterface},
		"interface not listed":          {rule(func(m *Mark) { m.Interface = "eth7" }), ErrForeignInterface},
		"interface where all are driven": {func(c *Config) {
			c.Dataplane.Interfaces, c.Marks[2].Interface = nil, "eth7"
		}, nil},
		"impossible interface, all driven": {func(c *Config) {
			c.Dataplane.Interfaces, c.Marks[2].Interface = nil, "eth:7"
		}, ErrInterface},
		"same rule twice":       {func(c *Config) { c.Marks = append(c.Marks, c.Marks[0]) }, ErrDuplicateMark},
		"same rule, other mark": {func(c *Config) { c.Marks = append(c.Marks, c.Marks[0]); c.Marks[3].Mark = 6 }, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { validates(t, tt.breaks, tt.want) })
	}
}

func TestValidateSysctls(t *testing.T) {
	tests := map[string]struct {
		breaks func(*lvs.Sysctls)
		want   error
	}{
		"defence over 3":            {func(s *lvs.Sysctls) { s.DropPacket = 4 }, ErrRange},
		"negative":                  {func(s *lvs.Sysctls) { s.Amemthresh = -1 }, ErrRange},
		"on is any but 0":           {func(s *lvs.Sysctls) { s.SloppyTCP = 7 }, nil},
		"nice":                      {func(s *lvs.Sysctls) { s.EstNice = -20 }, nil},
		"too nice":                  {func(s *lvs.Sysctls) { s.EstNice = 20 }, ErrRange},
		"no connections at all":     {func(s *lvs.Sysctls) { s.ConnMax = 0 }, nil},
		"three sync ports":          {func(s *lvs.Sysctls) { s.SyncPorts = 3 }, ErrRange},
		"threshold at its period":   {func(s *lvs.Sysctls) { s.SyncThreshold = [2]int{50, 50} }, ErrRange},
		"threshold without period":  {func(s *lvs.Sysctls) { s.SyncThreshold = [2]int{3, 0} }, nil},
		"negative threshold":        {func(s *lvs.Sysctls) { s.SyncThreshold = [2]int{-1, 50} }, ErrRange},
		"processors by another way": {func(s *lvs.Sysctls) { s.EstCPUList = "all" }, ErrRange},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { validates(t, func(c *Config) { tt.breaks(&c.Sysctl) }, tt.want) })
	}
}
