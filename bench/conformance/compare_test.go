package conformance

import (
	"strings"
	"testing"
	"time"
)

// mustBuild returns a packet in a frame for the client's side.
func mustBuild(t *testing.T, p Packet) []byte {
	t.Helper()
	b, err := p.build()
	if err != nil {
		t.Fatal(err)
	}
	return frame(Client, b)
}

func TestCompareFrames(t *testing.T) {
	tcp := Packet{Proto: "tcp", Src: "203.0.113.1:4000", Dst: "192.0.2.11:80", Flags: "S", ID: 1}
	other := Packet{Proto: "tcp", Src: "203.0.113.2:4000", Dst: "192.0.2.11:80", Flags: "S"}
	ipip := Packet{Proto: "4", Src: "192.0.2.1", Dst: "192.0.2.11", Inner: &tcp}
	icmp := Packet{Proto: "icmp", Src: "198.51.100.10", Dst: "203.0.113.1", Type: 3, Quote: &tcp}
	about := func(p *Packet) Packet { return Packet{Proto: "icmp", Src: icmp.Src, Dst: icmp.Dst, Type: 3, Quote: p} }
	gue := Packet{Proto: "udp", Src: "192.0.2.1:40000", Dst: "192.0.2.11:6080", Header: []byte{0, 4, 0, 0}, Inner: &tcp}
	with := func(p Packet, change func(p *Packet)) Packet { change(&p); return p }
	tests := map[string]struct {
		a, b []Packet
		same bool
	}{
		"nothing":                      {nil, nil, true},
		"the same":                     {[]Packet{tcp}, []Packet{tcp}, true},
		"one that is missing":          {[]Packet{tcp}, nil, false},
		"one too many":                 {[]Packet{tcp}, []Packet{tcp, tcp}, false},
		"another TTL":                  {[]Packet{tcp}, []Packet{with(tcp, func(p *Packet) { p.TTL = 63 })}, false},
		"another identification":       {[]Packet{tcp}, []Packet{with(tcp, func(p *Packet) { p.ID++ })}, false},
		"order between flows":          {[]Packet{tcp, other}, []Packet{other, tcp}, true},
		"order in a flow":              {[]Packet{tcp, with(tcp, func(p *Packet) { p.Seq = 1 })}, []Packet{with(tcp, func(p *Packet) { p.Seq = 1 }), tcp}, false},
		"identification outside":       {[]Packet{ipip}, []Packet{with(ipip, func(p *Packet) { p.ID = 9 })}, true},
		"identification of an error":   {[]Packet{icmp}, []Packet{with(icmp, func(p *Packet) { p.ID = 9 })}, true},
		"order of errors":              {[]Packet{icmp, about(&other)}, []Packet{about(&other), icmp}, true},
		"kind of an error":             {[]Packet{icmp}, []Packet{with(icmp, func(p *Packet) { p.Code = 3 })}, false},
		"source port of GUE":           {[]Packet{gue}, []Packet{with(gue, func(p *Packet) { p.Src = "192.0.2.1:50000" })}, true},
		"broken checksum of GUE":       {[]Packet{gue}, []Packet{with(gue, func(p *Packet) { p.Broken = brokenChecksum })}, false},
		"no checksum of GUE":           {[]Packet{gue}, []Packet{with(gue, func(p *Packet) { p.Broken = noChecksum })}, false},
		"broken header of a tunnel":    {[]Packet{ipip}, []Packet{with(ipip, func(p *Packet) { p.Broken = brokenHeader })}, false},
		"what is inside of a tunnel":   {[]Packet{ipip}, []Packet{with(ipip, func(p *Packet) { p.Inner = &other })}, false},
		"a checksum that is not right": {[]Packet{tcp}, []Packet{with(tcp, func(p *Packet) { p.Broken = brokenChecksum })}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			observe := func(list []Packet) Observation {
				frames := [][]byte(nil)
				for _, p := range list {
					frames = append(frames, mustBuild(t, p))
				}
				return Observation{Results: []Result{{Frames: map[Side][][]byte{Real: frames}}}}
			}
			got := Compare(observe(tt.a), observe(tt.b))
			if (len(got) == 0) != tt.same {
				t.Errorf("Compare() = %v, want none: %t", got, tt.same)
			}
		})
	}
}

func TestCompareLists(t *testing.T) {
	const line = "TCP 01:00  SYN_RECV    203.0.113.1:4000   198.51.100.10:80   192.0.2.11:80"
	list := func(at time.Duration, lines ...string) *Lists { return &Lists{At: at, Connections: lines} }
	tests := map[string]struct {
		a, b *Lists
		same bool
	}{
		"the same":                 {list(0, line), list(0, line), true},
		"a second later":           {list(time.Second, strings.Replace(line, "01:00", "00:59", 1)), list(0, line), true},
		"another time":             {list(0, strings.Replace(line, "01:00", "00:50", 1)), list(0, line), false},
		"much later":               {list(9*time.Second, strings.Replace(line, "01:00", "00:51", 1)), list(0, line), true},
		"another state":            {list(0, strings.Replace(line, "SYN_RECV", "CLOSE", 1)), list(0, line), false},
		"one that is missing":      {list(0), list(0, line), false},
		"one that is over":         {list(9 * time.Second), list(0, strings.Replace(line, "01:00", "00:05", 1)), true},
		"twice, as the kernel may": {list(0, line, line), list(0, line), true},
		"no connection":            {list(0, "nonsense"), list(0, line), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Compare(Observation{Results: []Result{{Lists: tt.a}}}, Observation{Results: []Result{{Lists: tt.b}}})
			if (len(got) == 0) != tt.same {
				t.Errorf("Compare() = %v, want none: %t", got, tt.same)
			}
		})
	}
}

func TestCompareOutput(t *testing.T) {
	tests := map[string]struct {
		a, b string
		same bool
	}{
		"the same":           {"x\n", "x\n", true},
		"another":            {"x\n", "y\n", false},
		"more of an error":   {"refused\n(exit code 255)\n", "refused\nsince it is so\n(exit code 255)\n", true},
		"another exit code":  {"refused\n(exit code 255)\n", "refused\n(exit code 2)\n", false},
		"more where it went": {"x\n", "x\ny\n", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Compare(Observation{Results: []Result{{Output: tt.a}}}, Observation{Results: []Result{{Output: tt.b}}})
			if (len(got) == 0) != tt.same {
				t.Errorf("Compare() = %v, want none: %t", got, tt.same)
			}
		})
	}
}

// TestCompareSteps checks that observations of different scripts are told apart.
func TestCompareSteps(t *testing.T) {
	if got := Compare(Observation{}, Observation{Results: []Result{{}}}); len(got) != 1 {
		t.Errorf("Compare() = %v, want one difference", got)
	}
}

// TestCompareSlowStep checks that a connection which a packet came of at the beginning
// of a step, for which one director took long, has the same time left.
func TestCompareSlowStep(t *testing.T) {
	observe := func(at time.Duration, line string) Observation {
		return Observation{Results: []Result{{At: at}, {Lists: &Lists{At: at, Connections: []string{line}}}}}
	}
	const ends = "SYN_RECV 203.0.113.1:4000 198.51.100.10:80 192.0.2.11:80"
	fast := observe(time.Second, "TCP 01:00 "+ends)
	if got := Compare(fast, observe(6*time.Second, "TCP 00:55 "+ends)); len(got) > 0 {
		t.Errorf("Compare() = %v", got)
	}
	if got := Compare(fast, observe(6*time.Second, "TCP 00:40 "+ends)); len(got) == 0 {
		t.Error("Compare() finds nothing where much more time is gone than the step took")
	}
}
