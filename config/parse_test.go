package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestLoadFull(t *testing.T) {
	got, err := Load(filepath.Join("testdata", "full.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := full(); !reflect.DeepEqual(got, want) {
		t.Errorf("Load(full.toml) =\n%+v, want\n%+v", got, want)
	}
}

// TestParseBroken compares all the errors of one bad file with a golden list.
func TestParseBroken(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "broken.toml"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "broken.errors"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse("broken.toml", data)
	if c != nil || err == nil {
		t.Fatalf("Parse = %v, %v, want only an error", c, err)
	}
	if got := err.Error() + "\n"; got != string(want) {
		t.Errorf("Parse reports\n%s\nwant\n%s", got, want)
	}
}

func TestParseEmptyIsDefault(t *testing.T) {
	for name, text := range map[string]string{
		"empty file":   "",
		"empty tables": "service = []\nmark = []\nfullnat.local_addresses = []\n[dataplane]\ninterfaces = []\n[timeouts]\n[sysctl]\n",
	} {
		got, err := Parse("xlvs.toml", []byte(text))
		if err != nil || !reflect.DeepEqual(got, Default()) {
			t.Errorf("%s: Parse = %+v, %v, want the defaults", name, got, err)
		}
	}
}

func TestLoadMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "xlvs.toml")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("Load = %v, want fs.ErrNotExist with the path", err)
	}
}

func TestParseErrors(t *testing.T) {
	const service = "[[service]]\nprotocol = \"tcp\"\nvip = \"192.0.2.1\"\nport = 80\n"
	tests := map[string]struct {
		in   string
		want error
		at   string // "line:", or "line: text"
	}{
		"not TOML":               {"[dataplane]\nworkers = \n", ErrSyntax, "2:"},
		"unclosed string":        {"[dataplane]\nmode = \"xdp\n", ErrSyntax, "2:"},
		"key twice":              {"[timeouts]\ntcp = 1\ntcp = 2\n", ErrSyntax, "3:"},
		"UTF-16":                 {"\xff\xfe[\x00", ErrSyntax, "1:"},
		"unknown table":          {"\n[[virtual]]\n", ErrUnknownKey, "2:"},
		"unknown key":            {"[dataplane]\nmodes = 1\n", ErrUnknownKey, "2:"},
		"key in the wrong case":  {"[dataplane]\nMode = \"xdp\"\n", ErrUnknownKey, "2:"},
		"unknown dotted key":     {"dataplane.speed = 1\n", ErrUnknownKey, "1:"},
		"table is a value":       {"timeouts = 900\n", ErrType, "1:"},
		"table is an array":      {"[[timeouts]]\ntcp = 900\n", ErrType, "1:"},
		"service is one table":   {"# note\n[service]\nport = 80\n", ErrType, "2:"},
		"services are numbers":   {"service = [1]\n", ErrType, "1:"},
		"answer_arp is a string": {"[dataplane]\nanswer_arp = \"yes\"\n", ErrType, "2:"},
		"preference not known":   {"[dataplane]\nprefer = \"latency\"\n", ErrUnknownName, "2:"},
		"settings are a value":   {"[dataplane]\ninterface = \"eth0\"\n", ErrType, "2:"},
		"settings are a mode":    {"[dataplane.interface]\neth0 = \"xdp\"\n", ErrType, "2:"},
		"setting of one interface not known": {
			"[dataplane.interface.eth0]\nmode = \"xdp\"\n[dataplane.interface.eth1]\nmode = \"dpdk\"\n", ErrUnknownName, "4:",
		},
		"dot in a bare name": {"[dataplane.interface.eth0.100]\nmode = \"xdp\"\n", ErrUnknownKey, "1:"},
		"setting of the director alone": {
			"[dataplane]\ninterface.eth0.mode = \"xdp\"\ninterface.eth0.workers = 2\n", ErrUnknownKey, "3:",
		},
		"settings of an interface not listed": {
			"[dataplane]\ninterfaces = [\"eth0\"]\n[dataplane.interface.eth1]\n", ErrForeignInterface, "3:",
		},
		"settings of an impossible name": {"[dataplane.interface.\"eth 0\"]\n", ErrInterface, "1:"},
		"interfaces is a string":         {"[dataplane]\ninterfaces = \"eth0\"\n", ErrType, "2:"},
		"port is a string":               {strings.Replace(service, "80", "\"80\"", 1), ErrType, "4:"},
		"port is a float":                {strings.Replace(service, "80", "80.0", 1), ErrType, "4:"},
		"all ports, for no one":          {strings.Replace(service, "80", "0", 1), ErrRange, "4:"},
		"port too large":                 {strings.Replace(service, "80", "65616", 1), ErrRange, "4:"},
		"port far too large":             {strings.Replace(service, "80", "9223372036854775807", 1), ErrRange, "4:"},
		"vip is missing":                 {"[[service]]\nprotocol = \"tcp\"\nport = 80\n", ErrMissingKey, "1:"},
		"vip with port":                  {strings.Replace(service, ".1\"", ".1:80\"", 1), ErrAddress, "3:"},
		"vip with prefix":                {strings.Replace(service, ".1\"", ".1/32\"", 1), ErrAddress, "3:"},
		"protocol in capitals":           {strings.Replace(service, "tcp", "TCP", 1), ErrUnknownName, "2:"},
		"scheduler that none is":         {service + "scheduler = \"wrandom\"\n", ErrUnknownName, "5:"},
		"forward by ipvsadm's word":      {service + "forward = \"masq\"\n", ErrUnknownName, "5:"},
		"timeout overflows":              {"[timeouts]\nudp = 9223372036854775807\n", ErrRange, "2:"},
		"timeout without a unit":         {"[timeouts]\nudp = \"300\"\n", ErrType, "2:"},
		"timeout is negative":            {"[timeouts]\nudp = -1\n", ErrRange, "2:"},
		"busy poll in the wrong unit":    {"[dataplane]\nbusy_poll = \"20s\"\n", ErrRange, "2:"},
		"second service is the first":    {service + "\n" + service, ErrDuplicateService, "6: service TCP 192.0.2.1:80"},
		"dr cannot change the port": {
			service + "[[service.real]]\naddress = \"198.51.100.1\"\nport = 81\n", ErrPort, "7:",
		},
		"dr from the service": {
			service + "forward = \"dr\"\n[[service.real]]\nport = 81\naddress = \"198.51.100.1\"\n", ErrPort, "7:",
		},
		"real server in a multi-line array": {
			service + "real = [\n{address = \"198.51.100.1\"},\n{address = \"198.51.100.1\"},\n]\n", ErrDuplicateReal, "7:",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { failsToParse(t, tt.in, tt.want, tt.at) })
	}
}

// failsToParse fails t unless in has that one error, at "line:".
func failsToParse(t *testing.T, in string, want error, at string) {
	t.Helper()
	_, err := Parse("f", []byte(in))
	if !errors.Is(err, want) {
		t.Fatalf("Parse(%q) = %v, want %v", in, err, want)
	}
	if !strings.HasPrefix(err.Error(), "f:"+at) {
		t.Errorf("Parse(%q) = %v, want it at %s", in, err, at)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("Parse(%q) = %v, want one error", in, err)
	}
}
