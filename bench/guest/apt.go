package guest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoPackage is wrapped by errors of packages that apt does not know or cannot
// download.
var ErrNoPackage = errors.New("a package is not to be had")

// An apt is what this machine's apt knows of one collection of packages.
type apt struct {
	options []string // of every command; none for the machine's own sources
}

// run runs a program of apt's in folder and returns its standard output.
func (a apt) run(ctx context.Context, folder, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, append(a.options[:len(a.options):len(a.options)], args...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out, nil
}

// depends returns, for each of names, the packages that it depends on.
func (a apt) depends(ctx context.Context, names []string) (map[string][]string, error) {
	out, err := a.run(ctx, "", "apt-cache", append([]string{"depends", "--important"}, names...)...)
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && !(failed && exit.ExitCode() == 100) { // 100: knows none of them
		return nil, err
	}
	found := parseDepends(out)
	for _, name := range names {
		if _, ok := found[name]; !ok {
			return nil, fmt.Errorf("%w: apt knows no %s: run `apt-get update`, or see its sources", ErrNoPackage, name)
		}
	}
	return found, nil
}

// parseDepends reads what `apt-cache depends` prints: a package per line that
// is not indented, below it what it depends on. Of alternatives, which but for
// the last have a bar, it takes the first; virtual packages, in angle brackets,
// and who provides them, it leaves out.
func parseDepends(out []byte) map[string][]string {
	found := make(map[string][]string)
	var of string
	alternative := false // to the dependency of the line before
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		line := s.Text()
		if line != "" && line[0] != ' ' {
			of = line
			found[of], alternative = nil, false
			continue
		}
		kind, on, ok := strings.Cut(strings.TrimLeft(line, " |"), ": ")
		if !ok || of == "" || !strings.HasSuffix(kind, "Depends") {
			continue
		}
		if !alternative && !strings.HasPrefix(on, "<") {
			found[of] = append(found[of], on)
		}
		alternative = strings.HasPrefix(line, " |")
	}
	return found
}

// download puts the named packages into folder and returns, for each, its file.
func (a apt) download(ctx context.Context, folder string, names []string) (map[string]string, error) {
	// Apt's own user need not be able to write to the folder.
	args := append([]string{"-q", "-o", "APT::Sandbox::User=root", "download"}, names...)
	if _, err := a.run(ctx, folder, "apt-get", args...); err != nil {
		return nil, fmt.Errorf("%w: %w\nif a file was not found, `apt-get update` may help", ErrNoPackage, err)
	}
	files := make(map[string]string)
	for _, name := range names {
		matches, err := filepath.Glob(filepath.Join(folder, name+"_*.deb"))
		if err != nil || len(matches) != 1 {
			return nil, fmt.Errorf("download package %s: apt-get made %d files, want 1", name, len(matches))
		}
		files[name] = matches[0]
	}
	return files, nil
}
