package config

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/BurntSushi/toml"
)

// The settings as the encoder writes them. The keys are in the order in which an
// operator would look for them.
type (
	configFile struct {
		Watch     bool           `toml:"watch"`
		Dataplane dataplaneFile  `toml:"dataplane"`
		Timeouts  timeoutsFile   `toml:"timeouts"`
		FullNAT   fullnatFile    `toml:"fullnat"`
		FTP       ftpFile        `toml:"ftp"`
		Control   controlFile    `toml:"control"`
		Sysctl    map[string]any `toml:"sysctl"`
	}
	dataplaneFile struct {
		Interfaces     []string                 `toml:"interfaces"`
		Mode           Mode                     `toml:"mode"`
		Prefer         Prefer                   `toml:"prefer"`
		Workers        int                      `toml:"workers"`
		MaxConnections int                      `toml:"max_connections"`
		BusyPoll       string                   `toml:"busy_poll"`
		AnswerARP      bool                     `toml:"answer_arp"`
		Interface      map[string]interfaceFile `toml:"interface,omitempty"`
	}
	interfaceFile struct {
		Mode   Mode   `toml:"mode,omitempty"`
		Prefer Prefer `toml:"prefer,omitempty"`
	}
	timeoutsFile struct {
		TCP    string `toml:"tcp"`
		TCPFin string `toml:"tcpfin"`
		UDP    string `toml:"udp"`
	}
	fullnatFile struct {
		LocalAddresses []string `toml:"local_addresses"`
	}
	ftpFile struct {
		Ports []uint16 `toml:"ports"`
	}
	controlFile struct {
		Socket string `toml:"socket"`
		Group  string `toml:"group"`
	}
)

// Write writes c as a file that Parse reads back as an equal Config. Every
// setting is written, the defaults too, but of a single interface only what it
// has of its own, of a service and its real servers only what they use, and of
// the sysctls without effect only those that are not at their default. Nothing
// is written if c is not valid.
func (c *Config) Write(w io.Writer) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("write config: %w", err)
	}
	if err := toml.NewEncoder(w).Encode(c.file()); err != nil {
		return fmt.Errorf("write config: %w", err)
	}
	if _, err := w.Write(c.tables()); err != nil {
		return fmt.Errorf("write config: %w", err)
	}
	return nil
}

// file returns the settings of c, which is valid.
func (c *Config) file() configFile {
	t := c.Timeouts
	return configFile{
		Watch:     c.Watch,
		Dataplane: c.Dataplane.file(),
		Timeouts:  timeoutsFile{durationText(t.TCP), durationText(t.TCPFin), durationText(t.UDP)},
		FullNAT:   fullnatFile{localTexts(c.LocalAddresses)},
		FTP:       ftpFile{c.FTPPorts},
		Control:   controlFile(c.Control),
		Sysctl:    sysctlFile(&c.Sysctl),
	}
}

// file returns what Write encodes of d.
func (d *Dataplane) file() dataplaneFile {
	f := dataplaneFile{
		Interfaces: append([]string{}, d.Interfaces...), // not nil, which is left out
		Mode:       d.Mode, Prefer: d.Prefer, Workers: d.Workers, MaxConnections: d.MaxConnections,
		BusyPoll: durationText(d.BusyPoll), AnswerARP: d.AnswerARP,
		Interface: make(map[string]interfaceFile),
	}
	for name, s := range d.Interface {
		f.Interface[name] = interfaceFile(s)
	}
	return f
}

// durationText returns d as an operator would write it: whole seconds as such,
// not as "15m0s".
func durationText(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return d.String()
}
