package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"xlvs/bench/lab"
	"xlvs/control"
	"xlvs/control/desired"
)

// XLVS is the director that the binary runs, in a mode of its data path: "packet"
// or "xdp".
func XLVS(binary, mode string) Target { return xlvs{binary, mode} }

type xlvs struct{ binary, mode string }

// startPatience bounds the wait for a director that starts.
const startPatience = 20 * time.Second

func (x xlvs) start(ctx context.Context, n *network, s *Script) (_ director, err error) {
	dir, err := os.MkdirTemp("", "xlvs-conformance-")
	if err != nil {
		return nil, fmt.Errorf("make a place for the director's files: %w", err)
	}
	d := &xlvsDirector{program: program{host: n.director, words: []string{x.binary, "ipvsadm"}}, dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start xlvs: %w\n%s", err, d.said()), d.stop())
		}
	}()
	file, socket := filepath.Join(dir, "xlvs.toml"), filepath.Join(dir, "control.sock")
	if err := os.WriteFile(file, []byte(x.configuration(s, socket)), 0o600); err != nil {
		return nil, err
	}
	if d.process, err = n.director.Start(exec.Command(x.binary, "run", "-c", file)); err != nil {
		return nil, err
	}
	d.env = []string{"XLVS_SOCKET=" + socket}
	d.client = control.NewClient(socket)
	return d, d.await(ctx)
}

// configuration returns the file of a director that has everything of s but its
// commands. One worker handles packets in the order in which they come.
func (x xlvs) configuration(s *Script, socket string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[dataplane]\ninterfaces = [%q, %q]\nmode = %q\nworkers = 1\n", devices[Client], devices[Real], x.mode)
	fmt.Fprintf(&b, "[control]\nsocket = %q\n", socket)
	if len(s.Sysctls) > 0 {
		b.WriteString("[sysctl]\n")
	}
	for name, value := range s.Sysctls {
		fmt.Fprintf(&b, "%s = %d\n", name, value)
	}
	for _, m := range s.Marks {
		fmt.Fprintf(&b, "[[mark]]\nmark = %d\ndestination = %q\nprotocol = %q\nports = \"%d\"\n", m.Mark, m.Destination, m.Protocol, m.Port)
	}
	return b.String()
}

// An xlvsDirector is xlvs in the director's namespace.
type xlvsDirector struct {
	program
	dir     string
	process *lab.Process
	client  *control.Client
}

// said returns what the process has written, if it runs.
func (d *xlvsDirector) said() []byte {
	if d.process == nil {
		return nil
	}
	return d.process.Output()
}

// await waits until the director moves packets and takes commands.
func (d *xlvsDirector) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, errors.New("it does not become ready"))
	defer cancel()
	for {
		select {
		case <-d.process.Done():
			return fmt.Errorf("it ended: %w", d.process.Wait())
		default:
		}
		if bytes.Contains(d.said(), []byte("director is running")) {
			if _, err := d.client.Status(ctx); err == nil {
				return nil
			}
		}
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

func (d *xlvsDirector) sysctl(ctx context.Context, name string, value int) error {
	return d.client.Do(ctx, []desired.Operation{{Kind: desired.SetSysctl, Sysctl: name, Value: value}})
}

func (d *xlvsDirector) stop() error {
	if d.client != nil {
		d.client.Close()
	}
	if d.process != nil {
		d.process.Stop()
	}
	return os.RemoveAll(d.dir)
}
