package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// decodeFTP sets what [ftp] mentions.
func (c *Config) decodeFTP(t *table) {
	t.portNumbers("ports", &c.FTPPorts)
	t.done()
}

// portNumbers reads an array of ports. One that cannot be read leaves dst as it
// is.
func (t *table) portNumbers(key string, dst *[]uint16) {
	var elems []any
	if !read(t, key, "an array of integers", &elems) {
		return
	}
	ports, readable := make([]uint16, len(elems)), true
	for i, e := range elems {
		at := join(key, strconv.Itoa(i))
		n, ok := e.(int64)
		if !ok {
			t.wrongType(at, "an integer", e)
		} else if err := within("port", n, 1, 65535); err != nil {
			t.report(at, err)
			ok = false
		}
		ports[i], readable = uint16(n), readable && ok
	}
	if readable {
		*dst = ports
	}
}

// checkFTP reports what is wrong with the ports of FTP control connections.
func (c *Config) checkFTP(r reporter) {
	r.check("ports", within("number of ports", len(c.FTPPorts), 1, MaxFTPPorts))
	for i, port := range c.FTPPorts {
		at := join("ports", strconv.Itoa(i))
		r.check(at, within("port", port, 1, 65535))
		if slices.Contains(c.FTPPorts[:i], port) {
			r(at, fmt.Errorf("port %d: %w", port, ErrDuplicatePort))
		}
	}
}

// portNumbersText returns ports for a log line.
func portNumbersText(ports []uint16) string {
	texts := make([]string, len(ports))
	for i, port := range ports {
		texts[i] = strconv.Itoa(int(port))
	}
	return strings.Join(texts, ",")
}
