package main

import (
	"io/fs"
	"os"
	"time"

	"xlvs/config"
)

// watchInterval is how often a file with `watch = true` is looked at. Looking
// finds what editors, mounts and configuration management do to a file in all
// their ways, of which inotify tells some.
const watchInterval = time.Second

// A fileWatch notices when a file has changed and changes no more.
type fileWatch struct {
	C       <-chan time.Time // when to look; nil: never
	path    string
	loaded  fs.FileInfo // as it was taken
	pending fs.FileInfo // as it was at the last look, if that is another; nil if not
}

// watch returns a fileWatch of the director's file, and what ends it. Unless the
// file asks for it, there is never a time to look.
func (p *program) watch() (w *fileWatch, stop func()) {
	if !p.config.Watch || p.file == "" {
		return new(fileWatch), func() {}
	}
	tick := time.NewTicker(watchInterval)
	return &fileWatch{C: tick.C, path: p.file, loaded: p.loaded}, tick.Stop
}

// follow is reload for a file that has changed, unless it says what it said, as
// when the running state was saved: what was done since then stays.
func (p *program) follow() {
	if c, err := config.Load(p.file); err == nil && len(config.Diff(p.state.File(), c)) == 0 {
		return
	}
	p.reload()
}

// changed looks at the file, and reports whether there is something new to read: it
// differs from what was taken, and is the same as at the last look, so that nobody
// is still writing it. A file that is gone is nothing new.
func (w *fileWatch) changed() bool {
	now, err := os.Stat(w.path)
	if err != nil || sameFile(now, w.loaded) {
		w.pending = nil
		return false
	}
	if !sameFile(now, w.pending) {
		w.pending = now
		return false
	}
	w.loaded, w.pending = now, nil
	return true
}

func sameFile(a, b fs.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
