package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// archiveKeys is where every Debian has the keys of the archive.
const archiveKeys = "/usr/share/keyrings/debian-archive-keyring.gpg"

// errNoArchive is returned on machines that do not run Debian.
var errNoArchive = errors.New("apt on this machine has no Debian archive among its sources, or needs `apt-get update`")

// An archive is where a machine's release of Debian comes from.
type archive struct {
	uri, codename string
}

// backports returns an apt that knows the backports to the machine's release
// and nothing else. What it knows is in folder: the machine's own sources and
// lists are neither used nor changed.
func backports(ctx context.Context, folder string) (apt, error) {
	from, err := machineArchive(ctx)
	if err != nil {
		return apt{}, fmt.Errorf("find backports: %w: %w", ErrNoPackage, err)
	}
	for _, sub := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(filepath.Join(folder, sub), 0o755); err != nil {
			return apt{}, fmt.Errorf("find backports: %w", err)
		}
	}
	sources := filepath.Join(folder, "sources.list")
	line := fmt.Sprintf("deb [signed-by=%s] %s %s-backports main\n", archiveKeys, from.uri, from.codename)
	if err := os.WriteFile(sources, []byte(line), 0o644); err != nil {
		return apt{}, fmt.Errorf("find backports: %w", err)
	}
	a := apt{[]string{
		"-o", "Dir::Etc::sourcelist=" + sources,
		"-o", "Dir::Etc::sourceparts=/dev/null",
		"-o", "Dir::State::lists=" + filepath.Join(folder, "lists"),
		"-o", "Dir::Cache=" + folder,
		"-o", "APT::Sandbox::User=root",
	}}
	if _, err := a.run(ctx, folder, "apt-get", "-q", "update"); err != nil {
		return apt{}, fmt.Errorf("find backports: %w: %w", ErrNoPackage, err)
	}
	return a, nil
}

// machineArchive returns the archive that the machine's own packages come from.
func machineArchive(ctx context.Context) (archive, error) {
	out, err := apt{}.run(ctx, "", "apt-get", "indextargets",
		"--format", "$(LABEL) $(COMPONENT) $(CODENAME) $(REPO_URI)", "Created-By: Packages")
	if err != nil {
		return archive{}, err
	}
	return parseTargets(out)
}

// parseTargets picks the archive out of lines of label, component, code name
// and address. Updates and backports have a code name with a hyphen.
func parseTargets(out []byte) (archive, error) {
	for line := range bytes.Lines(out) {
		f := strings.Fields(string(line))
		if len(f) == 4 && f[0] == "Debian" && f[1] == "main" && !strings.Contains(f[2], "-") {
			return archive{uri: f[3], codename: f[2]}, nil
		}
	}
	return archive{}, errNoArchive
}
