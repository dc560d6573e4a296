package capture

import (
	"context"
	"fmt"
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// A Limit ends a capture early. The zero Limit does not.
type Limit struct {
	Bytes  int64 // of the file, about
	Frames int
}

// Write writes what t takes to w as pcapng, until ctx ends or limit is reached.
// Each port that frames come from or leave by becomes an interface, as
// describe says. When nothing more is waiting, all that was written has reached w.
// Several calls for one Tap share its frames.
func (t *Tap) Write(ctx context.Context, w io.Writer, describe func(port uint16) Interface, limit Limit) error {
	f := &file{counter: counter{w: w}, tap: t, describe: describe, numbers: map[uint16]int{}}
	if err := f.begin(); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	if err := f.follow(ctx, limit); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}

// A file is a pcapng file that is being written.
type file struct {
	counter
	tap      *Tap
	describe func(port uint16) Interface
	writer   *pcapgo.NgWriter
	numbers  map[uint16]int // of interfaces in the file, by port
	frames   int
}

// A counter counts what passes to its writer.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// begin writes the head of the file. pcapgo wants an interface there; frames of
// no port belong to it.
func (f *file) begin() (err error) {
	first := Interface{Name: "director"}.ng()
	section := pcapgo.NgSectionInfo{Application: "xlvs"}
	f.writer, err = pcapgo.NewNgWriterInterface(&f.counter, first, pcapgo.NgWriterOptions{SectionInfo: section})
	if err != nil {
		return err
	}
	return f.writer.Flush()
}

// An Interface is what a file says of one.
type Interface struct {
	Name string
	Raw  bool // frames begin with the IP header
}

func (i Interface) ng() pcapgo.NgInterface {
	ng := pcapgo.DefaultNgInterface
	ng.Name, ng.OS, ng.LinkType, ng.SnapLength = i.Name, "", layers.LinkTypeEthernet, 0
	if i.Raw {
		ng.LinkType = layers.LinkTypeRaw
	}
	return ng
}

// follow writes frames as they come, and what was taken before ctx ended. Then
// others still come: they are nobody's, or a reader who is too slow for them would
// never see the end.
func (f *file) follow(ctx context.Context, limit Limit) error {
	for ctx.Err() == nil && !f.reached(limit) {
		select {
		case frame := <-f.tap.frames:
			if err := f.take(frame); err != nil {
				return err
			}
		case <-ctx.Done():
		}
	}
	for n := len(f.tap.frames); n > 0 && !f.reached(limit); n-- {
		select {
		case frame := <-f.tap.frames:
			if err := f.take(frame); err != nil {
				return err
			}
		default: // another call was faster
		}
	}
	return f.end()
}

// reached reports whether the file has all that it may have.
func (f *file) reached(limit Limit) bool {
	return limit.Bytes > 0 && f.n >= limit.Bytes || limit.Frames > 0 && f.frames >= limit.Frames
}

// take writes one frame, and makes sure that it has arrived if it is the last one
// for now.
func (f *file) take(frame *frame) error {
	err := f.write(frame)
	f.tap.pool.Put(frame)
	if err == nil && len(f.tap.frames) == 0 {
		err = f.writer.Flush()
	}
	return err
}

// end finishes the file with how many frames are missing in it.
func (f *file) end() error {
	err := f.writer.WriteInterfaceStats(0, pcapgo.NgInterfaceStatistics{
		PacketsReceived: uint64(f.frames), PacketsDropped: f.tap.Lost(),
	})
	if err != nil {
		return err
	}
	return f.writer.Flush()
}

func (f *file) write(frame *frame) error {
	number, err := f.number(frame.port)
	if err != nil {
		return err
	}
	flags := pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionInbound}
	if frame.point == Egress {
		flags.Direction = pcapgo.NgEpbFlagDirectionOutbound
	}
	f.frames++
	return f.writer.WritePacketWithOptions(gopacket.CaptureInfo{
		Timestamp: frame.at, CaptureLength: len(frame.data), Length: frame.length, InterfaceIndex: number,
	}, frame.data, pcapgo.NgPacketOptions{Comments: []string{frame.comment}, Flags: &flags})
}

// number returns the number of port's interface in the file, which is named when
// it is first needed.
func (f *file) number(port uint16) (int, error) {
	n, ok := f.numbers[port]
	if ok {
		return n, nil
	}
	i := f.describe(port)
	if i.Name == "" {
		return 0, nil
	}
	n, err := f.writer.AddInterface(i.ng())
	if err != nil {
		return 0, err
	}
	f.numbers[port] = n
	return n, nil
}
