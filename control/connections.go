package control

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"slices"

	"xlvs/conntrack"
	"xlvs/lvs"
)

// Pages of connections.
const (
	defaultLimit = 1000
	maxLimit     = 100_000
)

// listConnections answers with a page of connections, or streams all.
func (s *Server) listConnections(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	filter := q.connectionFilter()
	all := q.boolean("stream", false)
	limit := q.number("limit", defaultLimit, 1, maxLimit)
	after := q.cursor("cursor")
	if err := q.done(); err != nil {
		return err
	}
	if all {
		return s.streamConnections(w, r, filter)
	}
	return s.pageConnections(w, filter, int(limit), after)
}

// streamConnections writes a line for each connection. A peer that is slow holds
// nobody else up: the table is not locked meanwhile.
func (s *Server) streamConnections(w http.ResponseWriter, r *http.Request, wanted connectionFilter) error {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := stream(w)
	defer out.end()
	const enough = 64 << 10
	buf := make([]byte, 0, enough+1024)
	now := s.director.Now()
	for l := range s.director.Connections() {
		c := connection(l, now)
		if !wanted.matches(&c) {
			continue
		}
		if buf = append(appendConnection(buf, &c), '\n'); len(buf) < enough {
			continue
		}
		if _, err := out.Write(buf); err != nil || r.Context().Err() != nil {
			panic(http.ErrAbortHandler) // so that nobody takes this for all
		}
		buf = buf[:0]
	}
	if _, err := out.Write(buf); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// A placed connection is one with its place in the order of pages.
type placed struct {
	Connection
	place []byte
}

// pageConnections answers with the first limit connections behind after. The
// table has no order, and what was on the last page may be gone; so connections
// are ordered by what they are, and each page takes a walk through the table.
func (s *Server) pageConnections(w http.ResponseWriter, wanted connectionFilter, limit int, after []byte) error {
	var (
		page  []placed
		place []byte
		last  []byte // what comes behind is on no page yet; nil: nothing is known to
		now   = s.director.Now()
	)
	for l := range s.director.Connections() {
		c := connection(l, now)
		if !wanted.matches(&c) {
			continue
		}
		place = appendPlace(place[:0], &l)
		if bytes.Compare(place, after) <= 0 || last != nil && bytes.Compare(place, last) > 0 {
			continue
		}
		if page = append(page, placed{c, slices.Clone(place)}); len(page) > 2*limit {
			page = firstOf(page, limit+1)
			last = page[limit].place
		}
	}
	return writePage(w, firstOf(page, limit+1), limit)
}

// firstOf returns the first n of page, sorted.
func firstOf(page []placed, n int) []placed {
	slices.SortFunc(page, func(a, b placed) int { return bytes.Compare(a.place, b.place) })
	return page[:min(n, len(page))]
}

// writePage answers with the first limit connections of page. If it has one more,
// so has the next.
func writePage(w http.ResponseWriter, page []placed, limit int) error {
	b := []byte(`{"connections":[`)
	for i := range page[:min(limit, len(page))] {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendConnection(append(b, '\n'), &page[i].Connection)
	}
	b = append(b, "\n]"...)
	if len(page) > limit {
		b = append(b, `,"next":"`...)
		b = base64.RawURLEncoding.AppendEncode(b, page[limit-1].place)
		b = append(b, '"')
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, "}\n"...)) // a peer that has gone needs no answer
	return nil
}

// appendPlace appends to b what no two connections have in common. Its order is
// that of protocol, client, service and real server, templates last.
func appendPlace(b []byte, l *conntrack.Listing) []byte {
	template := byte(0)
	if l.Template {
		template = 1
	}
	b = append(b, template, byte(l.Proto))
	for _, e := range [...]struct {
		addr lvs.Addr
		port uint16
	}{{l.Client, l.ClientPort}, {l.Virtual, l.VirtualPort}, {l.Real, l.RealPort}} {
		a := e.addr.As16()
		b = binary.BigEndian.AppendUint16(append(b, a[:]...), e.port)
	}
	return append(b, l.Data...)
}

// cursor reads where a page ends: what writePage calls next.
func (q *query) cursor(key string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(q.text(key))
	if err != nil {
		q.refuse(key, "must be next of an answer")
	}
	return b
}
