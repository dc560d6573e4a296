package guest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A cache keeps unpacked packages: for each a folder of its name with its files
// in "tree" and, in "depends", which others it needs. A folder appears under
// its name when it is complete, so that processes can share a cache without a
// lock. Nothing in it is ever renewed: whoever wants newer packages removes it.
type cache struct {
	folder string
	// source returns the apt that knows the packages which are missing.
	source func(ctx context.Context) (apt, error)
}

// A tree is an unpacked package.
type tree struct {
	root  string
	asked bool // by name, not only because another depends on it
}

// cacheFolder returns $XLVS_CACHE or, if that is not set, xlvs/guest in the
// user's cache.
func cacheFolder() (string, error) {
	if folder := os.Getenv("XLVS_CACHE"); folder != "" {
		return filepath.Abs(folder)
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place to keep packages: %w; set XLVS_CACHE", err)
	}
	return filepath.Join(user, "xlvs", "guest"), nil
}

// trees returns the named packages and those that they depend on, and adds to
// the cache what it lacks.
func (c cache) trees(ctx context.Context, names []string) (all []tree, err error) {
	seen := make(map[string]bool)
	for asked := true; len(names) > 0; asked = false {
		if err := c.add(ctx, names); err != nil {
			return nil, err
		}
		var next []string
		for _, name := range names {
			if seen[name] {
				continue
			}
			seen[name] = true
			all = append(all, tree{filepath.Join(c.folder, name, "tree"), asked})
			depends, err := os.ReadFile(filepath.Join(c.folder, name, "depends"))
			if err != nil {
				return nil, fmt.Errorf("read the cache: %w", err)
			}
			next = append(next, strings.Fields(string(depends))...)
		}
		names = next
	}
	return all, nil
}

// add adds those of the named packages that are not in the cache.
func (c cache) add(ctx context.Context, names []string) error {
	var missing []string
	for _, name := range names {
		_, err := os.Stat(filepath.Join(c.folder, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, name)
		case err != nil:
			return fmt.Errorf("read the cache: %w", err)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	a, err := c.source(ctx)
	if err != nil {
		return err
	}
	depends, err := a.depends(ctx, missing)
	if err != nil {
		return err
	}
	return c.unpack(ctx, a, depends)
}

// unpack downloads the packages that are the keys of depends and adds them.
func (c cache) unpack(ctx context.Context, a apt, depends map[string][]string) error {
	if err := os.MkdirAll(c.folder, 0o755); err != nil {
		return fmt.Errorf("make the cache: %w", err)
	}
	work, err := os.MkdirTemp(c.folder, ".new-")
	if err != nil {
		return fmt.Errorf("make the cache: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	var names []string
	for name := range depends {
		names = append(names, name)
	}
	files, err := a.download(ctx, work, names)
	if err != nil {
		return err
	}
	for name, file := range files {
		if err := c.unpackOne(ctx, work, name, file, depends[name]); err != nil {
			return fmt.Errorf("unpack package %s: %w", name, err)
		}
	}
	return nil
}

// unpackOne adds the package in file.
func (c cache) unpackOne(ctx context.Context, work, name, file string, depends []string) error {
	folder := filepath.Join(work, name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	if _, err := (apt{}).run(ctx, work, "dpkg-deb", "-x", file, filepath.Join(folder, "tree")); err != nil {
		return err
	}
	var lines strings.Builder
	for _, on := range depends {
		if followed(on) {
			fmt.Fprintln(&lines, on)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "depends"), []byte(lines.String()), 0o644); err != nil {
		return err
	}
	err := os.Rename(folder, filepath.Join(c.folder, name))
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster
	}
	return err
}
