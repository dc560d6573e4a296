package main

import (
	"context"
	"slices"
	"time"

	"xlvs/bench/compare"
	"xlvs/lvs"
)

// A trial is a measurement and how it is done.
type trial struct {
	compare.Measurement
	protocol lvs.Protocol
	talk     bool // programs talk; else the generator sends
	ceilings bool // those take part, too
	crowd    func(point int) crowd
	// run measures at s, and returns a value for each figure.
	run func(ctx context.Context, s *site) ([]float64, error)
}

// Words that several trials share.
const (
	mpps     = "million packets/s"
	smallest = 64   // bytes of a frame, with its checksum
	usual    = 1000 // connections
	// several destinations, so that fullnat has ports enough: each destination has
	// as many connections as the director has ports.
	several   = 16
	wholeCost = "The processor time is that of the competitor's processes and of all softirq work of the machine, the receiving ends' included."
)

// trials returns all that there are, in the order of a round. With quick, those
// along an axis of many have only the first of their points and the one in the
// middle.
func trials(quick bool) []trial {
	few := func(points ...int) []int {
		if quick {
			return []int{points[0], points[len(points)/2]}
		}
		return points
	}
	return slices.Concat(packetTrials(), talkTrials(), growing(few))
}

// packetTrials returns those of the generator's packets.
func packetTrials() []trial {
	every := []string{"nat", "dr", "tun", "fullnat"}
	return []trial{
		{
			Measurement: compare.Measurement{
				Name: "rate", Title: "Packets forwarded at full load", Methods: every,
				Figures: []compare.Figure{{Unit: mpps, Better: compare.More}},
				Axis:    compare.Axis{Name: "bytes of a frame", Points: []int{smallest, 512, 1500}},
				Note:    "UDP of 1,000 connections, as fast as one core makes it; a frame's size includes its checksum.",
			},
			protocol: lvs.UDP, ceilings: true, run: measureRate,
		},
		{
			Measurement: compare.Measurement{
				Name: "lossless", Title: "Highest rate without loss, 64-byte frames", Methods: every,
				Figures: []compare.Figure{{Unit: mpps, Better: compare.More}},
				Note:    "At most one packet in a thousand is lost: a shared machine loses some at any rate.",
			},
			protocol: lvs.UDP, ceilings: true, run: measureLossless,
		},
		{
			Measurement: compare.Measurement{
				Name: "packet-cost", Title: "Processor time of a packet, 64-byte frames at half the full load", Methods: every,
				Figures: []compare.Figure{{Unit: "ns", Better: compare.Less}}, Note: wholeCost,
			},
			protocol: lvs.UDP, ceilings: true, run: measurePacketCost,
		},
		{
			Measurement: compare.Measurement{
				Name: "handshakes", Title: "TCP handshakes, from SYN to established", Methods: []string{"nat", "fullnat"},
				Figures: []compare.Figure{
					{Unit: "thousand/s", Better: compare.More},
					{Name: "cost", Title: "processor time of one", Unit: "µs", Better: compare.Less},
				},
				Note: handshakeNote + " " + wholeCost,
			},
			protocol: lvs.TCP, crowd: func(int) crowd { return crowd{destinations: several} }, run: measureHandshakes,
		},
	}
}

// talkTrials returns those of programs that talk.
func talkTrials() []trial {
	spoken := []string{"nat", "dr", "fullnat"}
	return []trial{
		{
			Measurement: compare.Measurement{
				Name: "bulk", Title: "One TCP stream", Methods: spoken,
				Figures: []compare.Figure{{Unit: "Gbit/s", Better: compare.More}},
				Note:    "iperf3, all offloads as the kernel sets them.",
			},
			protocol: lvs.TCP, talk: true, run: measureStream,
		},
		{
			Measurement: compare.Measurement{
				Name: "latency", Title: "Request and answer of 64 bytes, one each millisecond", Methods: spoken,
				Figures: []compare.Figure{
					{Name: "p50", Title: "median", Unit: "µs", Better: compare.Less},
					{Name: "p99", Title: "99th percentile", Unit: "µs", Better: compare.Less},
					{Name: "p999", Title: "99.9th percentile", Unit: "µs", Better: compare.Less},
				},
			},
			protocol: lvs.TCP, talk: true, run: measureRequests,
		},
		{
			Measurement: compare.Measurement{
				Name: "connections", Title: "Short TCP connections, a request and an answer each", Methods: spoken,
				Figures: []compare.Figure{
					{Unit: "1/s", Better: compare.More},
					{Name: "cost", Title: "processor time of one", Unit: "µs", Better: compare.Less},
				},
				Note: wholeCost + " Client and real server are programs on the same processors, and more of a load than a director.",
			},
			protocol: lvs.TCP, talk: true, run: measureConnections,
		},
	}
}

// growing returns the trials along an axis of many: connections, services,
// destinations.
func growing(few func(...int) []int) []trial {
	const handshakes = "Handshakes a second, "
	nat := []string{"nat"}
	perSecond := []compare.Figure{{Unit: "thousand/s", Better: compare.More}}
	return []trial{
		{
			Measurement: compare.Measurement{
				Name: "memory", Title: "Memory by connections", Methods: nat,
				Figures: []compare.Figure{{Unit: "MB", Better: compare.Less}},
				Axis:    compare.Axis{Name: "connections", Points: few(0, 100_000, 1_000_000)},
				Note:    "What the processes have resident, and what the kernel's own objects (Slab) have grown by since before the start.",
			},
			protocol: lvs.UDP, crowd: roomFor, run: measureMemory,
		},
		{
			Measurement: compare.Measurement{
				Name: "rate-by-connections", Title: "Packets forwarded at full load, 64-byte frames, each of the next connection", Methods: nat,
				Figures: []compare.Figure{{Unit: mpps, Better: compare.More}},
				Axis:    compare.Axis{Name: "connections", Points: few(1000, 10_000, 100_000, 1_000_000), Log: true},
			},
			protocol: lvs.UDP, crowd: roomFor, run: measureCrowdedRate,
		},
		{
			Measurement: compare.Measurement{
				Name: "handshakes-by-services", Title: handshakes + "one service of many", Methods: nat, Figures: perSecond,
				Axis: compare.Axis{Name: "services", Points: few(1, 10, 100, 1000, 10_000), Log: true}, Note: handshakeNote,
			},
			protocol: lvs.TCP, crowd: func(n int) crowd { return crowd{services: n} }, run: measureHandshakeRate,
		},
		{
			Measurement: compare.Measurement{
				Name: "handshakes-by-destinations", Title: handshakes + "destinations in turn", Methods: nat, Figures: perSecond,
				Axis: compare.Axis{Name: "destinations", Points: few(2, 10, 100, 1000), Log: true}, Note: handshakeNote,
			},
			protocol: lvs.TCP, crowd: func(n int) crowd { return crowd{destinations: n} }, run: measureHandshakeRate,
		},
	}
}

// roomFor is a crowd with room for twice n connections: a table that is nearly full
// is another measurement.
func roomFor(n int) crowd { return crowd{connections: 2 * n} }

// squarePatience is how much longer than measured a square may take: to build a
// network, to start, to fill a table, to try rates.
const squarePatience = time.Minute
