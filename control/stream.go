package control

import (
	"net/http"
	"time"
)

// A streamWriter is an answer that comes in pieces, for as long as it may take.
// Its peer is given time for each of them, not for the whole.
type streamWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	started bool // something cannot be taken back
}

// stream returns w as an answer that comes in pieces.
func stream(w http.ResponseWriter) *streamWriter {
	s := &streamWriter{ResponseWriter: w, control: http.NewResponseController(w)}
	_ = s.control.SetReadDeadline(time.Time{}) // the request has been read; where there is no deadline, none can be in the way
	return s
}

// Write sends b at once.
func (s *streamWriter) Write(b []byte) (int, error) {
	s.started = true
	s.end()
	n, err := s.ResponseWriter.Write(b)
	if err == nil {
		err = s.control.Flush()
	}
	return n, err
}

// end allows for what net/http adds to the last piece.
func (s *streamWriter) end() { _ = s.control.SetWriteDeadline(time.Now().Add(patience)) }
