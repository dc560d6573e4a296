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
	// xlvs.toml:6: service TCP 192.0.2.1:80: scheduler "random": unknown name: must be "rr", "wrr" or "wlc"
	// xlvs.toml:10: unknown key "wieght": allowed here: address, port, weight, forward
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
