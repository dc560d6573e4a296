package ftp

import (
	"net/netip"
	"testing"

	"xlvs/lvs"
)

// endpoint reads "192.0.2.1:80"; the empty text is the zero Endpoint.
func endpoint(text string) Endpoint {
	if text == "" {
		return Endpoint{}
	}
	a := netip.MustParseAddrPort(text)
	return Endpoint{lvs.AddrFrom(a.Addr()), a.Port()}
}

// What curl 7.88.1 sends: with --ftp-pasv, --disable-epsv, --ftp-port, and
// --ftp-port with --disable-eprt; from 198.51.100.7 and 2001:db8::7.
const (
	curlEPSV  = "EPSV\r\n"
	curlPASV  = "PASV\r\n"
	curlEPRT  = "EPRT |1|198.51.100.7|38813|\r\n"
	curlEPRT6 = "EPRT |2|2001:db8::7|36317|\r\n"
	curlPORT  = "PORT 198,51,100,7,219,53\r\n"
)

type commandTest struct {
	payload string
	v6      bool
	mode    Mode
	to      string
}

func (tt commandTest) run(t *testing.T) {
	m, e := ReadCommand([]byte(tt.payload), tt.v6)
	if m != tt.mode || e != endpoint(tt.to) {
		t.Errorf("ReadCommand(%q, %t) = %d, %v, want %d, %v", tt.payload, tt.v6, m, e, tt.mode, endpoint(tt.to))
	}
}

func TestReadPassiveCommand(t *testing.T) {
	tests := map[string]commandTest{
		"curl's PASV":                 {curlPASV, false, Passive, ""},
		"curl's EPSV":                 {curlEPSV, false, ExtendedPassive, ""},
		"curl's EPSV, IPv6":           {curlEPSV, true, ExtendedPassive, ""},
		"small letters":               {"pasv\r\n", false, Passive, ""},
		"mixed letters":               {"ePsV\r\n", false, ExtendedPassive, ""},
		"not at the beginning":        {"TYPE I\r\nPASV\r\n", false, Passive, ""},
		"two, the first one counts":   {"EPSV\r\nPASV\r\n", false, ExtendedPassive, ""},
		"PASV on IPv6":                {"PASV\r\n", true, None, ""},
		"EPSV 1":                      {"EPSV 1\r\n", false, ExtendedPassive, ""},
		"EPSV 2":                      {"EPSV 2\r\n", true, ExtendedPassive, ""},
		"EPSV 2 on IPv4":              {"EPSV 2\r\n", false, None, ""},
		"EPSV 1 on IPv6":              {"EPSV 1\r\n", true, None, ""},
		"EPSV ALL":                    {"EPSV ALL\r\n", false, None, ""},
		"EPSV of two digits":          {"EPSV 11\r\n", false, None, ""},
		"EPSV 1 without its end":      {"EPSV 1", false, None, ""},
		"EPSV ALL hides what follows": {"EPSV ALL\r\nPASV\r\n", false, None, ""},
		"a longer word":               {"EPSVX\r\n", false, None, ""},
		"PASV without line feed":      {"PASV\r", false, None, ""},
		"PASV with an argument":       {"PASV 1\r\n", false, None, ""},
		"half a PASV":                 {"PAS", false, None, ""},
		"another command":             {"RETR f\r\n", false, None, ""},
		"nothing":                     {"", false, None, ""},
		"letters that fold to ASCII":  {"PA\u017fV\r\n", false, None, ""},
	}
	for name, tt := range tests {
		t.Run(name, tt.run)
	}
}

func TestReadPORT(t *testing.T) {
	tests := map[string]commandTest{
		"curl's":                   {curlPORT, false, Active, "198.51.100.7:56117"},
		"on IPv6":                  {curlPORT, true, None, ""},
		"small letters":            {"port 192,0,2,7,4,1\r\n", false, Active, "192.0.2.7:1025"},
		"several spaces":           {"PORT   192,0,2,7,4,1\r\n", false, Active, "192.0.2.7:1025"},
		"zeros in front":           {"PORT 192,000,002,007,004,001\r\n", false, Active, "192.0.2.7:1025"},
		"line feed alone":          {"PORT 192,0,2,7,4,1\n", false, Active, "192.0.2.7:1025"},
		"not at the beginning":     {"NOOP\r\nPORT 192,0,2,7,4,1\r\n", false, None, ""},
		"no space":                 {"PORT192,0,2,7,4,1\r\n", false, None, ""},
		"no arguments":             {"PORT \r\n", false, None, ""},
		"nothing behind the space": {"PORT ", false, None, ""},
		"five numbers":             {"PORT 192,0,2,7,4\r\n", false, None, ""},
		"seven numbers":            {"PORT 192,0,2,7,4,1,9\r\n", false, None, ""},
		"an empty number":          {"PORT 192,0,2,,4,1\r\n", false, None, ""},
		"a number above 255":       {"PORT 192,0,2,256,4,1\r\n", false, None, ""},
		"a number that wraps":      {"PORT 192,0,2,18446744073709551623,4,1\r\n", false, None, ""},
		"a minus":                  {"PORT 192,0,2,-7,4,1\r\n", false, None, ""},
		"port 0":                   {"PORT 192,0,2,7,0,0\r\n", false, None, ""},
		"dots":                     {"PORT 192.0.2.7.4.1\r\n", false, None, ""},
		"cut off in the last one":  {"PORT 192,0,2,7,4,1", false, None, ""},
		"cut off after a comma":    {"PORT 192,0,2,7,", false, None, ""},
	}
	for name, tt := range tests {
		t.Run(name, tt.run)
	}
}

func TestReadEPRT(t *testing.T) {
	tests := map[string]commandTest{
		"curl's":                       {curlEPRT, false, Active, "198.51.100.7:38813"},
		"curl's, IPv6":                 {curlEPRT6, true, Active, "[2001:db8::7]:36317"},
		"IPv4 on IPv6":                 {curlEPRT, true, None, ""},
		"IPv6 on IPv4":                 {curlEPRT6, false, None, ""},
		"small letters":                {"eprt |1|192.0.2.7|1025|\r\n", false, Active, "192.0.2.7:1025"},
		"another delimiter":            {"EPRT !1!192.0.2.7!1025!\r\n", false, Active, "192.0.2.7:1025"},
		"IPv6 in full":                 {"EPRT |2|2001:0db8:0000:0000:0000:0000:192.0.2.117|1025|\r\n", true, Active, "[2001:db8::c000:275]:1025"},
		"ends with its delimiter":      {"EPRT |1|192.0.2.7|1025|", false, Active, "192.0.2.7:1025"},
		"delimiters that differ":       {"EPRT |1!192.0.2.7|1025|\r\n", false, None, ""},
		"delimiter in the address":     {"EPRT .1.192.0.2.7.1025.\r\n", false, None, ""},
		"a space for delimiter":        {"EPRT  1 192.0.2.7 1025 \r\n", false, None, ""},
		"a control character":          {"EPRT \t1\t192.0.2.7\t1025\t\r\n", false, None, ""},
		"a delimiter outside of ASCII": {"EPRT \xff1\xff192.0.2.7\xff1025\xff\r\n", false, None, ""},
		"no such family":               {"EPRT |3|192.0.2.7|1025|\r\n", false, None, ""},
		"family and address disagree":  {"EPRT |2|192.0.2.7|1025|\r\n", true, None, ""},
		"the other way round":          {"EPRT |1|2001:db8::7|1025|\r\n", false, None, ""},
		"IPv4 in IPv6":                 {"EPRT |2|::ffff:192.0.2.7|1025|\r\n", true, None, ""},
		"an address with a zone":       {"EPRT |2|fe80::7%eth0|1025|\r\n", true, None, ""},
		"no address":                   {"EPRT |||1025|\r\n", false, None, ""},
		"an empty address":             {"EPRT |1||1025|\r\n", false, None, ""},
		"an overlong address":          {"EPRT |1|" + string(make([]byte, 100)) + "|1025|\r\n", false, None, ""},
		"port 0":                       {"EPRT |1|192.0.2.7|0|\r\n", false, None, ""},
		"port above 65535":             {"EPRT |1|192.0.2.7|65536|\r\n", false, None, ""},
		"no port":                      {"EPRT |1|192.0.2.7||\r\n", false, None, ""},
		"last delimiter missing":       {"EPRT |1|192.0.2.7|1025\r\n", false, None, ""},
		"cut off in the port":          {"EPRT |1|192.0.2.7|1025", false, None, ""},
		"cut off in the address":       {"EPRT |1|192.0.2.", false, None, ""},
		"cut off in the family":        {"EPRT |1", false, None, ""},
		"no arguments":                 {"EPRT ", false, None, ""},
	}
	for name, tt := range tests {
		t.Run(name, tt.run)
	}
}

func FuzzReadCommand(f *testing.F) {
	for _, c := range []string{curlEPSV, curlPASV, curlEPRT, curlEPRT6, curlPORT, "EPSV ALL\r\n", "EPSV 1"} {
		f.Add([]byte(c), false)
		f.Add([]byte(c), true)
	}
	f.Fuzz(func(t *testing.T, payload []byte, v6 bool) {
		m, e := ReadCommand(payload, v6)
		switch {
		case m == Active && (e.Port == 0 || e.Addr.Is4() == v6):
			t.Errorf("ReadCommand(%q, %t) announces %v", payload, v6, e)
		case m != Active && e != Endpoint{}:
			t.Errorf("ReadCommand(%q, %t) announces %v in mode %d", payload, v6, e, m)
		case m == Passive && v6:
			t.Errorf("ReadCommand(%q, true) = Passive", payload)
		}
	})
}
