package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// addSeeds adds the example files and what is odd about TOML.
func addSeeds(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.toml"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no example files: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("service = [{protocol='tcp',vip='::2',port=0x50,real=[]}]")
	f.Add("timeouts = {\n tcp = 1, # one\n udp = '''2s''',\n}")
	f.Add("dataplane.\"mode\" = \"\"\"\\\nxdp\"\"\"\n[timeouts]\nudp=1_0")
	f.Add("[[service]]\n[service.real]\n[[service.real.real]]\n")
	f.Add("sysctl = {sync_threshold=[\n1, 2], est_cpulist='0'}\n[[mark]]\nmark=1\ndestination='::/0'\nports=' 1-2,3'")
	f.Add("[[service]]\nprotocol='udp'\nvip='::2'\nport=0\npersistence='1s'\nnetmask='fff0::'\nengine='sip'")
	f.Add("[[service]]\nmark=1\nfamily='ipv6'\nflags=[]\nnetmask=1\none_packet=true\n[[mark]]\nmark=1\ndestination='::2'")
	f.Add("fullnat = {local_addresses=['::2','[::3]:1-2']}\n[[service]]\nmark=1\nforward='fullnat'\nreal=[{address='::4'}]\n[[mark]]\nmark=1\ndestination='0.0.0.0'")
	f.Add("[[service]]\nprotocol='tcp'\nvip='::2'\nport=1\nmss_clamp=true\nreal=[{address='192.0.2.1',forward='tun',tun_type='gue',tun_port=1,tun_csum='remcsum'}]")
	f.Add("a = [[[[{b=[{}]}]]]]\n'' = 1\n\"\x00")
	f.Add("[dataplane]\ninterfaces = ['\u00e9th\\0', \"\\u0065th1\"]")
}

// FuzzParse checks that Parse accepts nothing that does not validate and come
// back from Write, and that each error says its line.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("f", []byte(text))
		if err != nil {
			if c != nil || !strings.HasPrefix(err.Error(), "f:") {
				t.Fatalf("Parse(%q) = %v, %v, want nothing and an error with a line", text, c, err)
			}
			return
		}
		if err := c.Validate(); err != nil {
			t.Fatalf("Parse(%q) accepts what Validate refuses: %v", text, err)
		}
		roundTrips(t, c)
	})
}

// FuzzParsePorts checks that what parsePorts takes it takes again as it is
// written.
func FuzzParsePorts(f *testing.F) {
	for _, text := range []string{"80", "80,443,8000-8080", " 1 , 2-3", "0-65535", "65536", "-", "1-2-3", ",", "+1", "80-"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ranges, ok := parsePorts(text)
		if !ok {
			return
		}
		again, ok := parsePorts(portsText(ranges))
		if !ok || !slices.Equal(again, ranges) {
			t.Fatalf("parsePorts(%q) = %v, which is written %q and read as %v, %t", text, ranges, portsText(ranges), again, ok)
		}
	})
}
