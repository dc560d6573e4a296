package guest

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// tailSize is how much of a console's end is kept for errors, in bytes.
const tailSize = 8192

// A console takes what a virtual machine and the program that runs it print.
type console struct {
	mu   sync.Mutex
	log  io.Writer // takes everything; may be nil
	tail []byte
}

// Write adds b to the tail and hands it on. It takes all of b even if the log
// does not: the machine must not stop because nobody can read of it.
func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.log != nil {
		_, _ = c.log.Write(b)
	}
	c.tail = append(c.tail, b...)
	if n := len(c.tail) - tailSize; n > 0 {
		c.tail = append(c.tail[:0], c.tail[n:]...)
	}
	return len(b), nil
}

// panicMark is what the kernel prints when it gives up, before the reason.
const panicMark = "Kernel panic - "

// panicked returns the line in which the kernel gives up, or nothing.
func (c *console) panicked() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, after, ok := bytes.Cut(c.tail, []byte(panicMark))
	if !ok {
		return ""
	}
	reason, _, _ := bytes.Cut(after, []byte("\n"))
	return panicMark + string(bytes.TrimSpace(reason))
}

// end returns the last lines, for people to read.
func (c *console) end() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := strings.ToValidUTF8(string(bytes.TrimSpace(c.tail)), "?")
	if text == "" {
		return "nothing on the console"
	}
	return "the end of the console:\n" + strings.ReplaceAll(text, "\r", "")
}
