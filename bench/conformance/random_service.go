package conformance

import "fmt"

// A drawnService is a service of a random script.
type drawnService struct {
	service
	options  string    // of its scheduler and persistence
	targets  []service // where its packets go: itself, or what its mark or port 0 covers
	methods  []string  // of its real servers, in turn
	families []*family // of its real servers, in turn
	realPort int
}

// drawnMethods are how the real servers of a service are reached, in turn. None ever
// changes, since the kernel goes on with the route that it has for a real server, which
// is another one for direct routing.
var drawnMethods = [...][]string{
	{"-m"}, {"-m"}, {"-m"}, {"-g"}, {"-i"}, {"-m", "-g", "-i"}, {"-i", "-i --tun-type gre"},
	{"-i --tun-type gre"}, {"-i --tun-type gre --tun-csum"},
	{"-i --tun-type gue --tun-port 6080"}, {"-i --tun-type gue --tun-port 6080 --tun-csum"}, {"-i --tun-type gue --tun-port 6080 --tun-remcsum"},
}

// addService adds a service that the script has not, with a few real servers.
func (d *draw) addService() {
	s := &drawnService{families: []*family{d.f}, methods: pick(d, drawnMethods[:]...)}
	s.service = d.f.on(pick(d, "tcp", "tcp", "tcp", "udp", "udp", "sctp"), 80+len(d.services))
	if len(d.services) > 0 && d.chance(5) {
		s.port = pick(d, 0, 21)
	}
	if d.chance(5) {
		s.service = d.f.marked(uint32(1 + len(d.services)))
	}
	d.aim(s)
	s.realPort = s.port
	if s.methods[0] == "-m" && len(s.methods) == 1 && s.port > 0 && d.chance(2) {
		s.realPort = 8000 + s.port
	}
	if s.methods[0] != "-m" && s.methods[0] != "-g" && d.chance(3) {
		s.families = pick(d, []*family{&families[0]}, []*family{&families[1]}, []*family{&families[0], &families[1]})
	}
	s.options = d.scheduling(s)
	d.services = append(d.services, s)
	d.script.Commands = append(d.script.Commands, s.add(s.options))
	for n := range 1 + d.IntN(4) {
		d.script.Commands = append(d.script.Commands, d.with(s, n))
	}
}

// aim says where the packets of s go, and marks them if it has a mark.
func (d *draw) aim(s *drawnService) {
	switch {
	case s.mark > 0:
		for n := range 1 + d.IntN(3) {
			t := service{family: d.f, proto: pick(d, "tcp", "udp", "sctp"), vip: d.f.anyVIP(n), port: 90 + n}
			s.targets = append(s.targets, t)
			d.script.Marks = append(d.script.Marks, Mark{s.mark, t.vip, t.proto, uint16(t.port)})
		}
	case s.port == 0:
		for _, port := range [...]int{20, 21, 80, 81, 40000} {
			s.targets = append(s.targets, d.f.on(s.proto, port))
		}
	case s.port == 21: // and what goes with FTP
		s.targets = []service{s.service, d.f.on(s.proto, 20), d.f.on(s.proto, 40000)}
	default:
		s.targets = []service{s.service}
	}
}

// scheduling returns options for a scheduler, persistence and one-packet scheduling.
func (d *draw) scheduling(s *drawnService) string {
	options := pick(d, deterministic[:]...)
	if options == "sh" || options == "mh" {
		options += pick(d, "", " -b "+options+"-port", " -b "+options+"-fallback", " -b "+options+"-port,"+options+"-fallback")
	}
	if s.port == 0 && s.mark == 0 || d.chance(4) {
		options += fmt.Sprintf(" -p %d", 60+d.IntN(600))
		if mask := pick(d, "", wideMasks[d.f.name]); mask != "" {
			options += " -M " + mask
		}
	}
	if (s.proto == "udp" || s.mark > 0) && d.chance(4) {
		options += " -o"
	}
	return options
}

// wideMasks have a template for each few of the clients, by IP version.
var wideMasks = map[string]string{"v4": "255.255.255.254", "v6": "127"}

// server returns real server n as ipvsadm names it, with options for its method, weight
// and thresholds.
func (d *draw) server(s *drawnService, n int) string {
	options := fmt.Sprintf("%s -w %d", s.methods[n%len(s.methods)], pick(d, 0, 1, 1, 1, 2, 3, 10))
	if d.chance(5) {
		upper := 1 + d.IntN(6)
		options += fmt.Sprintf(" -x %d", upper)
		if d.chance(2) {
			options += fmt.Sprintf(" -y %d", 1+d.IntN(upper))
		}
	}
	return s.name(n) + " " + options
}

// with returns the command that adds real server n.
func (d *draw) with(s *drawnService, n int) string {
	return fmt.Sprintf("-a %s -r %s", s.selector(), d.server(s, n))
}

// name returns how ipvsadm names real server n.
func (s *drawnService) name(n int) string {
	return at(s.families[n%len(s.families)].real(n), s.realPort)
}
