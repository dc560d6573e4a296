package demo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
)

// Version 2 of the PROXY protocol (proxy-protocol.txt of HAProxy, section 2.2).
const (
	proxySignature = "\r\n\r\n\x00\r\nQUIT\n"
	proxyFixed     = len(proxySignature) + 4 // then version and command, family and transport, length

	proxyOnBehalf = 2<<4 | 1 // version 2, command PROXY
	proxyTCP4     = 1<<4 | 1
	proxyTCP6     = 2<<4 | 1
)

// maxProxy bounds what comes behind the fixed part of a header, in bytes.
const maxProxy = 512

// errProxy is returned for what is not a PROXY header about a client of TCP.
var errProxy = errors.New("not a PROXY header, version 2, about a TCP connection")

// readProxy reads a header and nothing more, and returns the address of the
// client that it is about.
func readProxy(r io.Reader) (client netip.Addr, err error) {
	var fixed [proxyFixed]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return netip.Addr{}, fmt.Errorf("read PROXY header: %w", err)
	}
	rest := fixed[len(proxySignature):]
	n := int(binary.BigEndian.Uint16(rest[2:]))
	if string(fixed[:len(proxySignature)]) != proxySignature || rest[0] != proxyOnBehalf || n > maxProxy {
		return netip.Addr{}, errProxy
	}
	// Source and destination address, two ports, then what nobody needs.
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return netip.Addr{}, fmt.Errorf("read addresses of PROXY header: %w", err)
	}
	switch {
	case rest[1] == proxyTCP4 && n >= 4+4+2+2:
		return netip.AddrFrom4([4]byte(b)), nil
	case rest[1] == proxyTCP6 && n >= 16+16+2+2:
		return netip.AddrFrom16([16]byte(b)), nil
	}
	return netip.Addr{}, errProxy
}

// A proxyListener accepts connections that begin with a PROXY header.
type proxyListener struct{ net.Listener }

// Accept returns a *proxyConn.
func (l proxyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &proxyConn{Conn: c}, nil
}

// A proxyConn is a connection without the header that it begins with.
type proxyConn struct {
	net.Conn
	once   sync.Once
	client netip.Addr // once something has been read
	err    error
}

// Read reads what comes after the header.
func (c *proxyConn) Read(b []byte) (int, error) {
	c.once.Do(func() { c.client, c.err = readProxy(c.Conn) })
	if c.err != nil {
		return 0, c.err
	}
	return c.Conn.Read(b)
}
