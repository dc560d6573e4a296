package guest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeApt puts programs in the place of apt's: a small world of packages that
// depend on each other, in which every package holds one file. It returns a
// function that says which commands were run since it was last called.
func fakeApt(t *testing.T) (ran func() []string) {
	t.Helper()
	folder := t.TempDir()
	log := filepath.Join(folder, "log")
	programs := map[string]string{
		"apt-cache": `shift 2; known=
for p; do case $p in
	ipvsadm) echo ipvsadm; echo "  Depends: libpopt0"; echo "  Depends: lsb-base"; known=1;;
	libpopt0) echo libpopt0; echo "  Depends: libc6"; known=1;;
	libc6) echo libc6; echo "  Depends: libpopt0"; known=1;;
	broken) echo broken; known=1;;
	kernel) echo kernel; known=1;;
esac; done
test $known || exit 100`,
		"apt-get": `for p; do :; done; while test "$1" != download; do shift; done; shift
for p; do test $p = broken && { echo "E: 404 Not Found" >&2; exit 100; }; echo $p >${p}_1.0_amd64.deb; done`,
		"dpkg-deb": `mkdir -p $3/usr/bin && cp $2 $3/usr/bin/`,
	}
	for name, script := range programs {
		text := fmt.Sprintf("#!/bin/sh\necho %s >>%s\n%s\n", name, log, script)
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755))
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	return func() []string {
		text, err := os.ReadFile(log)
		if err != nil {
			return nil
		}
		must(t, os.Remove(log))
		return strings.Fields(string(text))
	}
}

// testCache returns an empty cache of the packages of fakeApt.
func testCache(t *testing.T) cache {
	t.Helper()
	return cache{filepath.Join(t.TempDir(), "release"), func(context.Context) (apt, error) { return apt{}, nil }}
}

// names returns the packages that trees are of, those asked for with a star.
func names(trees []tree) (names []string) {
	for _, t := range trees {
		name := filepath.Base(filepath.Dir(t.root))
		if t.asked {
			name += "*"
		}
		names = append(names, name)
	}
	return names
}

func TestCacheFollowsDependencies(t *testing.T) {
	ran, c := fakeApt(t), testCache(t)
	want := []string{"ipvsadm*", "libpopt0", "libc6"}
	trees, err := c.trees(t.Context(), []string{"ipvsadm"})
	must(t, err)
	if got := names(trees); !slices.Equal(got, want) {
		t.Errorf("trees of %q, want %q", got, want)
	}
	for _, tree := range trees {
		if files, err := filepath.Glob(filepath.Join(tree.root, "usr/bin/*.deb")); err != nil || len(files) != 1 {
			t.Errorf("files in %s: %q, %v, want one", tree.root, files, err)
		}
	}
	ran()
	trees, err = c.trees(t.Context(), []string{"ipvsadm"})
	must(t, err)
	if got, ran := names(trees), ran(); !slices.Equal(got, want) || len(ran) > 0 {
		t.Errorf("the second time: trees of %q after commands %q, want %q after none", got, ran, want)
	}
	left, err := filepath.Glob(filepath.Join(c.folder, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestCacheFails(t *testing.T) {
	tests := map[string]struct {
		ask  []string
		want string // in the error
	}{
		"package that apt does not know":       {[]string{"nothing"}, "nothing"},
		"one of several":                       {[]string{"ipvsadm", "nothing"}, "nothing"},
		"package that is gone from the mirror": {[]string{"broken"}, "404 Not Found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fakeApt(t)
			c := testCache(t)
			_, err := c.trees(t.Context(), tt.ask)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "apt-get update") {
				t.Errorf("trees(%q): error %v, want one of %q and of `apt-get update`", tt.ask, err, tt.want)
			}
			if !errors.Is(err, ErrNoPackage) {
				t.Errorf("trees(%q): error %v, want %v", tt.ask, err, ErrNoPackage)
			}
			if left, err := filepath.Glob(filepath.Join(c.folder, "*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
		})
	}
}

// TestCachesAreShared fills a cache from several sides at once.
func TestCachesAreShared(t *testing.T) {
	fakeApt(t)
	c := testCache(t)
	failed := make(chan error)
	const sides = 4
	for range sides {
		go func() {
			_, err := c.trees(t.Context(), []string{"ipvsadm"})
			failed <- err
		}()
	}
	for range sides {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func TestCacheFolder(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/home/user/cache")
	t.Setenv("XLVS_CACHE", "")
	if got, err := cacheFolder(); err != nil || got != "/home/user/cache/xlvs/guest" {
		t.Errorf("cacheFolder = %q, %v, want the user's", got, err)
	}
	t.Setenv("XLVS_CACHE", "/var/cache/guests")
	if got, err := cacheFolder(); err != nil || got != "/var/cache/guests" {
		t.Errorf("cacheFolder = %q, %v, want that of XLVS_CACHE", got, err)
	}
	t.Setenv("XLVS_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	if got, err := cacheFolder(); err == nil || !strings.Contains(err.Error(), "XLVS_CACHE") {
		t.Errorf("cacheFolder without a home = %q, %v, want an error that says what to set", got, err)
	}
}
