package control

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"xlvs/config"
	"xlvs/control/desired"
)

// FuzzRequest makes requests of all sorts. Whatever they say, there is an answer,
// and the state stays one that a file can have.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "services", `{"protocol":"tcp","address":"192.0.2.1","port":80,"destinations":[{"address":"198.51.100.11"}]}`)
	f.Add("PUT", "services/tcp-192.0.2.1:80", `{"scheduler":"mh","flags":["mh-port"],"local_addresses":["192.0.2.9"]}`)
	f.Add("POST", "services/tcp-192.0.2.1:80/destinations", `{"address":"198.51.100.12","port":8080,"forward":"tun","tun_type":"gue","tun_port":6080}`)
	f.Add("PUT", "services/tcp-192.0.2.1:80/destinations/198.51.100.11:8080", `{"weight":0}`)
	f.Add("POST", "batch", `{"operations":[{"op":"set-timeouts","timeouts":{"tcp":60}},{"op":"set-sysctl","sysctl":"drop_entry","value":1},{"op":"flush"}],"each":true}`)
	f.Add("GET", "connections?client=192.0.2.0/24&state=NONE&limit=5&cursor=AAAA", "")
	f.Add("GET", "capture?filter=1%0A6+0+0+0%0A&where=ingress,dropped&service=fwm-5-ipv6&seconds=9", "")
	f.Add("PATCH", "sysctls", `{"drop_entry":3}`)
	f.Add("PUT", "timeouts", `{"tcpfin":0.25}`)
	f.Add("POST", "reload", `{"prune":true}`)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		d := twoServices()
		file := config.Default()
		file.Services = d.services
		state := desired.New(d, file)
		s := New(d, state, Options{Load: noChange, Capturer: capturer(noPackets)})
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		u, err := r.URL.Parse("/v1/" + path)
		if err != nil {
			t.Skip()
		}
		r.Method, r.URL = method, u
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), roleKey{}, master)))
		if err := state.Config().Validate(); err != nil {
			t.Errorf("%s %s %s: the state is invalid: %v", method, path, body, err)
		}
		if w.Code == 500 {
			t.Errorf("%s %s %s: %s", method, path, body, w.Body)
		}
	})
}
