package dataplane

import (
	"testing"
	"time"

	"xlvs/dataplane/neigh"
	"xlvs/lvs"
)

// What waits for a next hop that never comes to anything is given back while
// all that it belongs to is still there.
func TestPacketsDoNotWaitForEver(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	d.setState(real4, neigh.Pending)
	d.push(t, syn4(1))
	d.now += maxWait - time.Second
	if _, v := d.push(t); len(v) != 0 {
		t.Errorf("verdicts = %v before the time is over", v)
	}
	d.now += time.Second
	d.workers[0].handle(nil)
	if n := d.Verdicts()[NoNeighbor]; n != 1 || len(d.queue.sent) != 1 || len(d.workers[0].held) != 0 {
		t.Errorf("%d without neighbour, sent %d frames, %d held", n, len(d.queue.sent), len(d.workers[0].held))
	}
}
