package demo

import (
	"fmt"
	"net/netip"
	"strings"

	"xlvs/config"
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
	for i := range m.families[0].rips {
		row("RIP", realName(i), func(f family) netip.Addr { return f.rips[i] })
	}
	return b.String()
}

// answersTitle is above the lines that answers returns.
const answersTitle = "\n  the client asks                who answers, in turn      and whom they see\n"

// answers returns a line about who answered.
func (f family) answers(answers []int) string {
	names := make([]string, len(answers))
	for i, a := range answers {
		names[i] = realName(a)
	}
	return fmt.Sprintf("  %-29s  %-24s  %v\n", f.url(), strings.Join(names, " "), f.cip)
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
	for _, f := range s.method.families {
		fmt.Fprintf(&b, "  ip netns exec %s curl '%s'\n", s.network.Client.Name(), f.url())
	}
	fmt.Fprintf(&b, "  ip netns exec %s tcpdump -ni eth0 tcp port %d\n", s.network.Real[0].Name(), port)
	// The director's tables come at its leisure, at the end of the file.
	fmt.Fprintf(&b, "  kill -USR1 %d; sleep 1; tail -n 50 %s\n", s.director.process.PID(), s.director.tables)
	return b.String()
}
