package realserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// procSys is where the kernel shows its settings. What it shows below net is
// that of the namespace of who looks.
const procSys = "/proc/sys"

// A sysctl is a setting of the kernel's.
type sysctl struct {
	Path   string `json:"path"`
	Before string `json:"before"`
	After  string `json:"after"`

	enough []string // other values that do as well
}

// ipv4Conf returns the setting of a device, or of "all", of IPv4.
func ipv4Conf(dev, key, value string, enough ...string) *sysctl {
	return &sysctl{Path: filepath.Join(procSys, "net/ipv4/conf", dev, key), After: value, enough: enough}
}

// ipv6Conf is ipv4Conf for IPv6.
func ipv6Conf(dev, key, value string) *sysctl {
	return &sysctl{Path: filepath.Join(procSys, "net/ipv6/conf", dev, key), After: value}
}

func (s *sysctl) missing() (bool, error) {
	var err error
	s.Before, err = readSysctl(s.Path)
	return s.Before != s.After && !slices.Contains(s.enough, s.Before), err
}

func (s *sysctl) make() error { return writeSysctl(s.Path, s.After) }

// unmake restores the value, unless somebody else has set it to theirs. A device
// that has gone took its settings along.
func (s *sysctl) unmake() error {
	now, err := readSysctl(s.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case now == s.Before:
		return nil
	case now != s.After:
		return errTaken
	}
	return writeSysctl(s.Path, s.Before)
}

func (s *sysctl) adopt(earlier setting) { s.Before = earlier.(*sysctl).Before }

func (s *sysctl) id() string { return "sysctl " + s.Path }

func (s *sysctl) command() string { return fmt.Sprintf("sysctl -w %s=%s", s.key(), s.After) }

func (s *sysctl) String() string { return fmt.Sprintf("%s=%s (was %s)", s.key(), s.After, s.Before) }

// key returns the name that sysctl(8) has for the setting, with dots for slashes
// and the other way round.
func (s *sysctl) key() string {
	swap := strings.NewReplacer("/", ".", ".", "/")
	return swap.Replace(strings.TrimPrefix(s.Path, procSys+"/"))
}

func readSysctl(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read setting: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

func writeSysctl(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("change setting: %w", readOnly(err))
	}
	_, err = f.WriteString(value)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("set %s to %s: %w", path, value, err)
	}
	return nil
}

// readOnly says why even root may not write, in a container.
func readOnly(err error) error {
	if errors.Is(err, unix.EROFS) {
		return fmt.Errorf("%w: run this where /proc/sys can be written, as in a privileged container", err)
	}
	return err
}

// isStrict reports whether an interface takes packets only if replies would
// leave by it (RFC 3704, strict). The kernel goes by the higher of a
// device's value and that of all.
func isStrict(conf string) bool {
	files, _ := filepath.Glob(filepath.Join(conf, "*", "rp_filter")) // the pattern is a good one
	all := filterOf(filepath.Join(conf, "all", "rp_filter"))
	return slices.ContainsFunc(files, func(file string) bool {
		dev := filepath.Base(filepath.Dir(file))
		return dev != "all" && dev != "default" && dev != "lo" && max(all, filterOf(file)) == 1
	})
}

// filterOf returns the number in file, or 0 if the device has just gone.
func filterOf(file string) int {
	s, _ := readSysctl(file)
	n, _ := strconv.Atoi(s)
	return n
}
