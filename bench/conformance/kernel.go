package conformance

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Kernel is the director that Linux has, driven by the ipvsadm in PATH.
func Kernel() Target { return kernel{} }

type kernel struct{}

func (kernel) start(ctx context.Context, n *network, s *Script) (director, error) {
	d := &kernelDirector{program{host: n.director, words: []string{"ipvsadm"}}}
	// Its sysctls are there as soon as somebody has asked for it.
	if out, err := d.ipvsadm(ctx, "", "-Ln"); err != nil || !strings.HasPrefix(out, "IP Virtual Server") {
		return nil, fmt.Errorf("ask the kernel for ip_vs: %w%s", err, out)
	}
	if s.Needs != "" {
		out, err := program{host: n.director, words: []string{"modprobe", s.Needs}}.run(ctx, "")
		if err == nil && strings.Contains(out, exitCode) {
			err = fmt.Errorf("%w %s", errMissing, s.Needs)
		}
		if err != nil {
			return nil, err
		}
	}
	for name, value := range s.Sysctls {
		if err := d.sysctl(ctx, name, value); err != nil {
			return nil, err
		}
	}
	return d, d.mark(ctx, s.Marks)
}

// release returns the release of this machine's kernel, as uname -r says it.
func release() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// A kernelDirector is ip_vs in the director's namespace.
type kernelDirector struct{ program }

func (d *kernelDirector) sysctl(_ context.Context, name string, value int) error {
	return d.host.Sysctl("net.ipv4.vs."+name, strconv.Itoa(value))
}

func (d *kernelDirector) stop() error { return nil }

// mark has netfilter set marks.
func (d *kernelDirector) mark(ctx context.Context, marks []Mark) error {
	if len(marks) == 0 {
		return nil
	}
	out, err := program{host: d.host, words: []string{"nft"}}.run(ctx, netfilterRules(marks), "-f", "-")
	if err == nil && out != "" {
		err = fmt.Errorf("%s", out)
	}
	if err != nil {
		return fmt.Errorf("set marks: %w", err)
	}
	return nil
}

// netfilterRules returns rules that mark packets, for nft.
func netfilterRules(marks []Mark) string {
	var b strings.Builder
	b.WriteString("table inet conformance {\n chain marks {\n  type filter hook prerouting priority mangle;\n")
	for _, m := range marks {
		family := "ip"
		if netip.MustParseAddr(m.Destination).Is6() {
			family = "ip6"
		}
		fmt.Fprintf(&b, "  %s daddr %s %s dport %d meta mark set %d accept\n", family, m.Destination, m.Protocol, m.Port, m.Mark)
	}
	b.WriteString(" }\n}\n")
	return b.String()
}
