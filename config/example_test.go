package config_test

import (
	"fmt"

	"xlvs/config"
)

// An operator sees every mistake in a file at once.
func ExampleParse() {
	_, err := config.Parse("xlvs.toml", []byte(`
[[service]]
protocol = "tcp"
vip = "192.0.2.1"
port = 80
scheduler = "random"

[[service.real]]
address = "192.0.2.11"
wieght = 3
`))
	fmt.Println(err)
	// Output:
	// xlvs.toml:6: service TCP 192.0.2.1:80: scheduler "random": unknown name: must be "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh" or "twos"
	// xlvs.toml:10: unknown key "wieght": allowed here: address, port, weight, forward, tun_type, tun_port, tun_csum, u_threshold, l_threshold
}

// A reload tells what it changes.
func ExampleDiff() {
	before, after := config.Default(), config.Default()
	before.Dataplane.Workers = 4
	after.Timeouts.UDP /= 2
	for _, c := range config.Diff(before, after) {
		fmt.Println(c)
	}
	// Output:
	// dataplane: workers 4 -> 0 (needs a restart)
	// timeouts: udp 300s -> 150s
}

// What has no effect is said, too.
func ExampleConfig_Warnings() {
	c, err := config.Parse("xlvs.toml", []byte(`
[sysctl]
conntrack = 1

[[mark]]
mark = 5
destination = "192.0.2.0/24"
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range c.Warnings() {
		fmt.Println(w)
	}
	// Output:
	// sysctl: conntrack 1 has no effect: there is no netfilter conntrack to keep entries in
	// mark 5: to 192.0.2.0/24 has no effect: no service of this family has mark 5
}
