package conformance

import (
	"fmt"
	"maps"
)

// The words in which scripts are written.

// from returns the step in which packets come from a side.
func from(side Side, packets ...Packet) Step { return Step{From: side, Packets: packets} }

// run returns the step that is a command of ipvsadm.
func run(format string, args ...any) Step { return Step{Command: fmt.Sprintf(format, args...)} }

// set returns the step that sets a sysctl.
func set(name string, value int) Step { return Step{Sysctl: fmt.Sprintf("%s=%d", name, value)} }

// wait returns the step in which nothing happens for some milliseconds.
func wait(ms int) Step { return Step{Wait: ms} }

// look returns the step that lists services and connections.
func look() Step { return Step{List: true} }

// lookAtAll returns the step that lists counters too.
func lookAtAll() Step { return Step{List: true, Stats: true} }

// A service is one of ipvsadm's.
type service struct {
	family *family
	proto  string // "tcp", "udp" or "sctp"
	vip    string
	port   int
	mark   uint32 // instead of all that, but for family
}

// on returns the service of proto at the usual VIP.
func (f *family) on(proto string, port int) service {
	return service{family: f, proto: proto, vip: f.vip(), port: port}
}

// marked returns the service for a firewall mark.
func (f *family) marked(mark uint32) service { return service{family: f, mark: mark} }

// selector returns the words by which ipvsadm knows s.
func (s service) selector() string {
	switch {
	case s.mark > 0 && s.family.name == "v6":
		return fmt.Sprintf("-f %d -6", s.mark)
	case s.mark > 0:
		return fmt.Sprintf("-f %d", s.mark)
	case s.proto == "udp":
		return "-u " + at(s.vip, s.port)
	case s.proto == "sctp":
		return "--sctp-service " + at(s.vip, s.port)
	}
	return "-t " + at(s.vip, s.port)
}

// add returns the command that adds s; options begin with those of -s.
func (s service) add(options string) string { return fmt.Sprintf("-A %s -s %s", s.selector(), options) }

// realAt returns how ipvsadm names real server n of s.
func (s service) realAt(n, port int) string { return at(s.family.real(n), port) }

// with returns the command that adds real server n, on port, with options for its
// method and weight.
func (s service) with(n, port int, options string) string {
	return fmt.Sprintf("-a %s -r %s %s", s.selector(), s.realAt(n, port), options)
}

// edit returns the command that changes real server n.
func (s service) edit(n, port int, options string) Step {
	return run("-e %s -r %s %s", s.selector(), s.realAt(n, port), options)
}

// remove returns the command that deletes real server n.
func (s service) remove(n, port int) Step {
	return run("-d %s -r %s", s.selector(), s.realAt(n, port))
}

// A talk is a connection from a client to a service, and the real server that it
// should have.
type talk struct {
	proto, client, virtual, real string
}

// talk returns what client number c has to say to s, from a source port, and to a
// real server.
func (s service) talk(c, source, real, realPort int) talk {
	return talk{s.proto, at(s.family.client(c), source), at(s.vip, s.port), s.realAt(real, realPort)}
}

// in returns a packet from the client: with TCP flags, an SCTP chunk, or data.
func (t talk) in(word string) Packet { return t.packet(t.client, t.virtual, word) }

// out returns a packet from the real server, as one behind NAT sends it.
func (t talk) out(word string) Packet { return t.packet(t.real, t.client, word) }

func (t talk) packet(src, dst, word string) Packet {
	p := Packet{Proto: t.proto, Src: src, Dst: dst, ID: 0x1234}
	switch t.proto {
	case "tcp":
		p.Flags, p.Seq, p.Ack = word, 1000, 2000
	case "sctp":
		p.Chunk = word
	default:
		p.Data = word
	}
	return p
}

// joined returns one script of several that get on with each other: their services
// and sysctls are not the same. A director takes longer to start than to play one.
func joined(name string, list ...Script) Script {
	all := Script{Name: name, Sysctls: map[string]int{}}
	for _, s := range list {
		all.Links = s.Links
		maps.Copy(all.Sysctls, s.Sysctls)
		all.Marks = append(all.Marks, s.Marks...)
		all.Commands = append(all.Commands, s.Commands...)
		all.Steps = append(all.Steps, s.Steps...)
	}
	return all
}
