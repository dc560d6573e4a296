package dataplane

import (
	"fmt"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
)

// What is said in the frames that are drawn.
var drawnTexts = []string{
	"", "data", "PASV\r\n", "EPSV\r\n", "PORT 198,51,100,7,10,1\r\n", "EPRT |2|2001:db8:c::7|2561|\r\n",
	"227 ok (203,0,113,11,11,184)\r\n", "229 ok (|||3000|)\r\n", sipText("one"), sipText("two"), sipText(""),
}

// drawFrame draws a frame between a client and a service, or a real server and a
// client, or an error about one.
func drawFrame(r *rapid.T) []byte {
	f := rapid.SampledFrom([]family{ipv4, ipv6}).Draw(r, "family")
	client := rapid.SampledFrom([]string{f.client, f.another()}).Draw(r, "client")
	server := rapid.SampledFrom([]string{f.vip, f.vip, f.real, f.sibling()}).Draw(r, "server")
	src := fmt.Sprint(client, ":", rapid.SampledFrom([]int{4242, 4243, 500, 20, 2561}).Draw(r, "client's port"))
	dst := fmt.Sprint(server, ":", rapid.SampledFrom([]int{80, 80, 21, 20, 500, 5060, 3000}).Draw(r, "server's port"))
	if (server == f.vip) == (rapid.IntRange(0, 3).Draw(r, "way") == 0) {
		src, dst = dst, src
	}
	if rapid.IntRange(0, 9).Draw(r, "client is a real server") == 0 {
		src, dst = f.real+":4242", f.vip+":80"
	}
	if rapid.IntRange(0, 7).Draw(r, "kind") != 0 {
		return drawPacket(r, f, src, dst)
	}
	typ := map[bool]uint8{true: 3, false: 1}[f == ipv4]
	return packettest.ICMPError(f.bareOf(client), typ, 1, 0, drawPacket(r, f, dst, src))
}

// drawSession draws an FTP session with whichever real server it meets: both say
// what it would. A call of that real server follows.
func drawSession(r *rapid.T) (frames [][]byte) {
	f := rapid.SampledFrom([]family{ipv4, ipv6}).Draw(r, "family")
	client := fmt.Sprint(f.client, ":", rapid.SampledFrom([]int{4242, 4243}).Draw(r, "client's port"))
	seq := rapid.Uint32Range(0xfffffff0, 0xffffffff).Draw(r, "seq")
	say := func(flags header.TCPFlags, text string) {
		frames = append(frames, numbered(packettest.TCP(client, f.vip+":21", flags, text), seq, seq))
	}
	hear := func(flags header.TCPFlags, text string) {
		for _, real := range []string{f.real, f.sibling()} {
			frames = append(frames, numbered(packettest.TCP(real+":21", client, flags, text), seq, seq))
		}
		seq += uint32(len(text))
	}
	say(header.FlagSYN, "")
	hear(header.FlagSYN|header.FlagACK, "")
	say(header.FlagACK, "")
	for range rapid.IntRange(1, 4).Draw(r, "commands") {
		say(header.FlagACK, rapid.SampledFrom(drawnTexts).Draw(r, "command"))
		hear(header.FlagACK, rapid.SampledFrom(drawnTexts).Draw(r, "answer"))
		frames = append(frames, packettest.TCP(f.client+":5001", f.vip+":3000", header.FlagSYN, ""))
	}
	return append(frames, packettest.UDP(f.real+":5060", client, sipText("out")), packettest.UDP(client, f.vip+":5060", sipText("out")))
}

// sibling returns the second real server of a family, as packettest wants it.
func (f family) sibling() string {
	return map[bool]string{true: second4, false: "[" + second6 + "]"}[f == ipv4]
}

func drawPacket(r *rapid.T, f family, src, dst string) []byte {
	text := rapid.SampledFrom(drawnTexts).Draw(r, "text")
	switch rapid.SampledFrom([]uint8{header.ProtoTCP, header.ProtoTCP, header.ProtoUDP, header.ProtoSCTP, header.ProtoESP}).Draw(r, "protocol") {
	case header.ProtoTCP:
		frame := packettest.TCP(src, dst, header.TCPFlags(rapid.SampledFrom([]int{2, 2, 18, 16, 16, 17, 4, 0}).Draw(r, "flags")), text)
		return numbered(frame, rapid.Uint32Range(0xfffffff0, 0xffffffff).Draw(r, "seq"), rapid.Uint32().Draw(r, "ack"))
	case header.ProtoUDP:
		return packettest.UDP(src, dst, text)
	case header.ProtoSCTP:
		return packettest.SCTP(src, dst, packettest.Chunk(header.ChunkType(rapid.IntRange(0, 15).Draw(r, "chunk")), text))
	}
	tu := tupleOf(packettest.UDP(src, dst, ""))
	return packettest.ESP(tu.Src.String(), tu.Dst.String(), 1, text)
}
