package realserver

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata")

func TestPrint(t *testing.T) {
	const vips = "--vip 192.0.2.1 --vip 2001:db8::1"
	tests := map[string]string{
		"dr":        vips,
		"dr-ipv4":   "--vip 192.0.2.1 --vip 192.0.2.2 --interface dummy0",
		"tun-ipip":  vips + " --method tun",
		"tun-gre":   "--vip 192.0.2.1 --method tun --tun-type gre",
		"tun-gue":   "--vip 192.0.2.1 --method tun --tun-type gue --tun-port 5555",
		"tun-gue-6": "--vip 2001:db8::1 --method tun --tun-type gue",
		"tun-all":   vips + " --method tun --tun-type all",
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Command(t.Context(), append(strings.Fields(args), "--print"), &out, nil); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", "print-"+name+".txt")
			if *update {
				if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Bytes(), want) {
				t.Errorf("%s --print prints\n%s\nwant\n%s", args, &out, want)
			}
		})
	}
}
