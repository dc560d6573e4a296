package guest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// Errors of machines that cannot have a guest.
var (
	ErrNoQEMU    = errors.New("qemu-system-x86_64 is not installed (Debian package qemu-system-x86)")
	ErrNoApt     = errors.New("apt or dpkg-deb is not there: a guest is made of Debian's packages")
	ErrProcessor = errors.New("guests need an amd64 executable")
)

// Available returns nil if this machine has the programs to boot a guest, else
// an error that wraps one of those above. Whether the packages can be had is
// seen only when they are not in the cache.
func Available() error {
	if runtime.GOARCH != "amd64" {
		return fmt.Errorf("%w, this one is for %s", ErrProcessor, runtime.GOARCH)
	}
	if _, err := exec.LookPath(qemu); err != nil {
		return fmt.Errorf("%w: %w", ErrNoQEMU, err)
	}
	for _, program := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%w: %w", ErrNoApt, err)
		}
	}
	return nil
}

// HostHasIPVS reports whether this machine's own kernel has IPVS, so that no
// guest is needed: either it is there already, or ipvsadm will have it loaded,
// because the kernel's modules are installed and ip_vs is one of them. Nothing
// is loaded to find out.
func HostHasIPVS() bool {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return false
	}
	return hasIPVS("/", unix.ByteSliceToString(u.Release[:]))
}

// hasIPVS is HostHasIPVS for the root and the kernel given.
func hasIPVS(root, release string) bool {
	if _, err := os.Stat(filepath.Join(root, "proc/net/ip_vs")); err == nil {
		return true
	}
	f, err := os.Open(filepath.Join(root, "lib/modules", release, "modules.dep"))
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	list, err := parseModulesDep(f)
	return err == nil && list.has("ip_vs")
}
