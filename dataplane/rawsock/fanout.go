package rawsock

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// A Fanout spreads the frames of one port over the sockets of several workers.
// The zero value is no fanout: the socket receives every frame.
type Fanout struct {
	ID      uint16 // the same for all sockets of a port, and no other port's; see FanoutID
	Members int    // how many workers there are; up to 1 means no fanout
}

// maxMembers is how many a group has room for unless its first member asks for
// more.
const maxMembers = 256

// FanoutID returns a number for the fanout group of an interface. Interfaces of
// one process have different numbers, and those of two processes most likely:
// whoever uses another's number takes a share of its frames.
func FanoutID(ifindex int) uint16 {
	const spread = 0x9e37 // odd, so that neighbouring processes are far apart
	return uint16(os.Getpid()*spread + ifindex)
}

func (f Fanout) check() error {
	if f.Members < 0 || f.Members > maxMembers {
		return fmt.Errorf("fanout over %d sockets: must be at most %d", f.Members, maxMembers)
	}
	return nil
}

// join makes the bound socket fd a member. The flow's hash chooses the socket,
// the same for both directions: choosing by CPU follows a local sender from
// core to core, and rolling over to another socket when one is full takes a flow
// along, and either puts its frames out of order. A group has a tap of its own,
// so that it must be told once more to ignore outgoing frames.
func (f Fanout) join(fd int) error {
	if f.Members <= 1 {
		return nil
	}
	const how = unix.PACKET_FANOUT_HASH | unix.PACKET_FANOUT_FLAG_IGNORE_OUTGOING
	err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT, int(f.ID)|how<<16)
	return failed("join fanout", err)
}
