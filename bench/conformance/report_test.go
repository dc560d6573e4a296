package conformance

import (
	"errors"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	r := Report{Kernel: "6.1"}
	r.Add(Judgement{Script: Script{Name: "b", Steps: make([]Step, 3)}}, false)
	r.Add(Judgement{Script: Script{Name: "a"}, Differences: []Difference{{What: "-Ln"}}}, false)
	r.Add(Judgement{Script: Script{Name: "c"}, Err: errors.New("fell over")}, false)
	r.Add(Judgement{Script: Script{Name: "fragment/x"}, Differences: []Difference{{What: "--stats"}, {Step: 1, What: "--stats"}}}, false)
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	const want = "| a | 0 | **differs** |\n| b | 3 | same |\n| c | 0 | **differs** |\n| fragment/x | 0 | differs, reason 1 |\n"
	for _, part := range []string{"4 scripts: 1 the same, 1 differ for a reason, 2 differ", "Linux 6.1", want, "\n1. The kernel puts datagrams together"} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("Write() wrote\n%s\nwithout %q", &b, part)
		}
	}
}

func TestReportOfRandomScripts(t *testing.T) {
	var r Report
	r.Add(Judgement{Script: Script{Steps: []Step{from(Client, Packet{}, Packet{})}}}, true)
	r.Random.Found = append(r.Random.Found, Judgement{Script: Script{Name: "random/9"}})
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.Summary(), "1 random scripts with 2 packets, 1 differ") || !strings.Contains(b.String(), "random/9") {
		t.Errorf("Summary() = %q, and Write() wrote\n%s", r.Summary(), &b)
	}
}

func TestWithoutFence(t *testing.T) {
	const list = "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port\n" +
		"UDP  198.51.100.250:9 rr\n  -> 192.0.2.18:9  Masq\nUDP  198.51.100.10:53 rr\n  -> 192.0.2.18:53  Masq\n"
	got := strings.Join(withoutFence(list), "\n")
	if want := "UDP  198.51.100.10:53 rr\n  -> 192.0.2.18:53  Masq"; got != want {
		t.Errorf("withoutFence() = %q, want %q", got, want)
	}
}
