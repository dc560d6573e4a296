package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"xlvs/bench/compare"
	"xlvs/config"
	"xlvs/lvs"
)

// A contender is a competitor and how it is started.
type contender struct {
	name, what string
	programs   []string // that it cannot be without
	files      []string // likewise
	version    []string // the command that says it; nil: the kernel's is its version
	ours       bool     // xlvs: the binary that is measured says it
	ceiling    bool     // it decides nothing, and only forwards
	talks      bool     // it only does what programs say over TCP
	methods    []lvs.Method
	// present returns why it cannot take part, beyond what is missing; may be nil.
	present func() error
	// limit returns how many connections it can hold; nil: as many as there are.
	limit func() (int, error)
	// start has it begin at s, and notes in s.work what it started.
	start func(ctx context.Context, s *site, d *director) error
}

// contenders returns all that there are, in the order of tables.
func contenders() []contender {
	every := []lvs.Method{lvs.NAT, lvs.DirectRouting, lvs.Tunnel, lvs.FullNAT}
	return []contender{
		{name: "xlvs-xdp", what: "xlvs on AF_XDP", ours: true, methods: every, start: startXLVS(config.XDP)},
		{name: "xlvs-xdp-generic", what: "xlvs on AF_XDP, the program above the driver", ours: true, methods: every, start: startXLVS(config.XDPGeneric)},
		{name: "xlvs-packet", what: "xlvs on packet sockets", ours: true, methods: every, start: startXLVS(config.Packet)},
		{name: "ipvs", what: "kernel IPVS", programs: []string{"ipvsadm"}, methods: every[:3], present: hostIPVS, start: startIPVS},
		{
			name: "nftables", what: "the kernel's nftables DNAT, and SNAT for fullnat",
			programs: []string{"nft"}, version: []string{"nft", "--version"},
			methods: []lvs.Method{lvs.NAT, lvs.FullNAT}, limit: conntrackMax, start: startNFT,
		},
		{
			name: "haproxy", what: "HAProxy, TCP", talks: true, methods: every[3:],
			programs: []string{"haproxy"}, version: []string{"haproxy", "-v"}, start: startHAProxy,
		},
		{
			name: "nginx", what: "nginx, stream", talks: true, methods: every[3:],
			programs: []string{"nginx"}, files: []string{streamModule}, version: []string{"nginx", "-v"}, start: startNginx,
		},
		{name: "loop-xdp", what: "the director's AF_XDP sockets, no director", ceiling: true, start: startLoop(forwardName)},
		{name: "loop-packet", what: "the director's packet sockets, no director", ceiling: true, start: startLoop(rawForwardName)},
		{name: "loop-asavie", what: "github.com/asavie/xdp v0.3.3, no director", ceiling: true, start: startLoop(asavieName)},
		{name: "xdp-redirect", what: "the kernel's XDP redirect, no director", ceiling: true, start: startRedirect},
	}
}

// methodWords are what forwarding methods are called in a report.
var methodWords = map[lvs.Method]string{
	lvs.NAT: "nat", lvs.DirectRouting: "dr", lvs.Tunnel: "tun", lvs.FullNAT: "fullnat",
}

// parseMethod returns the method called word; ceilings, which have none, are like
// direct routing.
func parseMethod(word string) lvs.Method {
	for m, w := range methodWords {
		if w == word {
			return m
		}
	}
	return lvs.DirectRouting
}

// enters reports whether c does what t, which may be nil, measures, by the method
// called word.
func (c *contender) enters(t *trial, word string) bool {
	if t == nil {
		return false
	}
	if c.ceiling {
		return t.ceilings
	}
	return (t.talk || !c.talks) && slices.Contains(c.methods, parseMethod(word))
}

// missing returns why c cannot take part, or nil.
func (c *contender) missing() error {
	var errs []error
	for _, p := range c.programs {
		if _, err := exec.LookPath(p); err != nil {
			errs = append(errs, err)
		}
	}
	for _, f := range c.files {
		if _, err := os.Stat(f); err != nil {
			errs = append(errs, err)
		}
	}
	if c.present != nil {
		errs = append(errs, c.present())
	}
	return errors.Join(errs...)
}

// says returns the first line of what c says its version is; d is how to run xlvs.
func (c *contender) says(ctx context.Context, d *director) string {
	command := c.version
	if c.ours {
		command = []string{d.binary, "version"}
	}
	if command == nil || c.missing() != nil {
		return ""
	}
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// holds returns an error unless c can hold n connections.
func (c *contender) holds(n int) error {
	if c.limit == nil {
		return nil
	}
	most, err := c.limit()
	if err != nil {
		return err
	}
	if n > most {
		return fmt.Errorf("%s holds at most %d connections here", c.name, most)
	}
	return nil
}

// competitor returns c as the matrix knows it.
func (c *contender) competitor(ctx context.Context, r *comparing) compare.Competitor {
	return compare.Competitor{
		Name: c.name, What: c.what, Version: c.says(ctx, r.director), Missing: c.missing(), Ceiling: c.ceiling,
		Has: func(measurement, method string) bool { return c.enters(r.trial(measurement), method) },
		Run: func(ctx context.Context, k compare.Key) ([]float64, error) { return r.square(ctx, c, k) },
	}
}
