package demo

import (
	"fmt"
	"net/netip"
	"strings"

	"xlvs/config"
	"xlvs/lvs"
)

// Everything printed fits into 80 columns, and a method into 50 lines. Nothing
// in it changes from run to run, so that two runs can be compared.

// introduction returns the method's name, picture and addresses.
func (m method) introduction(mode config.Mode) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s\n%s\n", m.name, mode, m.title, m.picture)
	row := func(word, host string, address func(family) netip.Addr) {
		line := fmt.Sprintf("  %s  %-8s", word, host)
		for _, f := range m.families {
			line += fmt.Sprintf("  %-15s", address(f))
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	row("CIP", "client", func(f family) netip.Addr { return f.cip })
	row("VIP", "director", func(f family) netip.Addr { return f.vip })
	switch m.real.Method {
	case lvs.Tunnel:
		row("DIP", "director", func(f family) netip.Addr { return f.own })
	case lvs.FullNAT:
		row("LIP", "director", func(f family) netip.Addr { return f.own })
	}
	for i := range m.families[0].rips {
		row("RIP", realName(i), func(f family) netip.Addr { return f.rips[i] })
	}
	return b.String()
}

// answersTitle is above the lines that answers returns for services with such a
// client_address.
func answersTitle(c config.ClientAddress) string {
	asks, whom := "the client asks", "and whom they see"
	if c != config.NoClientAddress {
		asks, whom = fmt.Sprintf("client_address = %q", c.String()), "and of whom they hear"
	}
	return fmt.Sprintf("\n  %-29s  %-24s  %s\n", asks, "who answers, in turn", whom)
}

// answers returns a line about who answered.
func (s service) answers(answers []int) string {
	names := make([]string, len(answers))
	for i, a := range answers {
		names[i] = realName(a)
	}
	return fmt.Sprintf("  %-29s  %-24s  %v\n", s.url(), strings.Join(names, " "), s.known())
}

// indent puts the lines of text in line with the rest.
func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// hints returns what can be done by hand with a stage that is kept.
func (s *stage) hints() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is left running. Each host is a network namespace; as root:\n", s.method.name)
	for _, service := range s.method.services() {
		fmt.Fprintf(&b, "  ip netns exec %s curl '%s'\n", s.network.Client.Name(), service.url())
	}
	fmt.Fprintf(&b, "  ip netns exec %s tcpdump -ni eth0 %s\n", s.network.Real[0].Name(), s.method.capture)
	fmt.Fprintf(&b, "  ip netns exec %s %s ipvsadm -ln\n", s.network.Director.Name(), s.director.cmd.Path)
	return b.String()
}
