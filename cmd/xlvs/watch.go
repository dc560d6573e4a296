package main

import (
	"io/fs"
	"os"
	"time"
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

// watch returns a fileWatch of the director's file, which has just been read, and
// what ends it. Unless the file asks for it, there is never a time to look.
func (p *program) watch() (w *fileWatch, stop func()) {
	if !p.config.Watch || p.file == "" {
		return new(fileWatch), func() {}
	}
	tick := time.NewTicker(watchInterval)
	w = &fileWatch{C: tick.C, path: p.file}
	w.loaded, _ = os.Stat(p.file)
	return w, tick.Stop
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
