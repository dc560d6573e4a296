package scenario

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A director whose interfaces are deleted and made again, over and over, holds
// no more of anything than before, and says of each change what it is, and not
// much more.
func TestReplacedInterfacesLeakNothing(t *testing.T) {
	const cycles = 20
	for _, mode := range wireModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := raiseSteady(t)
			d, accepted := directAll(t, s, mode)
			streams := openStreams(t, s, accepted)
			replace := func(dev string, rewire func(*testing.T, *site)) {
				deleteLink(dev)(t, s)
				rewire(t, s)
				awaitService(t, s)
				checkStreams(t, s, streams)
			}
			replace("eth0", rewireClient) // the first time, something may be allocated for good
			replace("eth1", replug)
			before, logged := d.holdings(), d.log.len()
			for range cycles / 2 {
				replace("eth0", rewireClient)
				replace("eth1", replug)
			}
			d.checkHoldings(before)
			d.checkReport(logged, cycles)
		})
	}
}

// Holdings are what a process has of the kernel.
type holdings struct {
	files    int
	threads  int
	mappings int // of memory
	resident int // KiB, shared memory included
}

// holdings returns what the director holds.
func (d *director) holdings() (h holdings) {
	d.t.Helper()
	dir := fmt.Sprintf("/proc/%d/", d.process.PID())
	files, err := os.ReadDir(dir + "fd")
	must(d.t, err)
	maps, err := os.ReadFile(dir + "maps")
	must(d.t, err)
	status, err := os.ReadFile(dir + "status")
	must(d.t, err)
	h.files, h.mappings = len(files), bytes.Count(maps, []byte("\n"))
	for line := range strings.Lines(string(status)) {
		f := strings.Fields(line)
		switch f[0] {
		case "Threads:":
			h.threads, err = strconv.Atoi(f[1])
		case "VmRSS:":
			h.resident, err = strconv.Atoi(f[1])
		}
		must(d.t, err)
	}
	return h
}

// checkHoldings checks that the director comes to hold no more than before. Its
// heap may have grown a little, and threads may have been made for system calls
// that took long.
func (d *director) checkHoldings(before holdings) {
	d.t.Helper()
	const growth = 24 << 10 // KiB
	var now holdings
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		now = d.holdings()
		if now.files <= before.files && now.threads <= before.threads+5 &&
			now.mappings <= before.mappings+20 && now.resident <= before.resident+growth {
			d.t.Logf("before %+v, afterwards %+v", before, now)
			return
		}
	}
	d.t.Errorf("the director holds %+v, and held %+v before", now, before)
}

// checkReport checks what the director has logged since its log had from bytes,
// while n interfaces were deleted and made again.
func (d *director) checkReport(from, n int) {
	d.t.Helper()
	log := string(d.log.since(from))
	for _, dev := range []string{"eth0", "eth1"} {
		if !strings.Contains(log, dev) {
			d.t.Errorf("the log says nothing about %s:\n%s", dev, log)
		}
	}
	if lines := strings.Count(log, "\n"); lines > 10*n {
		d.t.Errorf("the log has %d lines about %d changes:\n%s", lines, n, d.log.tail(4000))
	}
}

// An interface that has no part in it comes and goes, and no connection notices;
// not even if its socket has brought the frame memory of all.
func TestOtherInterfaceIsReplaced(t *testing.T) {
	for _, mode := range wireModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := raiseSteady(t)
			addOther(t, s)
			d, _ := directAll(t, s, mode, "eth2", "eth0", "eth1")
			sessions := openSessions(t, s)
			for range 5 {
				logged := d.log.len()
				deleteLink("eth2")(t, s)
				eventually(t, "the director says that eth2 is gone", d.says(logged, "eth2 is gone"))
				addOther(t, s)
				eventually(t, "the director says that eth2 is back", d.says(logged, "eth2 is there again"))
			}
			for _, session := range sessions {
				session.checkAlive(t)
			}
		})
	}
}

// addOther wires the director's eth2 to the client.
func addOther(t *testing.T, s *site) {
	t.Helper()
	ip(t, s.Director, "link", "add", "eth2", "type", "veth", "peer", "name", "eth2", "netns", s.Client.Name())
	ip(t, s.Client, "link", "set", "eth2", "up")
	ip(t, s.Director, "link", "set", "eth2", "up")
}

// says returns whether the director has logged text, after the first from bytes
// of its log.
func (d *director) says(from int, text string) func() bool {
	return func() bool { return bytes.Contains(d.log.since(from), []byte(text)) }
}

// The carrier comes and goes ten times a second, on either side of the director
// in turn. Each time that it stays, the service is there again.
func TestCarrierFlaps(t *testing.T) {
	flapping := 20 * time.Second
	if os.Getenv("XLVS_LONG") == "1" {
		flapping = time.Minute
	}
	for _, mode := range wireModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := raiseSteady(t)
			d, accepted := directAll(t, s, mode)
			streams := openStreams(t, s, accepted)
			before, logged := d.holdings(), d.log.len()
			ends := []linkEnd{theClient, theSwitch, clientSide, realSide}
			stop := pester(t, s)
			for i, end := 0, time.Now().Add(flapping); time.Now().Before(end); i++ {
				flap(t, s, ends[i%len(ends)])
				awaitService(t, s)
			}
			stop()
			checkServed(t, s, streams)
			d.checkHoldings(before)
			if lines := bytes.Count(d.log.since(logged), []byte("\n")); lines > 100 {
				t.Errorf("the log has %d lines", lines)
			}
		})
	}
}

// flap takes a link down and up for a second.
func flap(t *testing.T, s *site, end linkEnd) {
	t.Helper()
	for range 10 {
		setLink(end, "down")(t, s)
		time.Sleep(50 * time.Millisecond)
		setLink(end, "up")(t, s)
		time.Sleep(50 * time.Millisecond)
	}
}

// pester has the client ask, answered or not, until stop is called.
func pester(t *testing.T, s *site) (stop func()) {
	t.Helper()
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			default:
				_, _ = tryCurl(t.Context(), s.Client, "--max-time", "0.2", url(s.Public, 80))
			}
		}
	}()
	stopped := false
	stop = func() {
		if !stopped {
			close(quit)
			<-done
		}
		stopped = true
	}
	t.Cleanup(stop)
	return stop
}
