package compare

import "fmt"

// A Proxy is what a TCP proxy is to do: listen at one address and pass
// connections on to others.
type Proxy struct {
	Listen  string   // address and port
	Servers []string // addresses and ports
	Dir     string   // its own, for files
	Module  string   // the file of nginx's stream module
}

// HAProxy returns a configuration for `haproxy -db -f`: what the manual suggests
// for plain TCP, without logs and checks, which others do not have either.
func (p Proxy) HAProxy() string {
	text := fmt.Sprintf(`global
  maxconn 4000
defaults
  mode tcp
  balance roundrobin
  option splice-auto
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend clients
  bind %s
  default_backend servers
backend servers
`, p.Listen)
	for i, s := range p.Servers {
		text += fmt.Sprintf("  server s%d %s\n", i+1, s)
	}
	return text
}

// Nginx returns a configuration for `nginx -c`, as a program in the foreground
// that loads its stream module.
func (p Proxy) Nginx() string {
	text := fmt.Sprintf(`load_module %[2]s;
daemon off;
user root;
worker_processes auto;
pid %[1]s/nginx.pid;
error_log stderr notice;
events { worker_connections 8000; }
stream {
  upstream servers {
`, p.Dir, p.Module)
	for _, s := range p.Servers {
		text += fmt.Sprintf("    server %s;\n", s)
	}
	return text + fmt.Sprintf(`  }
  server {
    listen %s backlog=4096 reuseport;
    proxy_pass servers;
  }
}
`, p.Listen)
}
