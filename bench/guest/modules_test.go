package guest

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// someModules is in the format of a modules.dep.
const someModules = `kernel/net/netfilter/ipvs/ip_vs.ko: kernel/net/netfilter/nf_conntrack.ko kernel/lib/libcrc32c.ko
kernel/net/netfilter/ipvs/ip_vs_rr.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko
kernel/net/netfilter/nf_conntrack.ko: kernel/lib/libcrc32c.ko
kernel/lib/libcrc32c.ko:
kernel/drivers/net/veth.ko:
kernel/fs/xfs/xfs.ko: kernel/lib/libcrc32c.ko
`

func TestParseModulesDep(t *testing.T) {
	tests := map[string]struct {
		text string
		ok   bool
	}{
		"some modules":        {someModules, true},
		"nothing":             {"", true},
		"no last end of line": {"a.ko: b.ko", true},
		"no colon":            {"kernel/lib/libcrc32c.ko\n", false},
		"empty line":          {"a.ko:\n\nb.ko:\n", false},
		"no name":             {": kernel/lib/libcrc32c.ko\n", false},
		"absolute path":       {"/etc/shadow:\n", false},
		"path that leaves":    {"kernel/../../etc/shadow:\n", false},
		"need that leaves":    {"a.ko: ../b.ko\n", false},
		"the folder itself":   {".:\n", false},
		"twice":               {"a.ko:\na.ko:\n", false},
		"endless line":        {strings.Repeat("a", 1<<20), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			list, err := parseModulesDep(strings.NewReader(tt.text))
			if tt.ok != (err == nil) {
				t.Errorf("parseModulesDep(%.40q) = %v, %v, want success: %t", tt.text, list, err, tt.ok)
			}
		})
	}
	if _, err := parseModulesDep(strings.NewReader("a")); !errors.Is(err, errModulesDep) {
		t.Errorf("error %v, want %v", err, errModulesDep)
	}
}

func TestWantedModules(t *testing.T) {
	list, err := parseModulesDep(strings.NewReader(someModules))
	must(t, err)
	tests := map[string]struct {
		prefixes []string
		want     []string
	}{
		"nothing":               {nil, nil},
		"one that needs none":   {[]string{"kernel/drivers/net/veth."}, []string{"kernel/drivers/net/veth.ko"}},
		"one that is not there": {[]string{"kernel/drivers/net/eth."}, nil},
		"what it needs": {[]string{"kernel/net/netfilter/ipvs/ip_vs_rr."}, []string{
			"kernel/lib/libcrc32c.ko", "kernel/net/netfilter/ipvs/ip_vs.ko",
			"kernel/net/netfilter/ipvs/ip_vs_rr.ko.xz", "kernel/net/netfilter/nf_conntrack.ko"}},
		"a folder": {[]string{"kernel/fs/"}, []string{"kernel/fs/xfs/xfs.ko", "kernel/lib/libcrc32c.ko"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := list.wanted(tt.prefixes)
			slices.Sort(tt.want)
			if !slices.Equal(got, tt.want) {
				t.Errorf("wanted(%q) = %q, want %q", tt.prefixes, got, tt.want)
			}
		})
	}
}

func TestModulesMayNeedEachOther(t *testing.T) {
	list := moduleList{"a.ko": {"b.ko"}, "b.ko": {"a.ko"}}
	if got := list.wanted([]string{"a"}); len(got) != 2 {
		t.Errorf("wanted = %q, want both", got)
	}
}

func TestHasIPVS(t *testing.T) {
	tests := map[string]struct {
		file, text string
		want       bool
	}{
		"neither":              {"proc/net/arp", "", false},
		"loaded":               {"proc/net/ip_vs", "", true},
		"installed":            {"lib/modules/6.1.0/modules.dep", someModules, true},
		"compressed":           {"lib/modules/6.1.0/modules.dep", "kernel/net/netfilter/ipvs/ip_vs.ko.zst:\n", true},
		"of another kernel":    {"lib/modules/6.2.0/modules.dep", someModules, false},
		"schedulers alone":     {"lib/modules/6.1.0/modules.dep", "kernel/net/netfilter/ipvs/ip_vs_rr.ko:\n", false},
		"list that is no list": {"lib/modules/6.1.0/modules.dep", "ip_vs\n", false},
		"kernel without ip_vs": {"lib/modules/6.1.0/modules.dep", "kernel/drivers/net/veth.ko:\n", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			file := filepath.Join(root, tt.file)
			must(t, os.MkdirAll(filepath.Dir(file), 0o755))
			must(t, os.WriteFile(file, []byte(tt.text), 0o644))
			if got := hasIPVS(root, "6.1.0"); got != tt.want {
				t.Errorf("hasIPVS = %t, want %t", got, tt.want)
			}
		})
	}
	t.Logf("this machine has IPVS: %t", HostHasIPVS())
}

func FuzzParseModulesDep(f *testing.F) {
	f.Add([]byte(someModules))
	f.Add([]byte("a.ko: b.ko\nb.ko: a.ko\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := parseModulesDep(strings.NewReader(string(text)))
		if err != nil {
			return
		}
		for _, p := range list.wanted([]string{"kernel/", "a"}) {
			if !filepath.IsLocal(p) {
				t.Errorf("%q leaves the folder of the list", p)
			}
		}
		list.has("ip_vs")
	})
}
