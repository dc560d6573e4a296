package control

import (
	"reflect"
	"testing"
)

func TestRefusals(t *testing.T) {
	s := open(t, twoServices(), Options{}, nil)
	const svc, dst = "services/tcp-192.0.2.1:80", "services/tcp-192.0.2.1:80/destinations"
	tests := map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"a service that is there":           {"POST", "services", `{"protocol":"tcp","address":"192.0.2.1","port":80}`, 409, "service-exists"},
		"no JSON":                           {"POST", "services", `protocol=tcp`, 400, "bad-request"},
		"half of it":                        {"POST", "services", `{"protocol":"tcp"`, 400, "bad-request"},
		"two values":                        {"POST", "services", `{"fwmark":5}{"fwmark":6}`, 400, "bad-request"},
		"an unknown field":                  {"POST", "services", `{"fwmark":5,"sheduler":"rr"}`, 400, "bad-request"},
		"an unknown field in a destination": {"POST", "services", `{"fwmark":5,"destinations":[{"adress":"192.0.2.3"}]}`, 400, "bad-request"},
		"a text for a number":               {"POST", "services", `{"fwmark":"5"}`, 400, "bad-request"},
		"a port too large":                  {"POST", "services", `{"protocol":"tcp","address":"192.0.2.1","port":65536}`, 400, "bad-request"},
		"an empty body":                     {"POST", "services", ``, 422, "invalid"},
		"a mark and an address":             {"POST", "services", `{"fwmark":5,"address":"192.0.2.1"}`, 422, "invalid"},
		"a family and no mark":              {"POST", "services", `{"family":"ipv6"}`, 422, "invalid"},
		"a family that is none":             {"POST", "services", `{"fwmark":5,"family":"ipx"}`, 422, "invalid"},
		"a protocol that is none":           {"POST", "services", `{"protocol":"gre","address":"192.0.2.1","port":80}`, 422, "invalid"},
		"no address that makes sense":       {"POST", "services", `{"protocol":"tcp","address":"224.0.0.1","port":80}`, 422, "invalid"},
		"an unknown scheduler":              {"POST", "services", `{"fwmark":5,"scheduler":"best"}`, 422, "no-scheduler"},
		"its flags":                         {"POST", "services", `{"fwmark":5,"scheduler":"best","flags":["best-port"]}`, 422, "no-scheduler"},
		"a flag of another scheduler":       {"POST", "services", `{"fwmark":5,"scheduler":"rr","flags":["sh-port"]}`, 422, "invalid"},
		"a persistence of ages":             {"POST", "services", `{"fwmark":5,"persistence":9223372036854775807}`, 422, "invalid"},
		"a local address that is none":      {"POST", "services", `{"fwmark":5,"local_addresses":["192.0.2.1-9"]}`, 422, "invalid"},
		"an unknown client address":         {"POST", "services", `{"fwmark":5,"client_address":"xff"}`, 422, "invalid"},
		"a bad destination of a service":    {"POST", "services", `{"fwmark":5,"destinations":[{"address":"192.0.2.3","forward":"route"}]}`, 422, "invalid"},
		"editing another service":           {"PUT", svc, `{"port":81}`, 400, "bad-request"},
		"editing destinations":              {"PUT", svc, `{"destinations":[]}`, 400, "bad-request"},
		"editing a service that is not":     {"PUT", "services/fwm-7", `{}`, 404, "no-service"},
		"deleting a service that is not":    {"DELETE", "services/fwm-7", "", 404, "no-service"},
		"zeroing a service that is not":     {"POST", "services/fwm-7/zero", "", 404, "no-service"},
		"a service that is not":             {"GET", "services/fwm-7", "", 404, "no-service"},
		"an id that is none":                {"GET", "services/tcp", "", 400, "bad-request"},
		"destinations of no service":        {"GET", "services/fwm-7/destinations", "", 404, "no-service"},
		"a destination of no service":       {"GET", "services/fwm-7/destinations/192.0.2.3:80", "", 404, "no-service"},
		"a destination for no service":      {"POST", "services/fwm-7/destinations", `{"address":"192.0.2.3"}`, 404, "no-service"},
		"a destination that is there":       {"POST", dst, `{"address":"198.51.100.11","port":8080}`, 409, "destination-exists"},
		"a destination that is not":         {"GET", dst + "/198.51.100.99:80", "", 404, "no-destination"},
		"editing a destination that is not": {"PUT", dst + "/198.51.100.99:80", "{}", 404, "no-destination"},
		"deleting one":                      {"DELETE", dst + "/198.51.100.99:80", "", 404, "no-destination"},
		"editing another destination":       {"PUT", dst + "/198.51.100.11:8080", `{"port":80}`, 400, "bad-request"},
		"a destination id that is none":     {"DELETE", dst + "/198.51.100.11", "", 400, "bad-request"},
		"an unknown tunnel":                 {"POST", dst, `{"address":"198.51.100.12","forward":"tun","tun_type":"vxlan"}`, 422, "invalid"},
		"a negative weight":                 {"POST", dst, `{"address":"198.51.100.12","weight":-1}`, 422, "invalid"},
		"crossed thresholds":                {"POST", dst, `{"address":"198.51.100.12","u_threshold":5,"l_threshold":6}`, 422, "thresholds"},
		"a sysctl that is not":              {"GET", "sysctls/nonesuch", "", 404, "no-sysctl"},
		"setting a sysctl that is not":      {"PUT", "sysctls/nonesuch", `{"value":1}`, 404, "no-sysctl"},
		"one of several":                    {"PATCH", "sysctls", `{"drop_entry":1,"nonesuch":1}`, 404, "no-sysctl"},
		"a sysctl out of range":             {"PUT", "sysctls/drop_entry", `{"value":4}`, 422, "invalid"},
		"a sysctl without a value":          {"PUT", "sysctls/drop_entry", `{}`, 400, "bad-request"},
		"a sysctl of two numbers":           {"PUT", "sysctls/sync_threshold", `{"value":4}`, 422, "invalid"},
		"a timeout of ages":                 {"PUT", "timeouts", `{"tcp":1e300}`, 422, "invalid"},
		"a negative timeout":                {"PUT", "timeouts", `{"tcp":-1}`, 422, "invalid"},
		"a batch that is none":              {"POST", "batch", `[]`, 400, "bad-request"},
		"an operation that is none":         {"POST", "batch", `{"operations":[{"op":"reboot"}]}`, 400, "bad-request"},
		"an operation of nothing":           {"POST", "batch", `{"operations":[{}]}`, 400, "bad-request"},
		"an operation without its service":  {"POST", "batch", `{"operations":[{"op":"add-service"}]}`, 400, "bad-request"},
		"an operation without its id":       {"POST", "batch", `{"operations":[{"op":"delete-service"}]}`, 400, "bad-request"},
		"one without its destination":       {"POST", "batch", `{"operations":[{"op":"add-destination","id":"fwm-5"}]}`, 400, "bad-request"},
		"one without its timeouts":          {"POST", "batch", `{"operations":[{"op":"set-timeouts"}]}`, 400, "bad-request"},
		"one without its value":             {"POST", "batch", `{"operations":[{"op":"set-sysctl","sysctl":"drop_entry"}]}`, 400, "bad-request"},
		"a protocol of no connection":       {"GET", "connections?protocol=x", "", 400, "bad-request"},
		"a client that is none":             {"GET", "connections?client=x", "", 400, "bad-request"},
		"a page of none":                    {"GET", "connections?limit=0", "", 400, "bad-request"},
		"a cursor that is none":             {"GET", "connections?cursor=*", "", 400, "bad-request"},
		"neither true nor false":            {"GET", "connections?stream=yes", "", 400, "bad-request"},
		"nor a template":                    {"GET", "connections?template=yes", "", 400, "bad-request"},
		"a parameter that is none":          {"GET", "connections?clint=192.0.2.1", "", 400, "bad-request"},
		"a parameter twice":                 {"GET", "connections?limit=1&limit=2", "", 400, "bad-request"},
		"a query that is none":              {"GET", "connections?limit=%zz", "", 400, "bad-request"},
		"reloading no file":                 {"POST", "reload", "", 501, "not-supported"},
		"capturing where nobody can":        {"GET", "capture", "", 501, "not-supported"},
		"a filter that is none":             {"GET", "capture?filter=tcp", "", 400, "bad-request"},
		"nowhere":                           {"GET", "capture?where=here", "", 400, "bad-request"},
		"a capture of no service":           {"GET", "capture?service=x", "", 400, "bad-request"},
		"a negative time":                   {"GET", "capture?seconds=-1", "", 400, "bad-request"},
		"a resource that is not":            {"GET", "nonesuch", "", 404, "no-resource"},
		"a method that is not":              {"DELETE", "stats", "", 405, "method-not-allowed"},
	}
	before := s.state.Config()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := s.ask(t, tt.method, "/v1/"+tt.path, tt.body)
			if r.status != tt.status || r.code() != tt.code {
				t.Errorf("%s %s %s: status %d, %s, want %d with code %s", tt.method, tt.path, tt.body, r.status, r.body, tt.status, tt.code)
			}
		})
	}
	if got := s.state.Config(); !reflect.DeepEqual(got, before) {
		t.Errorf("after nothing but refusals the state is %+v, was %+v", got, before)
	}
	if r := s.ask(t, "DELETE", "/v1/stats", ""); r.header.Get("Allow") != "GET" {
		t.Errorf("Allow = %q, want GET", r.header.Get("Allow"))
	}
}
