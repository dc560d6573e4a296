package capture_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"xlvs/dataplane/capture"
)

// tcpdump returns the program, without which the test is skipped.
func tcpdump(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("tcpdump")
	switch {
	case err == nil:
	case os.Getenv("XLVS_PRIVILEGED") == "1":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return path
}

func TestFilterIsTcpdumps(t *testing.T) {
	program := tcpdump(t)
	tests := map[string]struct{ web, dns bool }{
		"":                                      {true, true},
		"tcp":                                   {true, false},
		"udp port 53":                           {false, true},
		"host 192.0.2.1 and not port 80":        {false, true},
		"tcp[tcpflags] & tcp-syn != 0":          {true, false},
		"portrange 50-60 or net 203.0.113.0/24": {false, true},
		"ip6":                                   {false, false},
		"greater 1000":                          {false, false},
	}
	for expression, want := range tests {
		t.Run(expression, func(t *testing.T) {
			out, err := exec.Command(program, "-ddd", "-y", "EN10MB", expression).Output()
			if err != nil {
				t.Fatal(err)
			}
			f, err := capture.ParseFilter(string(out))
			if err != nil {
				t.Fatal(err)
			}
			if f.Match(web) != want.web || f.Match(dns) != want.dns {
				t.Errorf("matches %t, %t, want %+v", f.Match(web), f.Match(dns), want)
			}
		})
	}
}

// acceptAll is what tcpdump makes of no expression.
const acceptAll = "1\n6 0 0 262144\n"

func TestParseFilterMalformed(t *testing.T) {
	tests := map[string]string{
		"words":            "tcp port 80",
		"too few lines":    "2\n6 0 0 1\n",
		"too many lines":   acceptAll + "6 0 0 0\n",
		"three numbers":    "1\n6 0 0\n",
		"a negative op":    "1\n-6 0 0 1\n",
		"a jump too large": "1\n21 300 0 1\n",
		"a jump outside":   "2\n21 9 9 1\n6 0 0 1\n",
		"no return":        "1\n0 0 0 1\n",
		"an unknown op":    "1\n65535 0 0 1\n",
		"no instructions":  "0",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := capture.ParseFilter(text); !errors.Is(err, capture.ErrFilter) {
				t.Errorf("ParseFilter(%q) = %v, want ErrFilter", text, err)
			}
		})
	}
}

func FuzzParseFilter(f *testing.F) {
	f.Add("", []byte{})
	f.Add(acceptAll, web)
	f.Add("4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n", web)
	f.Fuzz(func(t *testing.T, text string, frame []byte) {
		if filter, err := capture.ParseFilter(text); err == nil {
			filter.Match(frame)
		}
	})
}
