package ipvsadm

import (
	"bufio"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"xlvs/lvs"
)

// port reads a number or a name.
func (l *lookup) port(text string, proto lvs.Protocol) (port uint16, ok bool) {
	if n, ok := number(text, 0, 65535); ok {
		return uint16(n), true
	}
	if l.ports == nil {
		l.ports = map[portName]uint16{}
		l.readServices()
	}
	port, ok = l.ports[portName{proto, text}]
	return port, ok
}

// readServices reads the names of ports. Of a file that is not there none is known.
func (l *lookup) readServices() {
	f, err := os.Open(l.file)
	if err != nil {
		return
	}
	eachPort(f, func(key portKey, names []string) {
		for _, name := range names {
			if _, taken := l.ports[portName{key.proto, name}]; !taken {
				l.ports[portName{key.proto, name}] = key.port
			}
		}
	})
	_ = f.Close() // nothing was written
}

// eachPort reads services(5): a name, a port with its protocol, other names. What
// is not such a line is passed over, as is what cannot be read.
func eachPort(r io.Reader, f func(key portKey, names []string)) {
	protocols := map[string]lvs.Protocol{"tcp": lvs.TCP, "udp": lvs.UDP, "sctp": lvs.SCTP}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) < 2 {
			continue
		}
		digits, name, _ := strings.Cut(fields[1], "/")
		n, err := strconv.ParseUint(digits, 10, 16)
		if proto, known := protocols[name]; err == nil && known {
			f(portKey{proto, uint16(n)}, slices.Delete(fields, 1, 2))
		}
	}
}
