package defence

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestModes(t *testing.T) {
	const threshold = 1024
	tests := map[string]struct {
		set, want Mode
		free      int
		active    bool
	}{
		"off, memory low":                {Off, Off, 0, false},
		"automatic, enough memory":       {Auto, Auto, 5000, false},
		"automatic, just enough":         {Auto, Auto, threshold, false},
		"automatic, memory low":          {Auto, AutoActive, threshold - 1, true},
		"set to active, enough memory":   {AutoActive, Auto, 5000, false},
		"set to active, memory low":      {AutoActive, AutoActive, 10, true},
		"always, enough memory":          {Always, Always, 5000, true},
		"always, memory low":             {Always, Always, 0, true},
		"automatic, more free than ever": {Auto, Auto, 1 << 40, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var d Defence
			d.Evaluate(Settings{tt.set, tt.set, tt.set, threshold, 10}, tt.free)
			entry, packet, secure := d.Modes()
			if entry != tt.want || packet != tt.want || secure != tt.want {
				t.Errorf("Modes() = %d, %d, %d, want %d", entry, packet, secure, tt.want)
			}
			if d.DropEntries() != tt.active || d.SecureTCP() != tt.active {
				t.Errorf("DropEntries() = %t, SecureTCP() = %t, want %t", d.DropEntries(), d.SecureTCP(), tt.active)
			}
		})
	}
}

func TestAutomaticDefenceComesAndGoes(t *testing.T) {
	var d Defence
	s := Settings{SecureTCP: Auto, Threshold: 100}
	for i, free := range []int{500, 99, 50, 100, 0} {
		d.Evaluate(s, free)
		if want := free < 100; d.SecureTCP() != want {
			t.Errorf("step %d: SecureTCP() = %t with %d free, want %t", i, d.SecureTCP(), free, want)
		}
	}
}

func TestDropPacket(t *testing.T) {
	tests := map[string]struct {
		mode       Mode
		free, rate int // rate: am_droprate
		want       int // dropped of 100
	}{
		"off":                       {Off, 0, 10, 0},
		"always, one in ten":        {Always, 5000, 10, 10},
		"always, each":              {Always, 5000, 1, 100},
		"always, rate of 0":         {Always, 5000, 0, 0},
		"automatic, enough memory":  {Auto, 5000, 10, 0},
		"automatic, three quarters": {Auto, 768, 10, 25}, // 1024/(1024-768)
		"automatic, half":           {Auto, 512, 10, 50},
		"automatic, nothing left":   {Auto, 0, 10, 100},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var d Defence
			d.Evaluate(Settings{DropPacket: tt.mode, Threshold: 1024, DropRate: tt.rate}, tt.free)
			dropped := 0
			for range 100 {
				if d.DropPacket() {
					dropped++
				}
			}
			if dropped != tt.want {
				t.Errorf("dropped %d of 100, want %d", dropped, tt.want)
			}
		})
	}
}

// TestWorkersShareTheRate has workers draw while the settings are evaluated: of
// all their packets the share is about right.
func TestWorkersShareTheRate(t *testing.T) {
	const workers, each = 4, 10_000
	var d Defence
	s := Settings{DropPacket: Always, DropRate: 10}
	d.Evaluate(s, 0)
	var dropped atomic.Int32
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range each {
				if i%1000 == 0 && i > 0 {
					_, _, _ = d.Modes()
				}
				if d.DropPacket() {
					dropped.Add(1)
				}
			}
		})
	}
	for range 100 {
		d.Evaluate(s, 0)
	}
	wg.Wait()
	if n := dropped.Load(); n < workers*each/12 || n > workers*each/8 {
		t.Errorf("dropped %d of %d, want about a tenth", n, workers*each)
	}
}
