package dataplane

import (
	"time"

	"xlvs/dataplane/packet"
)

// noQueues are the queues of a worker for whom the ports have none left.
type noQueues struct{}

func (noQueues) Recv([]packet.Packet) (int, error)        { return 0, nil }
func (noQueues) Send([]*packet.Packet)                    {}
func (noQueues) Release([]*packet.Packet)                 {}
func (noQueues) NewFrame(_, _ *packet.Packet, _ int) bool { return false }
func (noQueues) Wait(d time.Duration) error               { time.Sleep(d / 10); return nil }
func (noQueues) Wake()                                    {}
func (noQueues) Close() error                             { return nil }
