package compare

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestProxyConfigurations(t *testing.T) {
	p := Proxy{Listen: "198.51.100.1:4242", Servers: []string{"192.0.2.11:1", "192.0.2.12:2"}, Dir: "/tmp/x", Module: "/m.so"}
	tests := map[string]struct {
		got  string
		want []string
	}{
		"haproxy": {p.HAProxy(), []string{"mode tcp", "  bind 198.51.100.1:4242\n", "  server s1 192.0.2.11:1\n", "  server s2 192.0.2.12:2\n"}},
		"nginx": {p.Nginx(), []string{
			"load_module /m.so;\n", "pid /tmp/x/nginx.pid;\n", "    server 192.0.2.11:1;\n    server 192.0.2.12:2;\n", "    listen 198.51.100.1:4242 ",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, want := range tt.want {
				if !strings.Contains(tt.got, want) {
					t.Errorf("%q is not in\n%s", want, tt.got)
				}
			}
		})
	}
}

// TestProxiesTakeTheirConfigurations has the programs themselves judge.
func TestProxiesTakeTheirConfigurations(t *testing.T) {
	const module = "/usr/lib/nginx/modules/ngx_stream_module.so"
	dir := t.TempDir()
	p := Proxy{Listen: "127.0.0.1:4242", Servers: []string{"192.0.2.11:4242"}, Dir: dir, Module: module}
	tests := map[string]struct {
		config string
		needs  string // a file, beside the program
		check  []string
	}{
		"haproxy": {p.HAProxy(), "/", []string{"-c", "-f"}},
		"nginx":   {p.Nginx(), module, []string{"-t", "-c"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, missing := exec.LookPath(name)
			if _, err := os.Stat(tt.needs); err != nil {
				missing = err
			}
			if missing != nil {
				if os.Getenv("XLVS_PRIVILEGED") == "1" {
					t.Fatal(missing)
				}
				t.Skip(missing)
			}
			file := filepath.Join(dir, name+".conf")
			if err := os.WriteFile(file, []byte(tt.config), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(name, append(tt.check, file)...).CombinedOutput(); err != nil {
				t.Errorf("%s does not take its configuration: %v\n%s", name, err, out)
			}
		})
	}
}
