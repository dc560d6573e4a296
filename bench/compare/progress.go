package compare

import (
	"fmt"
	"io"
	"time"
)

// A Line shows how far a walk has come, in one line that is written over if the
// output is a terminal, else in a line for each square.
type Line struct {
	Out      io.Writer
	Terminal bool
	begun    time.Time
}

// Show shows s at the time now.
func (l *Line) Show(s Step, now time.Time) {
	if l.begun.IsZero() {
		l.begun = now
	}
	text := fmt.Sprintf("%d/%d round %d/%d  %s%s%s", s.Number, s.Of, s.Round, s.Rounds, s.Key, failedText(s.Failed), l.left(s, now))
	if l.Terminal {
		fmt.Fprintf(l.Out, "\r\x1b[K%s", text) // and clear what is left of the last one
		return
	}
	fmt.Fprintln(l.Out, text)
}

// left says how long the rest takes, if that is like what went before.
func (l *Line) left(s Step, now time.Time) string {
	done := s.Number - 1
	if done == 0 {
		return ""
	}
	each := now.Sub(l.begun) / time.Duration(done)
	return fmt.Sprintf("  %v left", (each * time.Duration(s.Of-done)).Round(time.Second))
}

// End leaves the line.
func (l *Line) End() {
	if l.Terminal && !l.begun.IsZero() {
		fmt.Fprintln(l.Out)
	}
}

// String returns k for people.
func (k Key) String() string {
	s := k.Measurement + " " + k.Competitor
	if k.Method != "" {
		s += " " + k.Method
	}
	if k.Point != 0 {
		s += fmt.Sprint(" at ", k.Point)
	}
	return s
}

func failedText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("  %d failed", n)
}
