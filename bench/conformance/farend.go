package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"xlvs/bench/lab"
)

// A FarEnd is a real server's kernel with a device for every kind of tunnel: it takes
// out of frames what is in them, and returns that, packet by packet. It may be called
// by several goroutines at once.
type FarEnd func(ctx context.Context, d Delivery) (packets [][]byte, err error)

// A Delivery is what the director sent to the first real server.
type Delivery struct {
	Frames [][]byte `json:"frames"`
	// Summed says that GRE has a checksum. The kernel's devices drop what has one
	// unless they were told so, and then what has none.
	Summed bool `json:"summed"`
}

// FarEndHere returns the far end that this machine's kernel is.
func FarEndHere() FarEnd { return unwrap }

// FarEndName is how a guest knows FarEndJob.
const FarEndName = "conformance-far-end"

// FarEndJob has a guest be the far end. Its outputs are the packets.
func FarEndJob(ctx context.Context, input json.RawMessage, emit func(v any) error) error {
	var d Delivery
	if err := json.Unmarshal(input, &d); err != nil {
		return fmt.Errorf("read the frames: %w", err)
	}
	spareDevices()
	packets, err := unwrap(ctx, d)
	for _, p := range packets {
		err = errors.Join(err, emit(p))
	}
	return err
}

// FarEndElsewhere returns the far end where do has jobs done.
func FarEndElsewhere(do func(ctx context.Context, job string, input any, each func(output json.RawMessage) error) error) FarEnd {
	return func(ctx context.Context, d Delivery) (packets [][]byte, err error) {
		err = do(ctx, FarEndName, d, func(output json.RawMessage) error {
			var p []byte
			err := json.Unmarshal(output, &p)
			packets = append(packets, p)
			return err
		})
		return packets, err
	}
}

// spareDevices has new namespaces come without a device for every kind of tunnel,
// which takes time and gets in the way of others. An old kernel has them always.
func spareDevices() {
	_ = os.WriteFile("/proc/sys/net/core/fb_tunnels_only_for_init_net", []byte("2"), 0)
}

// tunnels are the devices of the far end, for ip -batch. They show packets without
// a header of their own because they have two ends.
const tunnels = `link add ip4 type ipip local 192.0.2.11 remote 192.0.2.1
link add sit type sit local 192.0.2.11 remote 192.0.2.1 mode ip6ip
link add ip6 type ip6tnl local 2001:db8:2::11 remote 2001:db8:2::1 mode any
link add gre4 type gre local 192.0.2.11 remote 192.0.2.1 SUMS
link add gre6 type ip6gre local 2001:db8:2::11 remote 2001:db8:2::1 SUMS
fou add port 6080 gue
fou add port 6080 gue -6
link set ip4 up
link set sit up
link set ip6 up
link set gre4 up
link set gre6 up
`

// unwrap sends the frames of d to a host with tunnels.
func unwrap(ctx context.Context, d Delivery) (packets [][]byte, err error) {
	l, err := lab.New()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	real, err := l.Host("real")
	if err != nil {
		return nil, err
	}
	director, err := l.Host("director")
	if err != nil {
		return nil, err
	}
	if err := wire(real, director, l); err != nil {
		return nil, err
	}
	sums := ""
	if d.Summed {
		sums = "icsum"
	}
	commands := strings.ReplaceAll(tunnels, "SUMS", sums)
	out, err := program{host: real, words: []string{"ip", "-batch", "-"}}.run(ctx, commands)
	if err == nil && out != "" {
		err = errors.New(out)
	}
	if err != nil {
		return nil, fmt.Errorf("make tunnels: %w", err)
	}
	return deliver(director, real, d.Frames)
}

// wire connects the far end to where its frames come from.
func wire(real, director *lab.Host, l *lab.Lab) error {
	if err := l.Wire(real, devices[Real], director, devices[Real], lab.WireOptions{}); err != nil {
		return err
	}
	return errors.Join(
		real.SetMAC(devices[Real], realMAC(firstReal)),
		real.AddAddr(devices[Real], families[0].real(0)+"/24", families[1].real(0)+"/64"))
}

// deliver sends frames and returns the packets that come out of tunnels.
func deliver(director, real *lab.Host, frames [][]byte) (packets [][]byte, err error) {
	link, err := real.Link(devices[Real])
	if err != nil {
		return nil, err
	}
	in, out := port{fd: -1}, port{fd: -1, except: link.Index}
	defer in.close()
	defer out.close()
	err = errors.Join(
		director.Do(func() error { return in.open(devices[Real]) }),
		real.Do(func() error { return out.open("") }))
	for i := 0; i < len(frames) && err == nil; i++ {
		err = in.send(frames[i], false)
	}
	if err != nil {
		return nil, err
	}
	// What the kernel does with a frame it has done when that is sent, but for what it
	// leaves to another thread when there is much to do.
	const patience = 50 * time.Millisecond
	for quiet := false; !quiet; {
		time.Sleep(patience)
		quiet = true
		for {
			p, err := out.receive()
			if err != nil {
				return nil, err
			}
			if p == nil {
				break
			}
			packets, quiet = append(packets, p), false
		}
	}
	return packets, nil
}
