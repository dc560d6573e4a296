package control

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"xlvs/config"
	"xlvs/control/desired"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
)

// A step is one request and what is to come of it. What the answer has to be is
// JSON, and may be less than all of it.
type step struct {
	method, path, body string
	status             int
	want               string
}

// take makes each step and checks the answer.
func (s *site) take(t *testing.T, steps []step) {
	t.Helper()
	for _, st := range steps {
		r := s.ask(t, st.method, "/v1/"+st.path, st.body)
		if r.status != st.status {
			t.Fatalf("%s %s %s: status %d, want %d: %s", st.method, st.path, st.body, r.status, st.status, r.body)
		}
		if st.want != "" && !contains(t, r.body, st.want) {
			t.Errorf("%s %s %s: %s, want %s", st.method, st.path, st.body, r.body, st.want)
		}
	}
}

// contains reports whether the JSON in whole has all that is in part.
func contains(t *testing.T, whole, part string) bool {
	t.Helper()
	var w, p any
	if err := json.Unmarshal([]byte(whole), &w); err != nil {
		t.Errorf("%s: %v", whole, err)
	}
	if err := json.Unmarshal([]byte(part), &p); err != nil {
		t.Fatalf("%s: %v", part, err)
	}
	return covers(w, p)
}

func covers(whole, part any) bool {
	switch part := part.(type) {
	case map[string]any:
		w, ok := whole.(map[string]any)
		for key := range part {
			ok = ok && covers(w[key], part[key])
		}
		return ok
	case []any:
		w, ok := whole.([]any)
		ok = ok && len(w) == len(part)
		for i := range part {
			ok = ok && covers(w[i], part[i])
		}
		return ok
	}
	return reflect.DeepEqual(whole, part)
}

func TestServices(t *testing.T) {
	s := open(t, new(fakeDirector), Options{}, nil)
	s.take(t, []step{
		{"GET", "services", "", 200, `{"services":[]}`},
		{"POST", "services", `{"protocol":"tcp","address":"192.0.2.1","port":80}`, 201, `{"id":"tcp-192.0.2.1:80","scheduler":"wlc","origin":"runtime","destinations":[]}`},
		{"POST", "services", `{"protocol":"udp","address":"2001:db8::1","port":53,"scheduler":"mh","flags":["mh-port","flag-3"],"persistence":360,"pe":"sip",
			"destinations":[{"address":"2001:db8::11","forward":"tun","tun_type":"gue","tun_port":6080,"tun_csum":"csum"}]}`, 201,
			`{"id":"udp-[2001:db8::1]:53","netmask":128,"destinations":[{"address":"2001:db8::11","port":53,"weight":1,"forward":"tun"}]}`},
		{"POST", "services", `{"fwmark":5,"family":"ipv6","scheduler":"rr"}`, 201, `{"id":"fwm-5-ipv6","fwmark":5,"family":"ipv6"}`},
		{"GET", "services/udp-[2001:db8::1]:53", "", 200, `{"flags":["mh-port","flag-3"],"persistence":360,"pe":"sip"}`},
		{"GET", "services", "", 200, `{"services":[{"id":"tcp-192.0.2.1:80"},{"id":"udp-[2001:db8::1]:53"},{"id":"fwm-5-ipv6"}]}`},
		{"PUT", "services/tcp-192.0.2.1:80", `{"scheduler":"sh","flags":["sh-port"],"client_address":"toa","mss_clamp":true,"local_addresses":["192.0.2.9:1024-2000"]}`, 200,
			`{"scheduler":"sh","flags":["sh-port"],"client_address":"toa","mss_clamp":true,"local_addresses":["192.0.2.9:1024-2000"]}`},
		{"PUT", "services/fwm-5-ipv6", `{"fwmark":5,"scheduler":"wrr"}`, 200, `{"scheduler":"wrr"}`},
		{"POST", "services/fwm-5-ipv6/zero", "", 204, ""},
		{"POST", "zero", "", 204, ""},
		{"DELETE", "services/fwm-5-ipv6", "", 204, ""},
		{"GET", "services/fwm-5-ipv6", "", 404, ""},
		{"DELETE", "services", "", 204, ""},
		{"GET", "services", "", 200, `{"services":[]}`},
	})
	if want := []string{"FWM 5 IPv6", "all"}; !reflect.DeepEqual(s.director.zeroed, want) {
		t.Errorf("zeroed %q, want %q", s.director.zeroed, want)
	}
}

// What PUT leaves out is at its default afterwards.
func TestPutReplaces(t *testing.T) {
	s := open(t, twoServices(), Options{}, nil)
	s.take(t, []step{
		{"PUT", "services/tcp-192.0.2.1:80", `{"client_address":"toa","mss_clamp":true,"scheduler":"rr"}`, 200, `{"mss_clamp":true}`},
		{"PUT", "services/tcp-192.0.2.1:80", `{}`, 200, `{"scheduler":"wlc","destinations":[{"address":"198.51.100.11"}]}`},
	})
	got, _ := s.director.Service(web)
	if got.MSSClamp || got.ClientAddress != config.NoClientAddress {
		t.Errorf("service is %+v, want neither MSS clamp nor client address", got)
	}
}

func TestDestinations(t *testing.T) {
	s := open(t, twoServices(), Options{}, nil)
	const of = "services/tcp-192.0.2.1:80/destinations"
	s.take(t, []step{
		{"GET", of, "", 200, `{"destinations":[{"address":"198.51.100.11","port":8080,"forward":"nat","weight":1}]}`},
		{"POST", of, `{"address":"198.51.100.12"}`, 201, `{"address":"198.51.100.12","port":80,"forward":"dr","weight":1}`},
		{"GET", of + "/198.51.100.12:80", "", 200, `{"weight":1}`},
		{"PUT", of + "/198.51.100.12:80", `{"weight":0,"u_threshold":10,"l_threshold":5}`, 200, `{"weight":0,"u_threshold":10,"l_threshold":5}`},
		{"PUT", of + "/198.51.100.12:80", `{"address":"198.51.100.12","port":80}`, 200, `{"weight":1}`},
		{"DELETE", of + "/198.51.100.12:80", "", 204, ""},
		{"GET", of + "/198.51.100.12:80", "", 404, ""},
		{"POST", "services/udp-[2001:db8::1]:53/destinations", `{"address":"2001:db8::11"}`, 201, `{"port":53}`},
		{"DELETE", "services/udp-[2001:db8::1]:53/destinations/[2001:db8::11]:53", "", 204, ""},
	})
	r := s.ask(t, "POST", "/v1/services/udp-[2001:db8::1]:53/destinations", `{"address":"2001:db8::12"}`)
	if r = s.ask(t, "GET", r.header.Get("Location"), ""); r.status != http.StatusOK {
		t.Errorf("at its Location: status %d", r.status)
	}
}

func TestRevision(t *testing.T) {
	s := open(t, twoServices(), Options{}, nil)
	const svc = "/v1/services/tcp-192.0.2.1:80"
	r := s.ask(t, "GET", svc, "")
	etag := r.header.Get("ETag")
	if etag != `"0"` {
		t.Fatalf("ETag = %s, want \"0\"", etag)
	}
	first := s.ask(t, "PUT", svc, `{"scheduler":"rr"}`, "If-Match: "+etag)
	if first.status != 200 || first.header.Get("ETag") != `"1"` {
		t.Errorf("the first who has seen it: status %d, ETag %s", first.status, first.header.Get("ETag"))
	}
	second := s.ask(t, "PUT", svc, `{"scheduler":"sh"}`, "If-Match: "+etag)
	if second.status != 412 || second.code() != "stale" {
		t.Errorf("the second who has seen it: status %d, %s", second.status, second.body)
	}
	if r := s.ask(t, "DELETE", svc, "", "If-Match: *"); r.status != 204 {
		t.Errorf("whoever does not care: status %d", r.status)
	}
	for _, bad := range []string{"7", `W/"7"`, `"x"`, `"-1"`} {
		if r := s.ask(t, "DELETE", "/v1/services", "", "If-Match: "+bad); r.status != 400 {
			t.Errorf("If-Match %s: status %d, want 400", bad, r.status)
		}
	}
	if r := s.ask(t, "POST", "/v1/batch", `{"operations":[],"each":true}`, `If-Match: "2"`); r.status != 400 {
		t.Errorf("If-Match and each: status %d, want 400", r.status)
	}
}

func TestSettings(t *testing.T) {
	s := open(t, twoServices(), Options{Version: "v1", File: "/etc/xlvs.toml"}, nil)
	s.take(t, []step{
		{"GET", "timeouts", "", 200, `{"tcp":900,"tcpfin":120,"udp":300}`},
		{"PUT", "timeouts", `{"tcp":60,"udp":1.5}`, 200, `{"tcp":60,"tcpfin":120,"udp":1.5}`},
		{"GET", "sysctls", "", 200, `{"conn_reuse_mode":1,"sync_threshold":[3,50],"est_cpulist":""}`},
		{"GET", "sysctls/conn_reuse_mode", "", 200, `{"name":"conn_reuse_mode","value":1,"default":1,"min":0,"max":3}`},
		{"GET", "sysctls/conntrack", "", 200, `{"unused":"there is no netfilter conntrack to keep entries in"}`},
		{"PUT", "sysctls/conn_reuse_mode", `{"value":0}`, 200, `{"value":0,"default":1}`},
		{"PATCH", "sysctls", `{"drop_entry":1,"sloppy_tcp":1}`, 200, `{"drop_entry":1,"sloppy_tcp":1,"conn_reuse_mode":0}`},
		{"GET", "daemon", "", 200, `{"version":"v1","file":"/etc/xlvs.toml","revision":3,"sync":[]}`},
		{"GET", "stats", "", 200, `{"verdicts":{"forwarded":5,"no route":7,"unreadable":0},"workers":[{"conns":1,"in_pkts":2},{"out_bytes":3}]}`},
		{"GET", "interfaces", "", 200, `{"interfaces":[]}`},
	})
	r := s.ask(t, "GET", "/v1/config", "")
	c, err := config.Parse("answer", []byte(r.body))
	if err != nil || !reflect.DeepEqual(c, s.state.Config()) {
		t.Errorf("config is %s, %v, want the running state", r.body, err)
	}
	if r := s.ask(t, "HEAD", "/v1/config", ""); r.status != 200 || r.body != "" {
		t.Errorf("HEAD of config: status %d, %q", r.status, r.body)
	}
}

func TestBatch(t *testing.T) {
	s := open(t, twoServices(), Options{}, nil)
	const ops = `[{"op":"delete-service","id":"udp-[2001:db8::1]:53"},{"op":"add-destination","id":"fwm-9","destination":{"address":"192.0.2.3"}},
		{"op":"edit-service","service":{"protocol":"tcp","address":"192.0.2.1","port":80,"scheduler":"rr"}},{"op":"dance"}]`
	s.take(t, []step{
		{"POST", "batch", `{"operations":` + ops + `}`, 400, `{"error":{"code":"bad-request","operation":3}}`},
		{"POST", "batch", `{"operations":` + strings.Replace(ops, "dance", "flush", 1) + `}`, 404, `{"error":{"code":"no-service","operation":1}}`},
		{"GET", "services", "", 200, `{"services":[{"scheduler":"wlc"},{}]}`},
		{"POST", "batch", `{"each":true,"operations":` + ops + `}`, 200,
			`{"done":2,"failed":[{"code":"no-service","operation":1},{"code":"bad-request","operation":3}]}`},
		{"GET", "services", "", 200, `{"services":[{"scheduler":"rr"}]}`},
		{"POST", "batch", `{}`, 204, ""},
	})
}

func TestDirectorRefuses(t *testing.T) {
	d := twoServices()
	s := open(t, d, Options{}, nil)
	d.refuse = dataplane.ErrHostPorts
	s.take(t, []step{{"DELETE", "services", "", 409, `{"error":{"code":"host-ports"}}`}})
	d.refuse = errors.New("out of luck")
	s.take(t, []step{{"DELETE", "services", "", 500, `{"error":{"code":"internal"}}`}})
	d.portsErr = errors.New("no statistics")
	s.take(t, []step{{"GET", "interfaces", "", 500, `{"error":{"code":"internal","message":"no statistics"}}`}})
	d.counters, d.rates = dataplane.Counters{Conns: 1, InBytes: 2}, rate.Rates{InPkts: 3}
	s.take(t, []step{{"GET", "services/tcp-192.0.2.1:80", "", 200, `{"origin":"file","stats":{"conns":1,"in_bytes":2},"rates":{"in_pps":3}}`}})
}

func TestReload(t *testing.T) {
	load := func(file []byte, r desired.Reload) (desired.Report, error) {
		switch {
		case len(file) > 0:
			return desired.Report{Kept: []string{string(file)}}, nil
		case r.Prune:
			return desired.Report{}, config.ErrSyntax
		case r.DryRun:
			return desired.Report{Kept: []string{"dry"}}, nil
		}
		return desired.Report{Changes: []config.Change{{Service: web, What: "added"}, {What: "dataplane: workers 1 -> 2", Restart: true}}}, nil
	}
	s := open(t, twoServices(), Options{Load: load}, nil)
	s.take(t, []step{
		{"POST", "reload", "", 200, `{"changes":[{"id":"tcp-192.0.2.1:80","what":"added"},{"restart":true}],"kept":[]}`},
		{"POST", "reload", `{"dry_run":true}`, 200, `{"changes":[],"kept":["dry"]}`},
		{"POST", "reload", `{"prune":true}`, 422, `{"error":{"code":"not-reloaded"}}`},
		{"POST", "reload", `{"config":"[timeouts]\ntcp = 60\n"}`, 200, `{"kept":["[timeouts]\ntcp = 60\n"]}`},
		{"POST", "reload", `{"prune":1}`, 400, `{"error":{"code":"bad-request"}}`},
	})
	report, err := s.Reload(t.Context(), []byte("# nothing\n"), desired.Reload{})
	check(t, "Reload", report.Kept, err, []string{"# nothing\n"})
}
