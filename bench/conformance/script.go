package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Script is what a director is to live through. It is plain data, so that it
// can travel to a guest and be kept in a file.
type Script struct {
	Name     string         `json:"name"`
	Note     string         `json:"note,omitempty"`     // what it is about, if the name does not say it
	Sysctls  map[string]int `json:"sysctls,omitempty"`  // below net.ipv4.vs, before anything else
	Marks    []Mark         `json:"marks,omitempty"`    // the first that matches decides
	Commands []string       `json:"commands,omitempty"` // of ipvsadm, without the word ipvsadm
	Links    Links          `json:"links,omitzero"`
	Quick    bool           `json:"quick,omitempty"`  // one of the selection that is played often
	Needs    string         `json:"needs,omitempty"`  // a module that some kernels are built without
	Unwrap   bool           `json:"unwrap,omitempty"` // all that clients send must come out at the first real server's tunnels
	Steps    []Step         `json:"steps"`
}

// A Mark gives packets to one address a firewall mark.
type Mark struct {
	Mark        uint32 `json:"mark"`
	Destination string `json:"destination"`
	Protocol    string `json:"protocol"` // "tcp", "udp" or "sctp"
	Port        uint16 `json:"port"`
}

// Links are the properties of the network. The zero value is the usual one.
type Links struct {
	RealMTU int `json:"realMTU,omitempty"` // on the real servers' side; 0 means 1500
}

// A Step is one of: packets, a command, a sysctl, a pause, a look at the lists. A
// director has done with a step before the next begins.
type Step struct {
	From    Side     `json:"from,omitempty"` // of Packets
	Packets []Packet `json:"packets,omitempty"`
	Command string   `json:"command,omitempty"` // of ipvsadm
	Sysctl  string   `json:"sysctl,omitempty"`  // "name=value", below net.ipv4.vs
	Wait    int      `json:"wait,omitempty"`    // milliseconds
	List    bool     `json:"list,omitempty"`
	Stats   bool     `json:"stats,omitempty"` // with List: counters too, which the kernel takes seconds to show
}

// A Side is where packets come from, or go to.
type Side string

// The sides of the director.
const (
	Client Side = "client"
	Real   Side = "real"
)

var sides = [...]Side{Client, Real}

// String returns s in a line.
func (s Step) String() string {
	switch {
	case len(s.Packets) > 1:
		return fmt.Sprintf("%d packets from %s, first %v", len(s.Packets), s.From, s.Packets[0])
	case len(s.Packets) == 1:
		return fmt.Sprintf("from %s: %v", s.From, s.Packets[0])
	case s.Command != "":
		return "ipvsadm " + s.Command
	case s.Sysctl != "":
		return "sysctl " + s.Sysctl
	case s.Wait > 0:
		return fmt.Sprintf("wait %d ms", s.Wait)
	case s.List:
		return "list"
	}
	return "nothing"
}

// String returns s as people read it.
func (s *Script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", s.Name)
	for _, name := range slices.Sorted(maps.Keys(s.Sysctls)) {
		fmt.Fprintf(&b, "sysctl %s=%d\n", name, s.Sysctls[name])
	}
	for _, m := range s.Marks {
		fmt.Fprintf(&b, "mark %d for %s %s:%d\n", m.Mark, m.Protocol, m.Destination, m.Port)
	}
	for _, c := range s.Commands {
		fmt.Fprintf(&b, "ipvsadm %s\n", c)
	}
	for i, step := range s.Steps {
		fmt.Fprintf(&b, "%d: %v\n", i, step)
	}
	return b.String()
}
