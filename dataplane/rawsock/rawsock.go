// Package rawsock receives and sends frames through AF_PACKET sockets.
//
// A Group is one worker's pool of frames and one socket for each port that the
// worker serves. Recv and Send move a batch with one system call, and the kernel
// copies: a frame is ours from Recv to Send, and free again when Send returns.
// In front of each frame goes a virtio_net_hdr (PACKET_VNET_HDR), which says how
// to cut a frame of up to 64 KiB and which checksum is unfinished, so that a
// local sender's TCP passes whole and nobody has to turn offloads off. That is
// worth more than a ring on interfaces in memory (veth, tap, macvlan).
//
// Frames leave through the queueing discipline and not around it
// (PACKET_QDISC_BYPASS), because what lies there cuts frames and finishes
// checksums for a device that cannot.
//
// A Group and its sockets belong to one goroutine; only Wake and Stats may be
// called from others. What a frame contains, and which frames arrive here at all
// (a socket filter says so), is not decided here. The kernel's own stack has
// each frame too, unless somebody drops it behind the tap.
package rawsock
