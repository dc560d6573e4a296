package announce

import (
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
)

// Where a frame has what the filter looks at. The kernel has taken the outer tag
// out already.
const (
	typeAt       = 12
	nextHeaderAt = header.EthernetSize + 6
	hopLimitAt   = header.EthernetSize + 7
	icmpTypeAt   = header.EthernetSize + header.IPv6Size
)

// attachFilter has the socket receive ARP and neighbour discovery alone. Which
// VIPs there are the filter need not know: what remains is little.
func attachFilter(fd int) error {
	program := filter()
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// filter returns the program. A load past the frame's end drops the frame.
func filter() []unix.SockFilter {
	const loadHalf, loadByte = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
	const ifEqual, ret = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	return []unix.SockFilter{
		{Code: loadHalf, K: typeAt},
		{Code: ifEqual, K: uint32(header.TypeARP), Jt: 9},
		{Code: ifEqual, K: uint32(header.TypeIPv6), Jf: 7},
		{Code: loadByte, K: nextHeaderAt},
		{Code: ifEqual, K: uint32(header.ProtoICMPv6), Jf: 5},
		{Code: loadByte, K: hopLimitAt},
		{Code: ifEqual, K: hopLimit, Jf: 3},
		{Code: loadByte, K: icmpTypeAt},
		{Code: ifEqual, K: uint32(header.ICMPv6NeighborSolicitation), Jt: 2},
		{Code: ifEqual, K: uint32(header.ICMPv6NeighborAdvertisement), Jt: 1},
		{Code: ret, K: 0},
		{Code: ret, K: maxFrame},
	}
}
