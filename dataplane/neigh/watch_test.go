package neigh

import (
	"testing"
	"time"
)

// Waiting is not work, however long it takes.
func TestBusy(t *testing.T) {
	start := time.Now()
	worked := busy(func() { time.Sleep(20 * time.Millisecond) })
	if waited := time.Since(start); worked < 0 || worked > waited/2 {
		t.Errorf("of %v asleep a processor was busy for %v", waited, worked)
	}
}
