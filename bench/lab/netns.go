package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// dir is where `ip netns` keeps named namespaces: an empty file for each, with
// the namespace mounted on it.
const dir = "/run/netns"

// locked runs f while nobody else changes dir; `ip netns` takes the same lock.
func locked(f func() error) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // releases the lock
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	return f()
}

// share makes dir a shared mount, as `ip netns` does, so that removing a
// namespace here removes it from other mount namespaces too. If `ip netns` were
// left to do it later, it would cover our mounts with copies of them.
func share() error {
	err := unix.Mount("", dir, "none", unix.MS_SHARED|unix.MS_REC, "")
	if errors.Is(err, unix.EINVAL) { // not a mount yet
		if err = unix.Mount(dir, dir, "none", unix.MS_BIND|unix.MS_REC, ""); err == nil {
			err = unix.Mount("", dir, "none", unix.MS_SHARED|unix.MS_REC, "")
		}
	}
	if err != nil {
		return fmt.Errorf("make %s a shared mount: %w", dir, err)
	}
	return nil
}

// create makes a new network namespace called name.
func create(name string) error {
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return fmt.Errorf("create namespace: %w", err)
	}
	_ = f.Close()
	err = onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		return unix.Mount("/proc/thread-self/ns/net", path, "none", unix.MS_BIND, "")
	})
	if err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("create namespace %s: %w", name, err)
	}
	return nil
}

// remove takes away the name of a namespace. The namespace goes with the last
// process and socket in it.
func remove(name string) error {
	path := filepath.Join(dir, name)
	err := unix.Unmount(path, unix.MNT_DETACH)
	if err != nil && !errors.Is(err, unix.EINVAL) { // EINVAL: nothing is mounted there
		return fmt.Errorf("unmount %s: %w", path, err)
	}
	return os.Remove(path)
}

// enter moves the calling thread into the namespace called name.
func enter(name string) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter namespace %s: %w", name, err)
	}
	return nil
}

// prefix begins the names of all namespaces of lab n of process pid.
func prefix(pid, n int) string { return fmt.Sprintf("xlvs-%d-%d-", pid, n) }

// owner returns the process that made the namespace called name. It reports
// false for a name that prefix does not begin.
func owner(name string) (pid int, ok bool) {
	part := strings.SplitN(name, "-", 4)
	if len(part) != 4 || part[0] != "xlvs" {
		return 0, false
	}
	pid, err := strconv.Atoi(part[1])
	if err != nil || pid <= 0 {
		return 0, false
	}
	n, err := strconv.Atoi(part[2])
	if err != nil || n <= 0 || !strings.HasPrefix(name, prefix(pid, n)) {
		return 0, false
	}
	return pid, true
}

// sweep removes the namespaces of labs whose process is dead. What Start started
// there died with that process.
func sweep() error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		pid, ok := owner(e.Name())
		if ok && errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			errs = append(errs, remove(e.Name()))
		}
	}
	return errors.Join(errs...)
}

// vacant returns the lowest number that no living lab of this process has.
func vacant() (int, error) {
	for n := 1; ; n++ {
		names, err := filepath.Glob(filepath.Join(dir, prefix(os.Getpid(), n)+"*"))
		if err != nil || len(names) == 0 {
			return n, err
		}
	}
}
