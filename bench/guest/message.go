package guest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds one message, in bytes.
const maxLine = 64 << 20

// bootID is the number of the call that nobody makes: the guest answers it with
// a welcome when it is ready.
const bootID = 0

// errMessage is what the errors of messages that make no sense wrap.
var errMessage = errors.New("malformed message")

// A welcome is the output of the boot call.
type welcome struct {
	Kernel string `json:"kernel"` // its release, as uname -r says it
}

// A request asks the guest to run a job, or to cancel the one of that number.
type request struct {
	ID     uint64          `json:"id"`
	Job    string          `json:"job,omitempty"`
	Input  json.RawMessage `json:"input,omitempty"`
	Cancel bool            `json:"cancel,omitempty"`
}

// A reply carries one output of a job, or says that the job is done and, if it
// failed, why.
type reply struct {
	ID     uint64          `json:"id"`
	Output json.RawMessage `json:"output,omitempty"`
	Done   bool            `json:"done,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// parseRequest returns the request in one line.
func parseRequest(line []byte) (r request, err error) {
	if err := decode(line, &r); err != nil {
		return request{}, fmt.Errorf("request: %w", err)
	}
	switch {
	case r.ID == bootID:
		return request{}, fmt.Errorf("request: %w: number %d is that of the boot", errMessage, bootID)
	case r.Cancel && (r.Job != "" || r.Input != nil):
		return request{}, fmt.Errorf("request %d: %w: a job to run and to cancel", r.ID, errMessage)
	case !r.Cancel && r.Job == "":
		return request{}, fmt.Errorf("request %d: %w: no job", r.ID, errMessage)
	}
	return r, nil
}

// parseReply returns the reply in one line.
func parseReply(line []byte) (r reply, err error) {
	if err := decode(line, &r); err != nil {
		return reply{}, fmt.Errorf("reply: %w", err)
	}
	switch {
	case r.Done == (r.Output != nil):
		return reply{}, fmt.Errorf("reply %d: %w: want either an output or the end", r.ID, errMessage)
	case r.Error != "" && !r.Done:
		return reply{}, fmt.Errorf("reply %d: %w: an error before the end", r.ID, errMessage)
	}
	return r, nil
}

// decode fills v from a line. Both sides are one executable, so that a field
// which one of them does not know is a mistake.
func decode(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", errMessage, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more than one value", errMessage)
	}
	return nil
}

// eachLine calls f with every line of r, until the end or the first error. The
// line is f's until it returns.
func eachLine(r io.Reader, f func(line []byte) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	for s.Scan() {
		if err := f(s.Bytes()); err != nil {
			return err
		}
	}
	return s.Err()
}

// writeLine writes v as one line with a single call of w.Write.
func writeLine(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) >= maxLine {
		return fmt.Errorf("%w: %d bytes, more than %d", errMessage, len(b), maxLine)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}
