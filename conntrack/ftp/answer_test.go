package ftp

import (
	"testing"

	"xlvs/lvs"
)

// What vsftpd 3.0.3 answers to a PASV and an EPSV.
const (
	vsftpd227 = "227 Entering Passive Mode (192,0,2,21,117,52).\r\n"
	vsftpd229 = "229 Entering Extended Passive Mode (|||30004|)\r\n"
)

type answerTest struct {
	payload string
	ok      bool
	to      string // "" for an answer without address
	port    uint16
	found   string // what is to be replaced
}

func (tt answerTest) run(t *testing.T, m Mode) {
	want := endpoint(tt.to)
	if tt.to == "" {
		want.Port = tt.port
	}
	a, ok := ReadAnswer([]byte(tt.payload), m)
	if ok != tt.ok || a.Endpoint != want {
		t.Fatalf("ReadAnswer(%q, %d) = %v, %t, want %v, %t", tt.payload, m, a.Endpoint, ok, want, tt.ok)
	}
	if got := tt.payload[a.Start:a.End]; got != tt.found {
		t.Errorf("ReadAnswer(%q, %d) points at %q, want %q", tt.payload, m, got, tt.found)
	}
}

func TestReadPassiveAnswer(t *testing.T) {
	const six = "192,0,2,21,117,52"
	const to = "192.0.2.21:30004"
	tests := map[string]answerTest{
		"vsftpd's":               {vsftpd227, true, to, 0, six},
		"no parenthesis":         {"227 Entering Passive Mode. " + six + "\r\n", true, to, 0, six},
		"address at once":        {"227 " + six + "\r\n", true, to, 0, six},
		"publicfile's":           {"227 =" + six + "\r\n", true, to, 0, six},
		"two parentheses":        {"227 ok ((" + six + "))\r\n", true, to, 0, six},
		"zeros in front":         {"227 ok (192,000,002,021,117,052)\r\n", true, to, 0, "192,000,002,021,117,052"},
		"not at the beginning":   {"220 hello\r\n" + vsftpd227, false, "", 0, ""},
		"first line of several":  {"227-Entering (" + six + ")\r\n", false, "", 0, ""},
		"another answer":         {"530 Please login with USER and PASS.\r\n", false, "", 0, ""},
		"a 229":                  {vsftpd229, false, "", 0, ""},
		"a digit before":         {"227 Mode 2 (" + six + ")\r\n", false, "", 0, ""},
		"a space inside":         {"227 ok ( " + six + ")\r\n", false, "", 0, ""},
		"five numbers":           {"227 ok (192,0,2,21,117)\r\n", false, "", 0, ""},
		"a number above 255":     {"227 ok (192,0,2,21,256,1)\r\n", false, "", 0, ""},
		"port 0":                 {"227 ok (192,0,2,21,0,0)\r\n", false, "", 0, ""},
		"cut off in the port":    {"227 ok (192,0,2,21,117,5", false, "", 0, ""},
		"cut off before it":      {"227 Entering Passive Mode", false, "", 0, ""},
		"cut off at parenthesis": {"227 Entering Passive Mode (", false, "", 0, ""},
		"cut off in the number":  {"227", false, "", 0, ""},
		"nothing":                {"", false, "", 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { tt.run(t, Passive) })
	}
}

func TestReadExtendedAnswer(t *testing.T) {
	tests := map[string]answerTest{
		"vsftpd's":                 {vsftpd229, true, "", 30004, "|||30004|"},
		"another delimiter":        {"229 ok (!!!30004!)\r\n", true, "", 30004, "!!!30004!"},
		"no text":                  {"229 (|||1|)\r\n", true, "", 1, "|||1|"},
		"ends with its delimiter":  {"229 ok (|||30004|", true, "", 30004, "|||30004|"},
		"an address of its own":    {"229 ok (|1|192.0.2.21|30004|)\r\n", false, "", 0, ""},
		"delimiters that differ":   {"229 ok (||!30004|)\r\n", false, "", 0, ""},
		"a space for delimiter":    {"229 ok (   30004 )\r\n", false, "", 0, ""},
		"digits for delimiters":    {"229 ok (111300041)\r\n", false, "", 0, ""},
		"no parenthesis":           {"229 ok |||30004|\r\n", false, "", 0, ""},
		"port 0":                   {"229 ok (|||0|)\r\n", false, "", 0, ""},
		"port above 65535":         {"229 ok (|||65536|)\r\n", false, "", 0, ""},
		"no port":                  {"229 ok (||||)\r\n", false, "", 0, ""},
		"last delimiter missing":   {"229 ok (|||30004)\r\n", false, "", 0, ""},
		"a 227":                    {vsftpd227, false, "", 0, ""},
		"not at the beginning":     {" " + vsftpd229, false, "", 0, ""},
		"cut off in the port":      {"229 ok (|||300", false, "", 0, ""},
		"cut off in the delimiter": {"229 ok (||", false, "", 0, ""},
		"cut off at parenthesis":   {"229 ok (", false, "", 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { tt.run(t, ExtendedPassive) })
	}
}

func TestReadAnswerUnasked(t *testing.T) {
	for _, m := range []Mode{None, Active} {
		for _, payload := range []string{vsftpd227, vsftpd229} {
			if a, ok := ReadAnswer([]byte(payload), m); ok {
				t.Errorf("ReadAnswer(%q, %d) = %v, true", payload, m, a)
			}
		}
	}
}

func TestAppendEndpoint(t *testing.T) {
	tests := map[string]struct {
		mode Mode
		to   string
		want string
	}{
		"passive":                {Passive, "192.0.2.1:30004", "192,0,2,1,117,52"},
		"passive, longest":       {Passive, "255.255.255.255:65535", "255,255,255,255,255,255"},
		"passive, shortest":      {Passive, "0.0.0.0:1", "0,0,0,0,0,1"},
		"extended":               {ExtendedPassive, "192.0.2.1:30004", "|||30004|"},
		"extended, IPv6":         {ExtendedPassive, "[2001:db8::1]:65535", "|||65535|"},
		"active, nothing to say": {Active, "192.0.2.1:30004", ""},
		"none":                   {None, "192.0.2.1:30004", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := AppendEndpoint([]byte("227 ("), tt.mode, endpoint(tt.to))
			if string(got) != "227 ("+tt.want {
				t.Errorf("AppendEndpoint(%d, %s) appends %q, want %q", tt.mode, tt.to, got[5:], tt.want)
			}
			if len(tt.want) > MaxEndpoint {
				t.Errorf("%q is longer than MaxEndpoint", tt.want)
			}
		})
	}
}

// FuzzReadAnswer replaces what was announced, and reads the result again.
func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(vsftpd227), uint8(Passive), uint32(0xc0000201), uint16(21))
	f.Add([]byte(vsftpd229), uint8(ExtendedPassive), uint32(0), uint16(65535))
	f.Add([]byte("229 ok (|||"), uint8(ExtendedPassive), uint32(0), uint16(1))
	f.Fuzz(func(t *testing.T, payload []byte, mode uint8, addr uint32, port uint16) {
		m := Mode(mode % 4)
		a, ok := ReadAnswer(payload, m)
		if !ok || port == 0 {
			return
		}
		want := Endpoint{Port: port}
		if m == Passive {
			want.Addr = lvs.Addr4(addr)
		}
		changed := AppendEndpoint(payload[:a.Start:a.Start], m, want)
		changed = append(changed, payload[a.End:]...)
		changed = append(changed, ')') // a delimiter may have been the last byte
		if again, ok := ReadAnswer(changed, m); !ok || again.Endpoint != want {
			t.Errorf("%q, announcing %v instead, is %q, read as %v, %t", payload, want, changed, again.Endpoint, ok)
		}
	})
}

func TestNothingAllocates(t *testing.T) {
	pasv, port, answer := []byte(curlPASV), []byte(curlPORT), []byte(vsftpd227)
	text := make([]byte, 0, MaxEndpoint)
	n := testing.AllocsPerRun(100, func() {
		m, _ := ReadCommand(pasv, false)
		active, _ := ReadCommand(port, false)
		a, ok := ReadAnswer(answer, m)
		text = AppendEndpoint(text[:0], m, a.Endpoint)
		if active != Active || !ok || len(text) == 0 {
			t.Fatal("not understood")
		}
	})
	if n != 0 {
		t.Errorf("a PASV, its answer and a PORT allocate %v times, want 0", n)
	}
}
