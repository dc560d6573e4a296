// Package iptables turns the mark rules of netfilter into ours.
//
// It reads what iptables-save or ip6tables-save prints, walks the chains of the
// mangle table that packets pass on their way to IPVS, and finds out what mark
// packets have at the end. In netfilter the last rule that a packet matches has
// the last word, until one takes it out of the chain; in ours the first rule
// that it matches decides. So the result is in another order, and what netfilter
// can say and ours cannot is left out, with a config.Note that says where and why.
// Nothing here asks the machine for its rules.
package iptables

import (
	"errors"
	"fmt"
	"io"

	"xlvs/config"
)

// Errors that Parse wraps.
var (
	ErrSyntax = errors.New("not what iptables-save prints")
	ErrLimit  = errors.New("too much to take over")
)

// Parse reads src, the output of iptables-save called name. A rule without an
// address is for IPv6 if ipv6 is set, or if the file says that ip6tables-save
// wrote it. The marks are valid and in the order of a Config. The notes are in
// the order of their lines. An error says the file and the line.
func Parse(name string, src io.Reader, ipv6 bool) ([]config.Mark, []config.Note, error) {
	p := parser{v6: ipv6, chains: make(map[string]*chain), foreign: make(map[string]bool), noted: newNotebook(name)}
	if err := p.read(name, src); err != nil {
		return nil, nil, err
	}
	w := walker{chains: p.chains, noted: p.noted, visited: make(map[string]bool)}
	if err := w.walk(); err != nil {
		return nil, nil, fmt.Errorf("%s:%w", name, err)
	}
	return w.decide(), w.noted.list(), nil
}
