package control

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"xlvs/lvs"
)

// A query reads the parameters of a request and collects what is wrong with them.
type query struct {
	values url.Values
	errs   []error
}

// newQuery returns the parameters of r.
func newQuery(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.errs = append(q.errs, fmt.Errorf("%w: %w", ErrBadRequest, err))
	}
	return q
}

// text takes one parameter, empty if there is none.
func (q *query) text(key string) string {
	text := q.values.Get(key)
	if len(q.values[key]) > 1 {
		q.refuse(key, "must be given once")
	}
	delete(q.values, key)
	return text
}

// refuse notes that a parameter is not what it must be.
func (q *query) refuse(key, must string) {
	q.errs = append(q.errs, fmt.Errorf("parameter %s: %w: %s", key, ErrBadRequest, must))
}

// done returns what was wrong with the parameters; one that nobody has taken is.
func (q *query) done() error {
	for _, key := range slices.Sorted(maps.Keys(q.values)) {
		q.refuse(key, "there is no such parameter")
	}
	return errors.Join(q.errs...)
}

// boolean reads "true" or "false".
func (q *query) boolean(key string, absent bool) bool {
	switch q.text(key) {
	case "":
		return absent
	case "true":
		return true
	case "false":
		return false
	}
	q.refuse(key, "must be true or false")
	return absent
}

// number reads a number from lo to hi.
func (q *query) number(key string, absent, lo, hi int64) int64 {
	text := q.text(key)
	if text == "" {
		return absent
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < lo || n > hi {
		q.refuse(key, fmt.Sprintf("must be a number from %d to %d", lo, hi))
	}
	return n
}

// A connectionFilter is what connections must have in common. Its zero value is
// nothing.
type connectionFilter struct {
	protocol                     string
	states                       []string
	client, virtual, destination endpointFilter
	template                     string // "true", "false" or nothing
}

// connectionFilter reads the parameters by which connections are chosen.
func (q *query) connectionFilter() connectionFilter {
	f := connectionFilter{
		protocol: q.text("protocol"),
		client:   q.endpoint("client"), virtual: q.endpoint("virtual"), destination: q.endpoint("destination"),
		template: q.text("template"),
	}
	if _, err := protocolWords.value("protocol", f.protocol, 0); err != nil {
		q.refuse("protocol", err.Error())
	}
	if states := q.text("state"); states != "" {
		f.states = strings.Split(strings.ToUpper(states), ",")
	}
	if f.template != "" && f.template != "true" && f.template != "false" {
		q.refuse("template", "must be true or false")
	}
	return f
}

// matches reports whether c is wanted.
func (f *connectionFilter) matches(c *Connection) bool {
	return (f.protocol == "" || f.protocol == protocolWords.name(c.Proto)) &&
		(f.template == "" || f.template == strconv.FormatBool(c.Template)) &&
		(f.states == nil || slices.Contains(f.states, stateName(c))) &&
		f.client.matches(c.Client, c.ClientPort) &&
		f.virtual.matches(c.Virtual, c.VirtualPort) &&
		f.destination.matches(c.Real, c.RealPort)
}

// An endpointFilter is a network and perhaps a port. Its zero value is any.
type endpointFilter struct {
	network  netip.Prefix
	port     uint16
	withPort bool
}

// endpoint reads an address, with or without a port, or a network.
func (q *query) endpoint(key string) endpointFilter {
	text := q.text(key)
	if text == "" {
		return endpointFilter{}
	}
	whole := func(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
	if a, err := netip.ParseAddr(text); err == nil {
		return endpointFilter{network: whole(a)}
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return endpointFilter{whole(a.Addr()), a.Port(), true}
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		q.refuse(key, "must be as in 192.0.2.1, 192.0.2.1:80, [2001:db8::1]:80 or 192.0.2.0/24")
	}
	return endpointFilter{network: network}
}

// matches reports whether address and port are wanted.
func (f *endpointFilter) matches(a lvs.Addr, port uint16) bool {
	return (!f.network.IsValid() || f.network.Contains(a.Netip())) && (!f.withPort || f.port == port)
}
