package iptables

import (
	"slices"
	"strings"
	"testing"
)

// TestOrder checks that marks are in an order in which the first that matches is
// the last of netfilter's.
func TestOrder(t *testing.T) {
	tests := map[string]struct {
		rules []string
		want  []string
		notes []string // how each begins after "f:"
	}{
		"nothing":                       {nil, nil, nil},
		"the last word":                 {[]string{web + to5, all + to6}, []string{all6}, nil},
		"the exception last":            {[]string{all + to6, web + to5}, []string{web5, all6}, nil},
		"two rules apart":               {[]string{all + to5, other + to6}, []string{"mark 6: to 192.0.2.2", all5}, nil},
		"accepted after its mark":       {[]string{web + to5, web + "-j ACCEPT", all + to6}, []string{web5, all6}, nil},
		"returned after its mark":       {[]string{web + to5, web + "-j RETURN", all + to6}, []string{web5, all6}, nil},
		"all accepted":                  {[]string{web + to5, "-j ACCEPT", all + to6}, []string{web5}, nil},
		"accepted without a mark":       {[]string{web + "-j ACCEPT", all + to6}, []string{all6}, []string{"8: mark 6: to 192.0.2.1: packets that line 7 leaves"}},
		"accepted elsewhere":            {[]string{other + "-j ACCEPT", all + to6}, []string{all6}, nil},
		"a mark taken away":             {[]string{web + to5, all + "-j MARK --set-xmark 0x0/0xffffffff"}, nil, nil},
		"a mark taken away in part":     {[]string{all + to5, web + "-j MARK --set-mark 0"}, []string{all5}, []string{"7: mark 5: to 192.0.2.1: packets that line 8 leaves"}},
		"in a chain":                    {[]string{"-d 192.0.2.1/32 -j web", "-A web -p tcp --dport 80 " + to5}, []string{web5}, nil},
		"in a chain of a chain":         {[]string{all + "-j web", "-A web -p tcp -j more", "-A more -p tcp --dport 80 " + to5}, []string{web5}, nil},
		"a chain for others":            {[]string{other + "-j web", "-A web " + web + to5}, nil, nil},
		"returned from a chain":         {[]string{web + to5, "-j web", "-A web " + web + "-j RETURN", "-A web " + all + to6}, []string{web5, all6}, nil},
		"returned, then marked":         {[]string{"-j web", all + to6, "-A web " + web + to5, "-A web -j RETURN"}, []string{all6}, nil},
		"accepted in a chain":           {[]string{"-j web", all + to6, "-A web " + web + to5, "-A web " + web + "-j ACCEPT"}, []string{web5, all6}, nil},
		"gone to a chain":               {[]string{all + "-g web", all + to6, "-A web " + web + to5}, []string{web5}, nil},
		"accepted, and marked at INPUT": {[]string{web + to5, web + "-j ACCEPT", "-A INPUT " + all + to6}, []string{all6}, nil},
		"returned before it is accepted": {
			[]string{"-j web", "-A web " + web + to5, "-A web " + web + "-j RETURN", "-A web " + all + "-j ACCEPT"},
			[]string{web5}, []string{"10: -A web -d 192.0.2.1/32 -j ACCEPT: taken over as if line 9"},
		},
		"a negation":              {[]string{"! -s 198.51.100.0/24 " + all + to5}, nil, []string{"7: -A PREROUTING ! -s 198.51.100.0/24 -d 192.0.2.1/32 -j MARK --set-xmark 0x5/0xffffffff: left out: a match that is negated"}},
		"a state":                 {[]string{all + "-m conntrack --ctstate NEW " + to5}, nil, []string{"7: "}},
		"a state that returns":    {[]string{"-m state --state ESTABLISHED -j RETURN", all + to5}, []string{all5}, []string{"7: -A PREROUTING -m state --state ESTABLISHED -j RETURN: left out: match state: packets that it keeps"}},
		"a mark already there":    {[]string{"-m mark --mark 0x0 " + all + to5}, nil, []string{"7: "}},
		"connection marks":        {[]string{"-j CONNMARK --restore-mark", all + to5}, []string{all5}, []string{"7: -A PREROUTING -j CONNMARK --restore-mark: left out: option --restore-mark"}},
		"part of a mark":          {[]string{all + "-j MARK --set-xmark 0x5/0xff"}, nil, []string{"7: "}},
		"no mark":                 {[]string{all + "-j MARK"}, nil, []string{"7: "}},
		"an interface by prefix":  {[]string{"-i eth+ " + all + to5}, nil, []string{"7: "}},
		"another protocol":        {[]string{"-p icmp " + all + to5}, nil, []string{"7: "}},
		"a mask with holes":       {[]string{"-d 192.0.2.1/255.0.255.0 " + to5}, nil, []string{"7: "}},
		"ports turned round":      {[]string{"-p tcp --dport 9:8 " + all + to5}, nil, []string{"7: "}},
		"a port by name":          {[]string{"-p tcp --dport http " + all + to5}, nil, []string{"7: "}},
		"two families":            {[]string{"-s 2001:db8::1 " + all + to5}, nil, []string{"7: "}},
		"multicast":               {[]string{"-d 224.0.0.1 " + to5}, nil, []string{"7: left out: mark rule 1: "}},
		"another target":          {[]string{all + "-j LOG"}, nil, []string{"7: -A PREROUTING -d 192.0.2.1/32 -j LOG: left out: packets of services do not pass netfilter's target LOG"}},
		"a rule that only counts": {[]string{all}, nil, nil},
		"dropped":                 {[]string{web + "-j DROP", web + to5}, nil, []string{"7: "}},
		"a chain that is not passed": {
			[]string{"-A OUTPUT " + all + to5, "-A OUTPUT " + web + to5}, nil, []string{"7: chain OUTPUT: left out"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			marks, notes := texts(t, save(tt.rules...), false)
			if !slices.Equal(marks, tt.want) {
				t.Errorf("marks %q, want %q", marks, tt.want)
			}
			if !slices.EqualFunc(notes, tt.notes, func(got, want string) bool { return strings.HasPrefix(got, "f:"+want) }) {
				t.Errorf("notes %q, want %q", notes, tt.notes)
			}
		})
	}
}

// TestTables checks what is said of that which is not in the mangle table.
func TestTables(t *testing.T) {
	src := "*filter\n:INPUT DROP [0:0]\n-A INPUT -j ACCEPT\n-A INPUT -j DROP\nCOMMIT\n*mangle\n:PREROUTING DROP [0:0]\nCOMMIT\n"
	want := []string{
		"f:3: table filter: left out: packets of services do not pass netfilter",
		"f:7: :PREROUTING DROP [0:0]: the policy DROP is left out: xlvs drops no packets that it could forward",
	}
	if marks, notes := texts(t, src, false); len(marks) > 0 || !slices.Equal(notes, want) {
		t.Errorf("marks %q, notes %q, want %q", marks, notes, want)
	}
}
