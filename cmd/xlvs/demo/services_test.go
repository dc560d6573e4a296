package demo

import (
	"testing"

	"xlvs/config"
)

func TestURL(t *testing.T) {
	tests := map[string]struct {
		vip  string
		port uint16
		want string
	}{
		"IPv4":                    {"192.0.2.1", 80, "http://192.0.2.1/"},
		"IPv4 with a port":        {"192.0.2.1", 8080, "http://192.0.2.1:8080/"},
		"IPv6":                    {"2001:db8::1", 80, "http://[2001:db8::1]/"},
		"IPv6 with a port":        {"2001:db8::1", 8080, "http://[2001:db8::1]:8080/"},
		"IPv6 that ends as ports": {"2001:db8::80", 80, "http://[2001:db8::80]/"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := service{family: addresses("192.0.2.7", tt.vip), port: tt.port}
			if got := s.url(); got != tt.want {
				t.Errorf("url() = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWhomRealServersKnow(t *testing.T) {
	for _, m := range methods() {
		for _, s := range m.services() {
			behindHeader := s.client == config.ProxyV2
			if behindHeader != (s.port == headerPort) || behindHeader && m.name != "fullnat" {
				t.Errorf("method %s, port %d: client_address %v", m.name, s.port, s.client)
			}
			want := s.cip
			if m.name == "fullnat" && !behindHeader {
				want = s.own
			}
			if s.known() != want {
				t.Errorf("method %s: %s knows %v, want %v", m.name, s.url(), s.known(), want)
			}
		}
	}
}

func TestWhoseIntroducedAnswer(t *testing.T) {
	f := addresses("203.0.113.7", "198.51.100.10", "192.0.2.11", "192.0.2.12")
	f.own = addresses("198.51.100.2", "198.51.100.10").cip
	s := service{family: f, port: headerPort, client: config.ProxyV2, seen: f.own}
	tests := map[string]struct {
		body string
		want int // -1 for an error
	}{
		"the first":             {"I am rs1, and 198.51.100.2 says that you are 203.0.113.7.\n", 0},
		"the second":            {"I am rs2, and 198.51.100.2 says that you are 203.0.113.7.\n", 1},
		"about another client":  {"I am rs1, and 198.51.100.2 says that you are 203.0.113.8.\n", -1},
		"from another director": {"I am rs1, and 198.51.100.3 says that you are 203.0.113.7.\n", -1},
		"not introduced":        {"I am rs1, and you are 203.0.113.7.\n", -1},
		"the director":          {"I am rs1, and you are 198.51.100.2.\n", -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			i, err := s.whose(tt.body)
			if (err != nil) != (tt.want < 0) || err == nil && i != tt.want {
				t.Errorf("whose(%q) = %d, %v; want %d", tt.body, i, err, tt.want)
			}
		})
	}
}
