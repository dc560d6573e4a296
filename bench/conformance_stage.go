package main

import (
	"context"

	"xlvs/bench/conformance"
	"xlvs/bench/guest"
)

// A stage has who xlvs is held against. The kernel with ip_vs and the one at the far
// end are two: with tunnels of its own, a kernel no longer calls their protocols
// unknown.
type stage struct{ kernel, farEnd tenant }

// ahead are modules that are loaded before anything is played. Their beginning waits
// for namespaces that go, which wait for ip_vs, which waits for the scheduler that it
// has asked for: a kernel that has to load them in between may stand still for ever.
var ahead = []string{"ip_vs_ftp", "ip_vs_lblc", "ip_vs_lblcr"}

// open gives judge the kernel and the far end, and returns the kernel's release. The
// far end boots when it is needed, which is seldom.
func (s *stage) open(ctx context.Context, judge *conformance.Judge, kernel guest.Kernel) (release string, err error) {
	if guest.HostHasIPVS() {
		judge.Kernel, judge.FarEnd = conformance.Here(conformance.Kernel()), conformance.FarEndHere()
		return "of this machine", nil
	}
	s.kernel.boot = bootWith(guest.Options{Kernel: kernel, CPUs: 2, Modules: ahead}, &release)
	s.farEnd.boot = bootWith(guest.Options{Kernel: kernel, Modules: []string{"fou", "fou6"}}, new(string))
	judge.Kernel, judge.FarEnd = conformance.Elsewhere(s.kernel.do), conformance.FarEndElsewhere(s.farEnd.do)
	_, err = s.kernel.get(ctx, nil)
	return release, err
}

// bootWith returns what boots a guest, and says which kernel it has.
func bootWith(o guest.Options, release *string) func(context.Context) (machine, error) {
	return func(ctx context.Context) (machine, error) {
		m, err := guest.Boot(ctx, o)
		if err != nil {
			return nil, err
		}
		*release = m.Kernel
		return m, nil
	}
}

// close ends what runs.
func (s *stage) close() {
	s.kernel.close()
	s.farEnd.close()
}
