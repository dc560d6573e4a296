package conformance

import (
	"fmt"
	"strings"
)

// sipCases are of the persistence engine that goes by the Call-ID of SIP.
func sipCases() (list []Script) {
	for vi := range families {
		f := &families[vi]
		wide := "-M 255.255.255.240"
		if f.name == "v6" {
			wide = "-M 124"
		}
		for _, options := range [...]string{"rr -p 300 --pe sip", "wlc -p 300 --pe sip " + wide, "rr -o -p 300 --pe sip"} {
			list = append(list, calls(f, options, "-m"), calls(f, options, "-g"))
		}
		list = append(list, notSIP(f), callOut(f), callInBody(f), callTaken(f), callRunsOut(f), longCalls(f))
	}
	return list
}

// sipService is where scripts have SIP.
func sipService(f *family, options, method string) (s service, commands []string) {
	s = f.on("udp", 5060)
	return s, []string{s.add(options), s.with(0, 5060, method), s.with(1, 5060, method), s.with(2, 5060, method)}
}

// message returns a SIP message with a line of header fields.
func message(fields string) string {
	return "OPTIONS sip:service@example.com SIP/2.0\r\nVia: SIP/2.0/UDP host;branch=z9hG4bK7\r\n" + fields + "\r\nContent-Length: 0\r\n\r\n"
}

// calls have some clients speak of the same calls, from many ports.
func calls(f *family, options, method string) Script {
	s, commands := sipService(f, options, method)
	script := Script{Name: fmt.Sprintf("sip/%s %s %s", f.name, options, method), Commands: commands}
	say := func(c, source, call int) Step {
		return from(Client, s.talk(c, source, 0, 5060).in(message(fmt.Sprintf("Call-ID: call%d@example.com", call))))
	}
	for call := range 6 {
		script.Steps = append(script.Steps, say(call%2, 2000, call))
	}
	script.Steps = append(script.Steps, look())
	for call := range 6 {
		script.Steps = append(script.Steps, say(call%2, 3000, call), say(2+call%3, 3000, call), say(40, 3000+call, call))
	}
	if method == "-m" {
		script.Steps = append(script.Steps, from(Real, s.talk(0, 3500, 0, 5060).out(message("Call-ID: call0@example.com"))))
	}
	script.Steps = append(script.Steps,
		look(), s.edit(0, 5060, method+" -w 0"), say(0, 4000, 0), say(7, 4000, 9), say(8, 4000, 10),
		s.remove(1, 5060), say(1, 4000, 1), say(1, 4001, 3), run("-L -n --persistent-conn"))
	return script
}

// notSIP has what could be taken for SIP, and what need not be.
func notSIP(f *family) Script {
	s, commands := sipService(f, "rr -p 300 --pe sip", "-m")
	script := Script{Name: "sip/odd " + f.name, Commands: commands}
	fields := [...]string{
		"i: compact@example.com", "CALL-ID: shouted@example.com", "call-id:unspaced", "Call-ID :early", "Call-ID:  late",
		"Call-ID: two words", "Call-ID: tab\tbed", "Call-ID: ", "Call-ID:", "Call-ID", "Subject: Call-ID: quoted",
		"i: first\r\nCall-ID: second", "X-Call-ID: other", "Call-ID:\r\n folded@example.com", "To: x\r\n Call-ID: continued",
		"Call-ID: " + strings.Repeat("x", 60), "Call-ID: <angle@example.com>",
		"Call-ID: \"quoted\"@example.com", "Call-ID: {brace}(paren)/slash", "Call-ID: at@", "Call-ID: a@b@c", "Call-ID: umläut",
	}
	for i, field := range fields {
		script.Steps = append(script.Steps, from(Client, s.talk(i, 2000, 0, 5060).in(message(field))))
	}
	whole := message("Call-ID: cut@example.com")
	at := strings.Index(whole, "cut@")
	texts := [...]string{
		"", "\r\n", "hello", whole[:at], whole[:at+3], whole[:at+len("cut@example.com")], whole[:at+len("cut@example.com\r")],
		"\r\n\r\n" + whole, "SIP/2.0 200 OK\r\nCall-ID: answer@example.com\r\n\r\n", "Call-ID: no@first.line\r\n\r\n",
		"OPTIONS sip:x SIP/2.0\nCall-ID: lf@example.com\n\n", "OPTIONS sip:x SIP/2.0\rCall-ID: cr@example.com\r\r",
		"GET / HTTP/1.1\r\nCall-ID: http@example.com\r\n\r\n",
	}
	for i, text := range texts {
		script.Steps = append(script.Steps, from(Client, s.talk(i, 3000, 0, 5060).in(text)))
	}
	return script
}

// callOut has a real server call a client that has not called it.
func callOut(f *family) Script {
	s, commands := sipService(f, "rr -p 300 --pe sip", "-m")
	out := func(real, c, port int, call string) Step {
		return from(Real, s.talk(c, port, real, 5060).out(message("Call-ID: "+call)))
	}
	in := func(c, port int, call string) Step {
		return from(Client, s.talk(c, port, 0, 5060).in(message("Call-ID: "+call)))
	}
	return Script{
		Name: "sip/from real " + f.name, Commands: commands,
		Steps: []Step{
			out(2, 5, 5060, "new@example.com"), in(5, 5060, "new@example.com"), look(),
			in(5, 6000, "new@example.com"), in(6, 6000, "new@example.com"),
			out(1, 6, 5060, "other@example.com"), in(6, 5060, "other@example.com"),
			out(0, 7, 5060, "new@example.com"), from(Real, s.talk(8, 5060, 2, 5060).out("no SIP")),
		},
	}
}

// callInBody has a Call-ID where none belongs.
func callInBody(f *family) Script {
	s, commands := sipService(f, "rr -p 300 --pe sip", "-m")
	return Script{
		Name: "sip/body " + f.name, Commands: commands,
		Steps: []Step{from(Client, s.talk(0, 2000, 0, 5060).in("OPTIONS sip:x SIP/2.0\r\n\r\nCall-ID: in.the@body\r\n"))},
	}
}

// callTaken has a real server call a client that another one talks to.
func callTaken(f *family) Script {
	s, commands := sipService(f, "rr -p 300 --pe sip", "-m")
	t := s.talk(0, 5060, 0, 5060)
	script := Script{Name: "sip/taken " + f.name, Commands: commands, Steps: []Step{from(Client, t.in(message("i: first")))}}
	for i := range 3 {
		script.Steps = append(script.Steps,
			from(Real, s.talk(0, 5060, i, 5060).out(message("i: second"))), from(Client, t.in(message("i: second"))))
	}
	return script
}

// longCalls have as long a Call-ID as there may be, and one that is longer. They are
// over before connections are listed: the kernel's ipvsadm does not survive such a line.
func longCalls(f *family) Script {
	s, commands := sipService(f, "rr -p 1 --pe sip", "-m")
	script := Script{Name: "sip/long " + f.name, Commands: append(commands, "--set 0 0 1")}
	for i, n := range [...]int{254, 255, 256, 300} {
		script.Steps = append(script.Steps, from(Client, s.talk(i, 2000, 0, 5060).in(message("i: "+strings.Repeat("x", n)))))
	}
	script.Steps = append(script.Steps, wait(4000))
	return script
}

// callRunsOut lives shorter than what was said in it.
func callRunsOut(f *family) Script {
	s, commands := sipService(f, "rr -p 2 --pe sip", "-m")
	say := func(source, call int) Step {
		return from(Client, s.talk(0, source, 0, 5060).in(message(fmt.Sprintf("Call-ID: call%d@example.com", call))))
	}
	return Script{
		Name: "sip/runs out " + f.name, Commands: append(commands, "--set 0 0 1"),
		Steps: []Step{say(2000, 1), say(2000, 2), wait(4000), look(), say(3000, 1), say(3000, 2)},
	}
}
