package scenario

import (
	"io"
	"net"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// A connection stays with its real server while that is quiesced, and goes on
// where it was when the real server was taken away and has come back.
func TestConnectionOutlivesChange(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	accepted := serveStreams(t, s)
	stays := s.web(config.XDP)
	d := direct(t, s, stays)
	for _, f := range s.families() {
		t.Run(f.name, func(t *testing.T) {
			client, server := connect(t, s, f, accepted)
			checkEcho(t, client, server)

			d.reload(s.config(config.XDP, "rr", lvs.TCP, 80, 0, 0))
			checkEcho(t, client, server)
			checkRefused(t, s.Client, f.public, 80)

			gone := s.web(config.XDP)
			for i := range gone.Services {
				gone.Services[i].Reals = nil
			}
			d.reload(gone)
			_, err := client.Write([]byte("lost, and sent again by the client's kernel\n"))
			must(t, err)
			d.reload(stays)
			checkEcho(t, client, server)
		})
	}
}

// checkEcho has a word go back and forth. What the server reads ends with it.
func checkEcho(t *testing.T, client, server net.Conn) {
	t.Helper()
	const word = "who is there?"
	_, err := client.Write([]byte(word))
	must(t, err)
	b := make([]byte, 1)
	for got := ""; len(got) < len(word) || got[len(got)-len(word):] != word; got += string(b) {
		_, err := io.ReadFull(server, b)
		must(t, err)
	}
	_, err = server.Write([]byte(word))
	must(t, err)
	echo := make([]byte, len(word))
	_, err = io.ReadFull(client, echo)
	must(t, err)
	if string(echo) != word {
		t.Errorf("the client read %q, want %q", echo, word)
	}
}
