package conformance

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

// unwrapped compares what clients sent with what the far end takes out of the tunnels
// of two directors. Between the two packets lies one router.
func (j *Judge) unwrapped(ctx context.Context, s *Script, kernel, other Observation) (list []Difference, err error) {
	if j.FarEnd == nil || !s.Unwrap || kernel.Missing != "" {
		return nil, nil
	}
	want, err := routed(s)
	if err != nil {
		return nil, err
	}
	for i, obs := range [...]Observation{kernel, other} {
		got, err := j.FarEnd(ctx, delivery(s, obs))
		if err != nil {
			return nil, fmt.Errorf("unwrap what came of %s: %w", s.Name, err)
		}
		what := [...]string{"out of the kernel's tunnels", "out of xlvs' tunnels"}[i]
		if d, differ := unlike(what, want, got); differ {
			d.Step = len(s.Steps)
			list = append(list, d)
		}
	}
	return list, nil
}

// delivery returns what a director sent to real servers in a script.
func delivery(s *Script, obs Observation) Delivery {
	d := Delivery{Summed: slices.ContainsFunc(s.Commands, func(c string) bool { return strings.Contains(c, "gre --tun-csum") })}
	for _, r := range obs.Results {
		d.Frames = append(d.Frames, r.Frames[Real]...)
	}
	return d
}

// routed returns what clients sent, as it is one router later.
func routed(s *Script) (packets [][]byte, err error) {
	for _, step := range s.Steps {
		for i := range step.Packets {
			p := step.Packets[i]
			p.Unfinished = false
			b, err := p.build()
			if err != nil {
				return nil, err
			}
			if b[0]>>4 == 4 {
				b[8]--
				setHeaderChecksum(b)
			} else {
				b[7]--
			}
			packets = append(packets, b)
		}
	}
	return packets, nil
}

// unlike returns the first difference between two lists of packets.
func unlike(what string, want, got [][]byte) (d Difference, differ bool) {
	for i := range max(len(want), len(got)) {
		a, b := frameAt(want, i), frameAt(got, i)
		if bytes.Equal(a, b) {
			continue
		}
		if len(want) != len(got) {
			what += fmt.Sprintf(", of which there are %d and should be %d", len(got), len(want))
		}
		return Difference{What: fmt.Sprintf("%s, number %d", what, i), A: describePacket(a, b), B: describePacket(b, a)}, true
	}
	return d, false
}

// describePacket returns a packet as people read it, and where it differs from another.
func describePacket(p, other []byte) string {
	inFrame := func(p []byte) []byte {
		if p == nil {
			return nil
		}
		return slices.Concat(directorMAC[Client], clientMAC, etherType(p), p)
	}
	return describe(inFrame(p), inFrame(other))
}
