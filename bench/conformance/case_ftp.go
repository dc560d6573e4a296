package conformance

import (
	"fmt"
	"strings"
)

// A dialogue is a TCP connection whose numbers are right, as helpers that change
// what is said need them.
type dialogue struct {
	talk
	client, server uint32 // the next sequence numbers, as each end has them
	shift          uint32 // by how much the director has lengthened what the server said
	steps          []Step
}

// open begins the connection.
func open(t talk) *dialogue {
	d := &dialogue{talk: t, client: 1000, server: 5000}
	d.add(Client, "S", "")
	d.client++
	d.add(Real, "SA", "")
	d.server++
	d.add(Client, "A", "")
	return d
}

func (d *dialogue) add(side Side, flags, data string) {
	p := d.talk.in(flags)
	p.Seq, p.Ack = d.client, d.server+d.shift
	if side == Real {
		p = d.talk.out(flags)
		p.Seq, p.Ack = d.server, d.client
	}
	if flags == "S" {
		p.Ack = 0
	}
	p.Data = data
	d.steps = append(d.steps, from(side, p))
}

// says has the client say a line, which the server acknowledges.
func (d *dialogue) says(line string) {
	d.add(Client, "PA", line)
	d.client += uint32(len(line))
	d.add(Real, "A", "")
}

// answers has the server say a line, which reaches the client longer by some bytes.
func (d *dialogue) answers(line string, longer int) {
	d.add(Real, "PA", line)
	d.server += uint32(len(line))
	d.shift += uint32(longer)
	d.add(Client, "A", "")
}

// closes ends the connection.
func (d *dialogue) closes() {
	d.add(Client, "FA", "")
	d.client++
	d.add(Real, "FA", "")
	d.server++
	d.add(Client, "A", "")
}

// ftpCases are control connections behind NAT, and the data connections that they
// speak of.
func ftpCases() (list []Script) {
	for vi := range families {
		list = append(list, passive(&families[vi]), active(&families[vi]))
	}
	return list
}

func ftpScript(f *family, name string) (Script, service) {
	s := f.on("tcp", 21)
	return Script{
		Name:     fmt.Sprintf("ftp/%s %s", name, f.name),
		Commands: []string{s.add("rr"), s.with(0, 21, "-m"), s.with(1, 21, "-m")},
	}, s
}

// dotted returns an IPv4 endpoint as FTP writes it.
func dotted(addr string, port int) string {
	return strings.ReplaceAll(addr, ".", ",") + fmt.Sprintf(",%d,%d", port/256, port%256)
}

// passive is told where to connect to.
func passive(f *family) Script {
	script, s := ftpScript(f, "passive")
	const port = 51210
	// Real servers are added at the head, so number 1 is the first to be chosen.
	d := open(s.talk(0, 4000, 1, 21))
	d.answers("220 ready\r\n", 0)
	if f.name == "v4" {
		before, after := "227 Entering Passive Mode ("+dotted(f.real(1), port)+").\r\n", "227 Entering Passive Mode ("+dotted(f.vip(), port)+").\r\n"
		d.says("PASV\r\n")
		d.answers(before, len(after)-len(before))
	} else {
		d.says("EPSV\r\n")
		d.answers(fmt.Sprintf("229 Entering Extended Passive Mode (|||%d|)\r\n", port), 0)
	}
	data := talk{"tcp", at(f.client(0), 4001), at(f.vip(), port), at(f.real(1), port)}
	d.steps = append(d.steps, look())
	transfer := open(data)
	transfer.answers("file\n", 0)
	transfer.closes()
	d.steps = append(d.steps, transfer.steps...)
	d.says("NOOP\r\n")
	d.answers("200 fine\r\n", 0)
	d.says("QUIT\r\n")
	d.closes()
	script.Steps = d.steps
	return script
}

// active tells where it listens.
func active(f *family) Script {
	script, s := ftpScript(f, "active")
	d := open(s.talk(0, 4000, 1, 21))
	if f.name == "v4" {
		d.says("PORT " + dotted(f.client(0), 4001) + "\r\n")
	} else {
		d.says(fmt.Sprintf("EPRT |2|%s|4001|\r\n", f.client(0)))
	}
	d.answers("200 fine\r\n", 0)
	data := talk{"tcp", at(f.client(0), 4001), at(f.vip(), 20), at(f.real(1), 20)}
	d.steps = append(d.steps, look(),
		from(Real, data.out("S")), from(Client, data.in("SA")), from(Real, data.out("A")), look(), from(Real, data.out("FA")))
	script.Steps = d.steps
	return script
}
