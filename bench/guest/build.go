package guest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A plan is what it takes to boot a guest.
type plan struct {
	kernel  string   // the file
	root    *os.File // without a name, so that none can be left behind
	options Options
}

// makePlan finds the kernel and makes the root of a guest.
func makePlan(ctx context.Context, o Options) (plan, error) {
	k, programs, err := fetch(ctx, o)
	if err != nil {
		return plan{}, err
	}
	m, err := assemble(ctx, k, programs, o)
	if err != nil {
		return plan{}, err
	}
	root, err := os.CreateTemp("", "xlvs-guest-")
	if err != nil {
		return plan{}, fmt.Errorf("make the root: %w", err)
	}
	w := bufio.NewWriterSize(root, 1<<20)
	if err := errors.Join(os.Remove(root.Name()), m.write(w), w.Flush()); err != nil {
		_ = root.Close()
		return plan{}, fmt.Errorf("make the root: %w", err)
	}
	return plan{k.image, root, o}, nil
}

// fetch returns the kernel and the packages of programs.
func fetch(ctx context.Context, o Options) (kernelTree, []tree, error) {
	folder, err := cacheFolder()
	if err != nil {
		return kernelTree{}, nil, err
	}
	release, backported := caches(folder)
	kernels, ok := map[Kernel]cache{Release: release, Backports: backported}[o.Kernel]
	if !ok {
		return kernelTree{}, nil, fmt.Errorf("kernel %q: want %q or %q", o.Kernel, Release, Backports)
	}
	trees, err := kernels.trees(ctx, []string{kernelPackage})
	if err != nil {
		return kernelTree{}, nil, fmt.Errorf("fetch a kernel: %w", err)
	}
	k, err := findKernel(trees)
	if err != nil {
		return kernelTree{}, nil, err
	}
	programs, err := release.trees(ctx, slices.Concat(programPackages, o.Packages))
	if err != nil {
		return kernelTree{}, nil, fmt.Errorf("fetch programs: %w", err)
	}
	return k, programs, nil
}

// caches returns the caches below folder: of packages from this machine's own
// sources, and of backports to its release.
func caches(folder string) (release, backported cache) {
	release = cache{
		folder: filepath.Join(folder, "release"),
		source: func(context.Context) (apt, error) { return apt{}, nil },
	}
	backported = cache{
		folder: filepath.Join(folder, "backports"),
		source: func(ctx context.Context) (apt, error) { return backports(ctx, filepath.Join(folder, "apt")) },
	}
	return release, backported
}

// assemble returns what the root of a guest is to hold.
func assemble(ctx context.Context, k kernelTree, programs []tree, o Options) (image, error) {
	m := newImage()
	for _, t := range programs {
		if !t.asked {
			continue // a library, or what comes with one
		}
		if err := m.addTree(t.root); err != nil {
			return nil, fmt.Errorf("add a package: %w", err)
		}
	}
	list, err := k.list(ctx, programs)
	if err != nil {
		return nil, err
	}
	if err := m.addModules(k, list); err != nil {
		return nil, fmt.Errorf("add modules: %w", err)
	}
	if err := m.addOwn(o); err != nil {
		return nil, err
	}
	if err := m.addLibraries(programs); err != nil {
		return nil, fmt.Errorf("add libraries: %w", err)
	}
	return m, nil
}

// addOwn adds what is the caller's.
func (m image) addOwn(o Options) error {
	executable := o.Executable
	if executable == "" {
		own, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find the executable: %w", err)
		}
		executable = own
	}
	m.set("init", entry{source: executable})
	for inside, source := range o.Files {
		m.set(strings.TrimPrefix(filepath.Clean("/"+inside), "/"), entry{source: source})
	}
	text, err := json.Marshal(settings{Modules: slices.Concat(bootModules, o.Modules)})
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	m.addContents(strings.TrimPrefix(settingsFile, "/"), string(text))
	return nil
}
