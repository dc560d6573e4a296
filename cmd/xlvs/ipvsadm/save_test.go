package ipvsadm

import (
	"io"
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/dataplane"
	"xlvs/lvs"
)

func TestSaveIsIpvsadms(t *testing.T) {
	names := known(t)
	delete(names.Resolver.(hosts), "2001:db8::9") // too long for ipvsadm, which cuts it
	tests := map[string]SaveOptions{"save": {Numeric: true}, "save-names": {Names: names}}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			checkGolden(t, name, func(w io.Writer) error { return Save(t.Context(), w, everything(), o) })
		})
	}
}

// What ipvsadm would save so that it cannot be restored, or does not know.
func TestSaveTellsMore(t *testing.T) {
	limited := dest("192.0.2.11:80", lvs.NAT, 1, 0, 0)
	limited.Upper, limited.Lower = 1000, 750
	tests := map[string]struct {
		service dataplane.ServiceStatus
		want    string
	}{
		"a name of any length": {
			service(lvs.TCP, "[2001:db8::9]:80", "rr"),
			"-A -t [aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg.example.com]:http -s rr\n",
		},
		"a mark beyond 31 bits": {marked(1<<32-1, netip.IPv4Unspecified(), "rr"), "-A -f 4294967295 -s rr\n"},
		"fullnat": {
			service(lvs.TCP, "198.51.100.2:80", "rr", dest("192.0.2.12:80", lvs.FullNAT, 1, 0, 0)),
			"-A -t 198.51.100.2:http -s rr\n-a -t 198.51.100.2:http -r 192.0.2.12:http --fullnat -w 1\n",
		},
		"what only this director has": {
			with(service(lvs.TCP, "198.51.100.2:80", "rr"), func(s *dataplane.ServiceStatus) {
				s.LocalAddresses = []config.LocalRange{
					{Addr: netip.MustParseAddr("192.0.2.5"), First: 1024, Last: 65535}, {Addr: netip.MustParseAddr("2001:db8::5"), First: 2000, Last: 2000},
				}
				s.ClientAddress, s.MSSClamp = config.TOA, true
			}),
			"-A -t 198.51.100.2:http -s rr --local-address 192.0.2.5:1024-65535 --local-address [2001:db8::5]:2000 --client-address toa --mss-clamp\n",
		},
		"no thresholds, as ipvsadm": {
			service(lvs.TCP, "198.51.100.2:80", "rr", limited),
			"-A -t 198.51.100.2:http -s rr\n-a -t 198.51.100.2:http -r a-real-server-with-a-long-name.example.com:http -m -w 1\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checkWritten(t, tt.want, func(w io.Writer) error {
				return Save(t.Context(), w, []dataplane.ServiceStatus{tt.service}, SaveOptions{Names: known(t)})
			})
		})
	}
}
