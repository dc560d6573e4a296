package xsk

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// metadataSize is the room that the kernel reads before a frame that wants its
// checksum finished: struct xsk_tx_metadata up to launch_time (Linux 6.8).
const metadataSize = 16

// A umem is the memory that all frames of a group lie in. Its addresses are
// offsets, as in descriptors.
type umem struct {
	mem      []byte
	frame    int // bytes in a frame
	metadata int // bytes that the kernel may read before a frame to send, 0 before Linux 6.8
}

func newUMEM(frames, frame int) (umem, error) {
	mem, err := unix.Mmap(-1, 0, frames*frame, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	if err != nil {
		return umem{}, fmt.Errorf("map %d frames of %d bytes: %w", frames, frame, err)
	}
	return umem{mem: mem, frame: frame, metadata: metadataSize}, nil
}

// chunk returns the whole frame that begins at base.
func (u *umem) chunk(base uint64) []byte {
	return u.mem[base : base+uint64(u.frame) : base+uint64(u.frame)]
}

// register gives the memory to the socket fd, with TX metadata if the kernel
// has it.
func (u *umem) register(fd int) error {
	reg := unix.XDPUmemReg{Addr: addressOf(u.mem), Len: uint64(len(u.mem)), Size: uint32(u.frame)}
	if u.metadata > 0 {
		reg.Flags, reg.Tx_metadata_len = unix.XDP_UMEM_TX_METADATA_LEN, metadataSize
		err := setOption(fd, unix.XDP_UMEM_REG, &reg)
		if !errors.Is(err, unix.EINVAL) {
			return failed("register umem", err)
		}
		reg.Flags, reg.Tx_metadata_len, u.metadata = 0, 0, 0
	}
	return failed("register umem", setOption(fd, unix.XDP_UMEM_REG, &reg))
}

func (u *umem) unmap() error {
	if err := unix.Munmap(u.mem); err != nil {
		return fmt.Errorf("unmap frames: %w", err)
	}
	u.mem = nil
	return nil
}
