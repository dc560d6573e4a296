package rawsock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file is where the package uses unsafe: what the system calls for many
// messages take is a tree of pointers, made once and used again and again.

// batchSize is how many messages one system call moves.
const batchSize = 64

// A message is a struct mmsghdr.
type message struct {
	head unix.Msghdr
	n    uint32 // bytes received or sent, written by the kernel
}

// An envelope is what a message points to: a vnetHeader and a frame, one after
// the other, and what the kernel tells about the frame.
type envelope struct {
	vnet  vnetHeader
	aux   auxiliary
	parts [2]unix.Iovec
}

// An auxiliary is the control message of PACKET_AUXDATA: struct tpacket_auxdata
// behind its header.
type auxiliary struct {
	head       unix.Cmsghdr
	status     uint32
	_, _       uint32 // lengths, which the message has too
	_, _       uint16 // offsets of headers
	tagControl uint16
	tagType    uint16
}

// A batch is room for batchSize messages to one system call.
type batch struct {
	messages  [batchSize]message
	envelopes [batchSize]envelope
}

// newBatch returns a batch whose messages have no frame yet.
func newBatch() *batch {
	b := new(batch)
	for i := range b.messages {
		e, head := &b.envelopes[i], &b.messages[i].head
		e.parts[0].Base = (*byte)(unsafe.Pointer(&e.vnet))
		e.parts[0].SetLen(vnetSize)
		head.Iov = &e.parts[0]
		head.SetIovlen(len(e.parts))
	}
	return b
}

// setFrame makes frame the bytes that message i reads or writes.
func (b *batch) setFrame(i int, frame []byte) {
	part := &b.envelopes[i].parts[1]
	part.Base = unsafe.SliceData(frame)
	part.SetLen(len(frame))
}

// receive fills up to n messages from the front, and never waits.
func (b *batch) receive(fd, n int) (int, error) {
	for i := range n {
		head := &b.messages[i].head
		head.Control = (*byte)(unsafe.Pointer(&b.envelopes[i].aux))
		head.SetControllen(int(unsafe.Sizeof(auxiliary{}))) // the kernel leaves what it used
	}
	return moveMessages(unix.SYS_RECVMMSG, fd, b.messages[:n])
}

// send transmits messages from up to to. It returns how many the kernel took; an
// error is about the first of them.
func (b *batch) send(fd, from, to int) (int, error) {
	return moveMessages(unix.SYS_SENDMMSG, fd, b.messages[from:to])
}

func moveMessages(call uintptr, fd int, ms []message) (int, error) {
	n, _, errno := unix.Syscall6(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(ms))), uintptr(len(ms)),
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// A tag is a VLAN tag (IEEE 802.1Q).
type tag struct{ protocol, control uint16 }

// tag returns the tag that the kernel took out of message i. It reports false if
// there was none.
func (b *batch) tag(i int) (t tag, ok bool) {
	aux := &b.envelopes[i].aux
	if b.messages[i].head.Controllen == 0 || aux.head.Level != unix.SOL_PACKET || aux.head.Type != unix.PACKET_AUXDATA ||
		aux.status&unix.TP_STATUS_VLAN_VALID == 0 {
		return t, false
	}
	if t = (tag{aux.tagType, aux.tagControl}); aux.status&unix.TP_STATUS_VLAN_TPID_VALID == 0 {
		t.protocol = unix.ETH_P_8021Q
	}
	return t, true
}
