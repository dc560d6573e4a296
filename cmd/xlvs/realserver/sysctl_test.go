package realserver

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// conf writes settings of devices to a tree as that in /proc/sys/net/ipv4, and
// returns its path. Keys are as "all/rp_filter".
func conf(t *testing.T, values map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for key, value := range values {
		path := filepath.Join(dir, key)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(value+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// expectValue checks what a setting is now.
func expectValue(t *testing.T, path, want string) {
	t.Helper()
	if got, err := readSysctl(path); err != nil || got != want {
		t.Errorf("%s is %q, %v, want %q", path, got, err, want)
	}
}

func TestSysctl(t *testing.T) {
	tests := map[string]struct {
		before  string
		enough  []string
		missing bool
	}{
		"another value":             {"0", nil, true},
		"the value":                 {"1", nil, false},
		"a value that does as well": {"8", []string{"2", "8"}, false},
		"a value that does not":     {"3", []string{"2", "8"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := conf(t, map[string]string{"all/arp_ignore": tt.before})
			s := &sysctl{Path: filepath.Join(dir, "all/arp_ignore"), After: "1", enough: tt.enough}
			missing, err := s.missing()
			if err != nil || missing != tt.missing {
				t.Fatalf("missing() = %t, %v, want %t", missing, err, tt.missing)
			}
			if !missing {
				return
			}
			if err := s.make(); err != nil {
				t.Fatal(err)
			}
			expectValue(t, s.Path, "1")
			if err := s.unmake(); err != nil {
				t.Fatal(err)
			}
			expectValue(t, s.Path, tt.before)
		})
	}
}

func TestSysctlThatSomebodyChanged(t *testing.T) {
	dir := conf(t, map[string]string{"all/arp_ignore": "2"})
	s := &sysctl{Path: filepath.Join(dir, "all/arp_ignore"), Before: "0", After: "1"}
	if err := s.unmake(); !errors.Is(err, errTaken) {
		t.Errorf("unmake() = %v, want errTaken", err)
	}
	expectValue(t, s.Path, "2")
}

func TestSysctlOfADeviceThatHasGone(t *testing.T) {
	s := &sysctl{Path: filepath.Join(t.TempDir(), "eth7/rp_filter"), Before: "0", After: "1"}
	if err := s.unmake(); err != nil {
		t.Errorf("unmake() = %v, want nil", err)
	}
	if _, err := s.missing(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing() = %v, want ErrNotExist", err)
	}
}

func TestSysctlKey(t *testing.T) {
	tests := map[string]string{
		"all":    "sysctl -w net.ipv4.conf.all.rp_filter=2",
		"eth0.7": "sysctl -w net.ipv4.conf.eth0/7.rp_filter=2",
	}
	for dev, want := range tests {
		if got := ipv4Conf(dev, "rp_filter", "2").command(); got != want {
			t.Errorf("command() for %s = %q, want %q", dev, got, want)
		}
	}
}

func TestIsStrict(t *testing.T) {
	tests := map[string]struct {
		values map[string]string
		want   bool
	}{
		"nowhere":                   {map[string]string{"all/rp_filter": "0", "eth0/rp_filter": "0"}, false},
		"everywhere":                {map[string]string{"all/rp_filter": "1", "eth0/rp_filter": "0"}, true},
		"on an interface":           {map[string]string{"all/rp_filter": "0", "eth0/rp_filter": "1"}, true},
		"loose everywhere":          {map[string]string{"all/rp_filter": "2", "eth0/rp_filter": "1"}, false},
		"loose where it matters":    {map[string]string{"all/rp_filter": "1", "eth0/rp_filter": "2"}, false},
		"on one of two":             {map[string]string{"all/rp_filter": "1", "eth0/rp_filter": "2", "eth1/rp_filter": "0"}, true},
		"only on loopback":          {map[string]string{"all/rp_filter": "0", "lo/rp_filter": "1"}, false},
		"on interfaces to come":     {map[string]string{"all/rp_filter": "0", "default/rp_filter": "1"}, false},
		"a value that is no number": {map[string]string{"all/rp_filter": "", "eth0/rp_filter": "x"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := isStrict(conf(t, tt.values)); got != tt.want {
				t.Errorf("isStrict(%v) = %t, want %t", tt.values, got, tt.want)
			}
		})
	}
}
