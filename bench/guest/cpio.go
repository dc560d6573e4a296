package guest

import (
	"fmt"
	"io"
	"strings"
)

// The parts of a mode that say what an entry of an archive is, as in stat.
const (
	modeFolder  = 0o040000
	modeRegular = 0o100000
	modeSymlink = 0o120000
)

// cpioEnd is the name of the entry that ends an archive.
const cpioEnd = "TRAILER!!!"

// A cpioWriter writes an archive in the format that the kernel unpacks into its
// first root: "newc", a header of hexadecimal digits, the name, the contents,
// each padded to four bytes (Documentation/driver-api/early-userspace/
// buffer-format.rst). Owners are root and times zero, so that equal files make
// equal archives. So are inodes, which matter only to files with two names.
type cpioWriter struct{ w io.Writer }

// folder adds an empty folder. What it is to hold comes after it.
func (c cpioWriter) folder(name string) error {
	return c.entry(name, modeFolder|0o755, strings.NewReader(""), 0)
}

// symlink adds a symbolic link to target.
func (c cpioWriter) symlink(name, target string) error {
	return c.entry(name, modeSymlink|0o777, strings.NewReader(target), int64(len(target)))
}

// file adds a regular file of size bytes, which it takes from r.
func (c cpioWriter) file(name string, permissions uint32, r io.Reader, size int64) error {
	return c.entry(name, modeRegular|permissions&0o777, r, size)
}

// close ends the archive, and leaves what is below open.
func (c cpioWriter) close() error {
	return c.entry(cpioEnd, 0, strings.NewReader(""), 0)
}

// entry adds one entry with all that belongs to it.
func (c cpioWriter) entry(name string, mode uint32, r io.Reader, size int64) error {
	// A header has room for eight digits.
	if size > 1<<32-1 {
		return fmt.Errorf("archive %s: %d bytes are more than the format can hold", name, size)
	}
	links := 1
	if mode&modeFolder != 0 {
		links = 2 // with its own "."
	}
	// Magic number, inode, mode, owner, group, links, time, size, device of
	// the archive, device of the entry, length of the name with its NUL, and a
	// checksum that this variant leaves out.
	header := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		0, mode, 0, 0, links, 0, size, 0, 0, 0, 0, len(name)+1, 0, name)
	if _, err := io.WriteString(c.w, header+padding(int64(len(header)))); err != nil {
		return fmt.Errorf("archive %s: %w", name, err)
	}
	if _, err := io.CopyN(c.w, r, size); err != nil {
		return fmt.Errorf("archive %s: %w", name, err)
	}
	if _, err := io.WriteString(c.w, padding(size)); err != nil {
		return fmt.Errorf("archive %s: %w", name, err)
	}
	return nil
}

// padding returns what is missing from n bytes to the next multiple of four.
func padding(n int64) string { return "\x00\x00\x00"[:-n&3] }
