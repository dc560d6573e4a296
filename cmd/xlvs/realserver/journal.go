package realserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// errBusy is returned when another process has the state file.
var errBusy = errors.New("another xlvs realserver is running here: xlvs realserver --undo ends it")

// A journal is the state file: all that was set on this host and is to be taken
// back, in the order in which it was made. Its process has it locked, so that
// the lock tells whether that process lives.
type journal struct {
	file    *os.File
	content content
	records []*record
	out     io.Writer
}

// content is what the state file says.
type content struct {
	PID      int       `json:"pid"`       // who has, or had, it locked
	Host     string    `json:"namespace"` // whose settings these are
	Settings []*record `json:"settings"`
}

// openJournal opens and locks the state file at path, with what an earlier
// process has left in it. errBusy is wrapped if that process still has it.
func openJournal(path string) (*journal, error) {
	j, err := lockJournal(path)
	if err != nil {
		return nil, fmt.Errorf("open state file %s: %w", path, err)
	}
	if err := j.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("read state file %s: %w", path, err), j.file.Close())
	}
	return j, nil
}

// lockJournal opens the file and locks it. A file that its last owner has just
// removed is locked in vain.
func lockJournal(path string) (*journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = errBusy
		}
		var st unix.Stat_t
		if err == nil {
			err = unix.Fstat(int(f.Fd()), &st)
		}
		if err == nil && st.Nlink > 0 {
			return &journal{file: f, out: io.Discard}, nil
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
	}
}

// read reads the file, which is empty if it is new. What it says of a namespace
// that has gone is forgotten: there is nothing left of that to be taken back.
func (j *journal) read() error {
	here, err := hostID()
	if err != nil {
		return err
	}
	err = json.NewDecoder(j.file).Decode(&j.content)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, r := range j.content.Settings {
		if j.content.Host == here && r != nil && r.setting() != nil {
			j.records = append(j.records, r)
		}
	}
	j.content.PID, j.content.Host = os.Getpid(), here
	return j.save()
}

// save writes the file anew. A reader stops behind the first value, so that the
// end of a longer one may stay for a moment.
func (j *journal) save() error {
	j.content.Settings = j.records
	b, err := json.MarshalIndent(&j.content, "", "\t")
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	b = append(b, '\n')
	if _, err := j.file.WriteAt(b, 0); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	if err := j.file.Truncate(int64(len(b))); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

// keepAll has the host have all settings.
func (j *journal) keepAll(settings []setting) error {
	for _, s := range settings {
		if err := j.keep(s); err != nil {
			return err
		}
	}
	return nil
}

// keep has the host have the setting. It is remembered before it is made, with
// what an earlier process found; what the host has by itself is not.
func (j *journal) keep(s setting) error {
	i := j.find(s.id())
	if i >= 0 && j.records[i].wanted {
		return nil
	}
	missing, err := s.missing()
	if err != nil {
		return err
	}
	r := newRecord(s)
	r.wanted = true
	switch {
	case i >= 0:
		s.adopt(j.records[i].setting())
		j.records[i] = r
	case missing:
		j.records = append(j.records, r)
	default:
		return nil
	}
	if err := j.save(); err != nil {
		return err
	}
	if missing {
		if err := s.make(); err != nil {
			j.records = slices.DeleteFunc(j.records, func(other *record) bool { return other == r })
			return errors.Join(err, j.save())
		}
	}
	fmt.Fprintln(j.out, s)
	return nil
}

// find returns the place of the record with that id, or -1.
func (j *journal) find(id string) int {
	return slices.IndexFunc(j.records, func(r *record) bool { return r.setting().id() == id })
}

// close unlocks the file, which goes if there is nothing in it.
func (j *journal) close() error {
	var err error
	if len(j.records) == 0 {
		err = os.Remove(j.file.Name())
	}
	return errors.Join(err, j.file.Close())
}
