package guest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Kernel says which of Debian's kernels a guest runs.
type Kernel string

// The kernels to choose from. Both are those for virtual machines.
const (
	Release   Kernel = ""          // that of the release which this machine runs: 6.1 for Debian 12
	Backports Kernel = "backports" // the newest one that was ported back to it: 6.12 for Debian 12
)

// lastModulesList is the last of the files that depmod writes, each of them in
// one go.
const lastModulesList = "modules.devname"

// A kernelTree is an unpacked kernel.
type kernelTree struct {
	release string // as uname -r says it
	image   string // to boot
	modules string // the folder of its modules
}

// findKernel returns the one kernel that is in trees.
func findKernel(trees []tree) (kernelTree, error) {
	var images []string
	for _, t := range trees {
		found, err := filepath.Glob(filepath.Join(t.root, "boot", "vmlinuz-*"))
		if err != nil {
			return kernelTree{}, err
		}
		images = append(images, found...)
	}
	if len(images) != 1 {
		return kernelTree{}, fmt.Errorf("package %s and what it depends on have %d kernels, want 1", kernelPackage, len(images))
	}
	release := strings.TrimPrefix(filepath.Base(images[0]), "vmlinuz-")
	for _, t := range trees {
		for _, lib := range libFolders {
			modules := filepath.Join(t.root, lib, "modules", release)
			if _, err := os.Stat(modules); err == nil {
				return kernelTree{release, images[0], modules}, nil
			}
		}
	}
	return kernelTree{}, fmt.Errorf("kernel %s has no modules", release)
}

// list returns the kernel's modules. A package has no list of them, since the
// system makes it when it installs one; so depmod of programs makes it here.
func (k kernelTree) list(ctx context.Context, programs []tree) (moduleList, error) {
	if _, err := os.Stat(filepath.Join(k.modules, lastModulesList)); err != nil {
		if err := k.depmod(ctx, programs); err != nil {
			return nil, fmt.Errorf("list the modules of kernel %s: %w", k.release, err)
		}
	}
	f, err := os.Open(filepath.Join(k.modules, "modules.dep"))
	if err != nil {
		return nil, fmt.Errorf("list the modules of kernel %s: %w", k.release, err)
	}
	defer func() { _ = f.Close() }()
	list, err := parseModulesDep(f)
	if err != nil {
		return nil, fmt.Errorf("list the modules of kernel %s: %w", k.release, err)
	}
	return list, nil
}

// depmod makes the lists of modules that modprobe reads in the guest. It runs
// the guest's own depmod, for the host need not have one, with the guest's
// libraries but for the C library, which belongs to the host's loader.
func (k kernelTree) depmod(ctx context.Context, programs []tree) error {
	kmod, folders := "", []string(nil)
	for _, t := range programs {
		for _, name := range []string{"bin/kmod", "usr/bin/kmod"} {
			if _, err := os.Stat(filepath.Join(t.root, name)); err == nil {
				kmod = filepath.Join(t.root, name)
			}
		}
		if filepath.Base(filepath.Dir(t.root)) == "libc6" {
			continue
		}
		for _, lib := range libFolders {
			folders = append(folders, filepath.Join(t.root, lib, libTriplet))
		}
	}
	// <root>/lib/modules/<release>, or the same below usr.
	root, below := filepath.Split(strings.TrimSuffix(k.modules, "/lib/modules/"+k.release))
	if below != "usr" {
		root = filepath.Join(root, below)
	}
	cmd := exec.CommandContext(ctx, kmod)
	cmd.Args = []string{"depmod", "-b", root, k.release}
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(folders, ":"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("depmod: %w\n%s", err, out)
	}
	return nil
}
