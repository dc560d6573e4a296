package replay

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Errors that Read wraps.
var (
	ErrLinkType = errors.New("not a capture of Ethernet frames")
	ErrCut      = errors.New("frame was captured in part only")
)

// maxFrame bounds the frames of a capture: tcpdump's own limit.
const maxFrame = 262144

// A Frame is one frame on its way into a port, or out of it.
type Frame struct {
	Time time.Time
	Port uint16
	Data []byte
}

// Frames returns frames from memory, one microsecond apart, for a port.
func Frames(port uint16, data ...[]byte) []Frame {
	list := make([]Frame, len(data))
	for i, b := range data {
		list[i] = Frame{time.UnixMicro(int64(i)).UTC(), port, b}
	}
	return list
}

// Read returns the frames of a whole pcap file, which may be compressed with
// gzip, for a port.
func Read(r io.Reader, port uint16) ([]Frame, error) {
	pr, err := pcapgo.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("read pcap header: %w", err)
	}
	if pr.LinkType() != layers.LinkTypeEthernet {
		return nil, fmt.Errorf("read pcap header: %w: link type %v", ErrLinkType, pr.LinkType())
	}
	pr.SetSnaplen(maxFrame) // the file's own may be anything, and memory is allocated by it
	var list []Frame
	for {
		data, info, err := pr.ReadPacketData()
		switch {
		case err == io.EOF && info.CaptureLength == 0:
			return list, nil
		case err == io.EOF: // between a frame's header and its first byte
			err = io.ErrUnexpectedEOF
		case err == nil && info.CaptureLength < info.Length:
			err = fmt.Errorf("%w: %d bytes of %d", ErrCut, info.CaptureLength, info.Length)
		}
		if err != nil {
			return nil, fmt.Errorf("read frame %d of pcap: %w", len(list), err)
		}
		list = append(list, Frame{info.Timestamp, port, data})
	}
}

// Merge returns the frames of all lists in the order of their times. Frames of
// the same time stay in the order of the lists.
func Merge(lists ...[]Frame) []Frame {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b Frame) int { return a.Time.Compare(b.Time) })
	return all
}

// Write writes those of frames that are of the port to w, as a pcap file with
// times in nanoseconds. A zero time is written as the present.
func Write(w io.Writer, frames []Frame, port uint16) error {
	pw := pcapgo.NewWriterNanos(w)
	if err := pw.WriteFileHeader(maxFrame, layers.LinkTypeEthernet); err != nil {
		return fmt.Errorf("write pcap header: %w", err)
	}
	for i, f := range frames {
		if f.Port != port {
			continue
		}
		info := gopacket.CaptureInfo{Timestamp: f.Time, CaptureLength: len(f.Data), Length: len(f.Data)}
		if err := pw.WritePacket(info, f.Data); err != nil {
			return fmt.Errorf("write frame %d to pcap: %w", i, err)
		}
	}
	return nil
}
