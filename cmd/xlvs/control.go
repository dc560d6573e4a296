package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"xlvs/config"
	"xlvs/control"
	"xlvs/control/desired"
)

// listen opens the director's socket for those who ask and change things while it
// runs.
func (p *program) listen() error {
	path := p.config.Control.Socket
	if path == "" {
		var err error
		if path, err = control.SocketPath(); err != nil {
			return err
		}
	}
	file := p.file
	if file != "" { // for those who are in another folder
		var err error
		if file, err = filepath.Abs(file); err != nil {
			return err
		}
	}
	l, err := control.Listen(path, p.config.Control.Group)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w; a director that is not root needs a folder that it may write to: give it %s, or set [control] socket", err, filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	p.server = control.New(p.director, p.state, control.Options{
		Version: buildVersion(), File: file, Load: p.load, Capturer: p.director,
		Warn: func(err error) { p.log.Warn(err.Error()) },
	})
	p.serving.Go(func() {
		if err := p.server.Serve(l); err != nil {
			p.log.Error("control", "error", err.Error())
		}
	})
	p.log.Info("control", "socket", path)
	return nil
}

// lastRequests is how long those who ask something are served when the director
// ends.
const lastRequests = 2 * time.Second

// hangUp ends what listen began.
func (p *program) hangUp() error {
	if p.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastRequests)
	defer cancel()
	err := p.server.Shutdown(ctx)
	p.serving.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // somebody does not listen to the answer
	}
	return err
}

// load has the director follow a file, as the one who asks has it or, if that is
// empty, as it is on disk, and logs what that does. Who reads the file last is the
// last to have it followed.
func (p *program) load(file []byte, r desired.Reload) (desired.Report, error) {
	p.loading.Lock()
	defer p.loading.Unlock()
	next, err := p.read(file)
	if err != nil {
		return desired.Report{}, err
	}
	report, err := p.state.Reload(next, r)
	switch {
	case err != nil || r.DryRun:
		return report, err
	case r.Saved:
		p.log.Info("configuration saved", "file", p.file)
		return report, nil
	}
	p.logWarnings(next)
	p.logChanges(report.Changes)
	for _, kept := range report.Kept[:min(maxLogged, len(report.Kept))] {
		p.log.Info("kept", "what", kept)
	}
	if n := len(report.Kept) - maxLogged; n > 0 {
		p.log.Info("and more kept", "number", n)
	}
	p.log.Info("configuration reloaded", "file", p.file, "changes", len(report.Changes))
	return report, nil
}

// maxLogged is how many changes are logged one by one, and how many things that are
// kept. Who loads a large file wants a log that can be read; the asker gets them all.
const maxLogged = 1000

func (p *program) logChanges(changes []config.Change) {
	for i, c := range changes {
		switch {
		case c.Restart:
			p.log.Warn(c.String())
		case i < maxLogged:
			p.log.Info(c.String())
		}
	}
	if n := len(changes) - maxLogged; n > 0 {
		p.log.Info("and more changes", "number", n)
	}
}

// read returns the configuration in file or, if that is empty, in the director's
// own.
func (p *program) read(file []byte) (*config.Config, error) {
	switch {
	case len(file) > 0:
		return config.Parse("configuration", file)
	case p.file == "":
		return nil, fmt.Errorf("%w: the director was started without -c", control.ErrNotSupported)
	}
	return config.Load(p.file)
}
