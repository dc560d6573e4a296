package ipvsadm

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/control/desired"
	"xlvs/lvs"
)

// virtual returns the key of a service at an address with a port.
func virtual(p lvs.Protocol, at string) config.ServiceKey {
	a := netip.MustParseAddrPort(at)
	return config.ServiceKey{Protocol: p, VIP: a.Addr(), Port: a.Port()}
}

// markKey returns the key of a mark service.
func markKey(mark uint32, v6 bool) config.ServiceKey {
	return config.ServiceKey{VIP: unspecified(v6), Mark: mark}
}

// wanted returns the operation on a service, with the defaults of ipvsadm that set
// then changes.
func wanted(kind desired.Kind, key config.ServiceKey, set func(*config.Service)) desired.Operation {
	s := config.Service{ServiceKey: key, Scheduler: "wlc"}
	if set != nil {
		set(&s)
	}
	return desired.Operation{Kind: kind, Key: key, Service: s}
}

// wantedReal is wanted for a real server.
func wantedReal(kind desired.Kind, key config.ServiceKey, at string, set func(*config.Real)) desired.Operation {
	a := netip.MustParseAddrPort(at)
	r := config.Real{RealKey: config.RealKey{Addr: a.Addr(), Port: a.Port()}, Method: lvs.DirectRouting, Weight: 1}
	if set != nil {
		set(&r)
	}
	return desired.Operation{Kind: kind, Key: key, Real: r}
}

var (
	web  = virtual(lvs.TCP, "192.0.2.1:80")
	web6 = virtual(lvs.TCP, "[2001:db8::1]:80")
	dns  = virtual(lvs.UDP, "192.0.2.1:53")
)

func persists(seconds, bits int) func(*config.Service) {
	return func(s *config.Service) { s.Persistence, s.MaskBits = time.Duration(seconds)*time.Second, bits }
}

func method(m lvs.Method) func(*config.Real) {
	return func(r *config.Real) { r.Method = m }
}

// Each command line is one operation.
func TestServiceOperations(t *testing.T) {
	add := func(key config.ServiceKey, set func(*config.Service)) desired.Operation {
		return wanted(desired.AddService, key, set)
	}
	tests := map[string]desired.Operation{
		"-A -t 192.0.2.1:80":                add(web, nil),
		"-At192.0.2.1:80":                   add(web, nil),
		"-A -t 192.0.2.1:www":               add(web, nil),
		"-A -t localhost:80":                add(virtual(lvs.TCP, "127.0.0.1:80"), nil),
		"-A -t 192.0.514:80":                add(virtual(lvs.TCP, "192.0.2.2:80"), nil),
		"-A -t [2001:db8::1]:http":          add(web6, nil),
		"-A -u 192.0.2.1:domain":            add(dns, nil),
		"-A --sctp-service 192.0.2.1:9":     add(virtual(lvs.SCTP, "192.0.2.1:9"), nil),
		"-A -f 5":                           add(markKey(5, false), nil),
		"-A -f 4294967295 -6":               add(markKey(1<<32-1, true), nil),
		"-A -t 192.0.2.1:80 -s rr":          add(web, func(s *config.Service) { s.Scheduler = "rr" }),
		"-A -t 192.0.2.1:80 -s nonesuch":    add(web, func(s *config.Service) { s.Scheduler = "nonesuch" }),
		"-A -t 192.0.2.1 -p":                add(virtual(lvs.TCP, "192.0.2.1:0"), persists(360, 32)),
		"-A -t 192.0.2.1:80 -p 1":           add(web, persists(1, 32)),
		"-A -t 2001:db8::1 -p":              add(virtual(lvs.TCP, "[2001:db8::1]:0"), persists(360, 128)),
		"-A -f 5 -6 -p -M 64":               add(markKey(5, true), persists(360, 64)),
		"-A -f 5 -M 255.0.0.0 -6 -p":        add(markKey(5, true), persists(360, 128)),
		"-A -M 255.255.0.0 -t 192.0.2.1 -p": add(virtual(lvs.TCP, "192.0.2.1:0"), persists(360, 16)),
		"-A -t 192.0.2.1:80 -p -M 0.0.0.0":  add(web, persists(360, 0)),
		"-A -t 192.0.2.1:80 -M 255.0.0.0":   add(web, nil),
		"-A -u 192.0.2.1:53 -o":             add(dns, func(s *config.Service) { s.OnePacket = true }),
		"-A -t 192.0.2.1:80 --pe sip":       add(web, func(s *config.Service) { s.Engine = "sip" }),
		"-A -t 192.0.2.1:80 -b sh-port,flag-1 -s sh": add(web, func(s *config.Service) {
			s.Scheduler, s.Flags = "sh", lvs.SchedulerPort|lvs.SchedulerFallback
		}),
		"-A -t 192.0.2.1:80 -b flag-3":      add(web, func(s *config.Service) { s.Flags = 0x20 }),
		"-A -t 192.0.2.1:80 --mss-clamp":    add(web, func(s *config.Service) { s.MSSClamp = true }),
		"-A -t 192.0.2.1:80 --no-mss-clamp": add(web, nil),
		"-A -t 192.0.2.1:80 --client-address toa": add(web, func(s *config.Service) {
			s.ClientAddress = config.TOA
		}),
		"-A -t 192.0.2.1:80 -z 192.0.2.5 -z [2001:db8::5]:2000-2009": add(web, func(s *config.Service) {
			s.LocalAddresses = []config.LocalRange{
				{Addr: netip.MustParseAddr("192.0.2.5"), First: 1024, Last: 65535}, {Addr: netip.MustParseAddr("2001:db8::5"), First: 2000, Last: 2009},
			}
		}),
		"-E -t 192.0.2.1:80 -s sed -p":        wanted(desired.EditService, web, func(s *config.Service) { persists(360, 32)(s); s.Scheduler = "sed" }),
		"-D -t 192.0.2.1:80":                  {Kind: desired.DeleteService, Key: web},
		"--delete-service --fwmark-service 5": {Kind: desired.DeleteService, Key: markKey(5, false)},
		"-C":                                  {Kind: desired.Flush},
		"-Z":                                  {Kind: desired.Zero},
		"-Z -u 192.0.2.1:53":                  {Kind: desired.Zero, Key: dns},
		"--set 0 120 2678400":                 {Kind: desired.SetTimeouts, Timeouts: config.Timeouts{TCPFin: 2 * time.Minute, UDP: config.MaxTimeout}},
	}
	checkOperations(t, tests)
}

func TestServerOperations(t *testing.T) {
	add := func(key config.ServiceKey, at string, set func(*config.Real)) desired.Operation {
		return wantedReal(desired.AddDestination, key, at, set)
	}
	gue := func(flags lvs.TunnelFlags) func(*config.Real) {
		return func(r *config.Real) {
			r.Method, r.Tunnel, r.TunnelPort, r.TunnelFlags = lvs.Tunnel, lvs.TunnelGUE, 6080, flags
		}
	}
	tests := map[string]desired.Operation{
		"-a -t 192.0.2.1:80 -r 192.0.2.11":                add(web, "192.0.2.11:80", nil),
		"-a -t 192.0.2.1:80 -r 192.0.2.11:8080":           add(web, "192.0.2.11:80", nil),
		"-a -t 192.0.2.1:80 -r 192.0.2.11:8080 -i":        add(web, "192.0.2.11:80", method(lvs.Tunnel)),
		"-a -t 192.0.2.1:80 -r 192.0.2.11:8080 -m":        add(web, "192.0.2.11:8080", method(lvs.NAT)),
		"-a -t 192.0.2.1:80 -r 192.0.2.11:8080 --fullnat": add(web, "192.0.2.11:8080", method(lvs.FullNAT)),
		"-a -t 192.0.2.1:80 -r 2001:db8::11 --fullnat":    add(web, "[2001:db8::11]:80", method(lvs.FullNAT)),
		"-a -t 192.0.2.1:80 -r 192.0.2.11 -m":             add(web, "192.0.2.11:80", method(lvs.NAT)),
		"-a -m -r 192.0.2.11 -t 192.0.2.1:80":             add(web, "192.0.2.11:0", method(lvs.NAT)),
		"-a -r 192.0.2.11 -t 192.0.2.1:80":                add(web, "192.0.2.11:80", nil),
		"-a -t 192.0.2.1:80 -r 2001:db8::11 -i":           add(web, "[2001:db8::11]:80", method(lvs.Tunnel)),
		"-a -t [2001:db8::1]:80 -r [2001:db8::11]:81 -m":  add(web6, "[2001:db8::11]:81", method(lvs.NAT)),
		"-a -u 192.0.2.1:53 -r 192.0.2.11:domain -m":      add(dns, "192.0.2.11:53", method(lvs.NAT)),
		"-a -f 5 -r 192.0.2.11":                           add(markKey(5, false), "192.0.2.11:0", nil),
		"-a -f 5 -r 192.0.2.11:www -g":                    add(markKey(5, false), "192.0.2.11:80", nil),
		"-a -t 192.0.2.1:80 -r 192.0.2.11 -w 0 -x 10 -y 7": add(web, "192.0.2.11:80", func(r *config.Real) {
			r.Weight, r.Upper, r.Lower = 0, 10, 7
		}),
		"-a -t 192.0.2.1:80 -r 192.0.2.11 -w 2147483647":                                    add(web, "192.0.2.11:80", func(r *config.Real) { r.Weight = 1<<31 - 1 }),
		"-a -t 192.0.2.1:80 -r 192.0.2.11 -i --tun-type gue --tun-port 6080":                add(web, "192.0.2.11:80", gue(lvs.TunnelNoCsum)),
		"-a -t 192.0.2.1:80 -r 192.0.2.11 -i --tun-type gue --tun-port 6080 --tun-remcsum":  add(web, "192.0.2.11:80", gue(lvs.TunnelRemCsum)),
		"-a -t 192.0.2.1:80 -r 192.0.2.11 --tun-csum --tun-port 6080 --tun-type gue --ipip": add(web, "192.0.2.11:80", gue(lvs.TunnelCsum)),
		"-e -t 192.0.2.1:80 -r 192.0.2.11 -w 5":                                             wantedReal(desired.EditDestination, web, "192.0.2.11:80", func(r *config.Real) { r.Weight = 5 }),
		"-d -t 192.0.2.1:80 -r 192.0.2.11:8080":                                             {Kind: desired.DeleteDestination, Key: web, Real: config.Real{RealKey: config.RealKey{Addr: netip.MustParseAddr("192.0.2.11"), Port: 8080}}},
		"-d -t 192.0.2.1:80 -r 192.0.2.11":                                                  {Kind: desired.DeleteDestination, Key: web, Real: config.Real{RealKey: config.RealKey{Addr: netip.MustParseAddr("192.0.2.11"), Port: 80}}},
	}
	checkOperations(t, tests)
}

func checkOperations(t *testing.T, tests map[string]desired.Operation) {
	t.Helper()
	for line, want := range tests {
		t.Run(line, func(t *testing.T) {
			d := &fakeDirector{}
			if got := run(t, d, "ipvsadm", split(line), ""); got != (result{}) {
				t.Fatalf("ipvsadm %s: %+v", line, got)
			}
			if len(d.ops) != 1 || !reflect.DeepEqual(d.ops[0], want) {
				t.Errorf("ipvsadm %s does\n%+v, want\n%+v", line, d.ops, want)
			}
		})
	}
}

// What is not ipvsadm's is as strict, and so are names.
func TestUsageErrors(t *testing.T) {
	tests := map[string]string{
		"-A -t 192.0.2.1:80 -p -M 255.0.255.0":                 "illegal virtual server persistent mask specified",
		"-A -t 192.0.2.1:80 --client-address tao":              "illegal client address specified: must be none, proxy-v2 or toa",
		"-A -t 192.0.2.1:80 --mss-clamp --no-mss-clamp":        "multiple 'mss-clamp' options specified",
		"-A -t 192.0.2.1:80 -z 192.0.2.5:0":                    "illegal local address[:port[-port]] specified",
		"-A -t 192.0.2.1:80 -z 192.0.2.5:9-8":                  "illegal local address[:port[-port]] specified",
		"-A -t 192.0.2.1:80 -z fe80::1%eth0":                   "illegal local address[:port[-port]] specified",
		"-A -t 192.0.2.1:80 --fullnat":                         "Illegal 'forwarding-method' option with the 'add-service' command",
		"-a -t 192.0.2.1:80 -r 192.0.2.2 --fullnat --tun-csum": "Tunnel options conflict with forward method",
		"-a -t 192.0.2.1:80 -r 192.0.2.2 --fullnat -m":         "multiple 'forwarding-method' options specified",
		"-a -t 192.0.2.1:80 -r 192.0.2.2 --mss-clamp":          "Illegal 'mss-clamp' option with the 'add-server' command",
		"-d -t 192.0.2.1:80 -r 192.0.2.2 -z 192.0.2.5":         "Illegal 'local-address' option with the 'delete-server' command",
		"-P -t 192.0.2.1:80":                                   "You need to supply the 'local-address' option for the 'add-laddr' command",
		"-Q -z 192.0.2.5":                                      "You need to supply the 'service-address' option for the 'del-laddr' command",
		"-G -z 192.0.2.5":                                      "Illegal 'local-address' option with the 'get-laddr' command",
		"-P -L":                                                "invalid option `-L'",
		"-A -t nosuch.example:80":                              "illegal virtual server address[:port] specified",
		"-A -t 192.0.2.1:nosuch":                               "illegal virtual server address[:port] specified",
		"-A -u 192.0.2.1:www":                                  "illegal virtual server address[:port] specified",
		"-A --sctp-service 192.0.2.1:www":                      "illegal virtual server address[:port] specified",
		"-a -r 192.0.2.2:www -t 192.0.2.1:80":                  "illegal real server address[:port] specified",
		"-A -t 192.0.2.1:80 -M nosuch.example":                 "illegal virtual server persistent mask specified",
		"-A -t [localhost]:80":                                 "Zero port specified for non-persistent service",
	}
	for line, want := range tests {
		t.Run(line, func(t *testing.T) {
			d := &fakeDirector{}
			if got := run(t, d, "ipvsadm", split(line), ""); got != (result{exitUsage, "", want + "\n"}) || d.ops != nil {
				t.Errorf("ipvsadm %s: %+v and %+v, want %q", line, got, d.ops, want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	trials, _ := readLines(f)
	for _, tt := range trials {
		f.Add(join(tt.Args))
	}
	f.Add("-A\x00 -t= -\x00 --= -p= -b ,,")
	f.Fuzz(func(t *testing.T, line string) {
		r, failed := parse(t.Context(), split(line), newLookup(noHosts{}, "testdata/services"))
		if (r == nil) == (failed == nil) {
			t.Errorf("parse(%q) = %+v, %+v", line, r, failed)
		}
	})
}
