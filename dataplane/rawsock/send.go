package rawsock

import "xlvs/dataplane/packet"

// Send transmits ps on this port and returns how many the kernel took. The
// packets may have come in on any port of the group. All of ps are given away:
// what the kernel does not take is dropped, and counted by its reason.
func (s *Socket) Send(ps []*packet.Packet) (n int) {
	n = s.Transmit(ps)
	s.g.Release(ps)
	return n
}

// Transmit is Send for packets of another kind of queue: it neither takes nor
// changes them, and they are the caller's to release.
func (s *Socket) Transmit(ps []*packet.Packet) (n int) {
	if s.g.closed.Load() {
		return 0
	}
	for len(ps) > 0 {
		queued, used := s.queueUp(ps)
		ps = ps[used:]
		sent, err := s.transmit(queued)
		n += sent
		if err != nil {
			s.n.dropped.count(err, len(ps))
			break
		}
	}
	s.n.tx.Add(uint64(n))
	return n
}

// queueUp makes messages of packets from the front of ps until one of the two
// ends. Of the used, those not queued are nothing that can be sent.
func (s *Socket) queueUp(ps []*packet.Packet) (queued, used int) {
	out := s.g.out
	for ; used < len(ps) && queued < batchSize; used++ {
		p := ps[used]
		vnet, ok := describe(p)
		if !ok {
			s.n.invalid.Add(1)
			continue
		}
		out.envelopes[queued].vnet = vnet
		out.setFrame(queued, p.Bytes())
		queued++
	}
	return queued, used
}

// transmit sends the messages before end. A frame that the kernel refuses does
// not hold up those behind it; an error is returned if they would all fail.
func (s *Socket) transmit(end int) (sent int, err error) {
	for at := 0; at < end; {
		n, err := s.g.out.send(s.fd, at, end)
		sent += n
		at += n
		switch {
		case err == nil:
		case stops(err):
			s.n.dropped.count(err, end-at)
			return sent, err
		default:
			if !s.n.dropped.count(err, 1) {
				s.sendErr = failed("transmit", err)
			}
			at++
		}
	}
	return sent, nil
}

// Flush returns an error of Send or Transmit that nobody expects. Nothing is
// left to be sent: both hand all frames to the kernel at once.
func (s *Socket) Flush() error {
	if s.g.closed.Load() {
		return ErrClosed
	}
	err := s.sendErr
	s.sendErr = nil
	return err
}
