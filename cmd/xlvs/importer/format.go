package importer

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"xlvs/config"
	"xlvs/config/iptables"
	"xlvs/config/keepalived"
)

// A format is what another program is configured with. Its function reads src,
// which is called name. The Config that it returns is valid.
type format struct {
	name, what string
	read       func(name string, src io.Reader, o *options) (*config.Config, []config.Note, error)
}

// formats returns the formats in the order in which the usage lists them.
func formats() []format {
	return []format{
		{"ipvsadm", "what ipvsadm -S prints", readIPVSAdm},
		{"keepalived", "keepalived.conf, and what it includes", readKeepalived},
		{"iptables", "the output of iptables-save or ip6tables-save: its rules that mark packets", readIPTables},
	}
}

func readKeepalived(name string, src io.Reader, _ *options) (*config.Config, []config.Note, error) {
	return keepalived.Parse(name, src, fileSystem{})
}

func readIPTables(name string, src io.Reader, o *options) (*config.Config, []config.Note, error) {
	c := config.Default()
	marks, notes, err := iptables.Parse(name, src, o.ipv6)
	c.Marks = marks
	return c, notes, err
}

// A fileSystem is the host's.
type fileSystem struct{}

// Open opens the file at path, which a pattern may have found to be a directory.
func (fileSystem) Open(path string) (io.ReadCloser, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errors.New("is a directory")
	}
	return os.Open(path)
}

// Glob returns the paths that match pattern.
func (fileSystem) Glob(pattern string) ([]string, error) { return filepath.Glob(pattern) }
