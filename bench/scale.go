package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"xlvs/config"
	"xlvs/control"
	"xlvs/control/desired"
	"xlvs/lvs"
)

// scaleCommand measures how long a director with many services takes to be told
// and asked things, while a client asks a real server something each millisecond,
// and how long that client has to wait at worst. It reports on stdout.
func scaleCommand(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	services := flags.Int("services", 10_000, "how many services")
	reals := flags.Int("reals", 10, "how many real servers each")
	binary := flags.String("xlvs", "", "the xlvs `BINARY`; without one: built from this module")
	if err := parse(flags, args, stdout); err != nil {
		return err
	}
	if err := errors.Join(inRange("services", *services, 1, 1_000_000), inRange("reals", *reals, 1, 250)); err != nil {
		return err
	}
	steps, err := measureScale(ctx, *binary, *services, *reals)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%d services × %d real servers\ttook ms\trequests\tmedian µs\tlongest µs\t\n", *services, *reals)
	for _, s := range steps {
		fmt.Fprintf(w, "%s\t%.1f\t%d\t%.0f\t%.0f\t\n", s.name, float64(s.took)/float64(time.Millisecond), len(s.times), percentile(s.times, 50), percentile(s.times, 100))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "\n%s\n%s\n", describeMachine(), commandLine("scale", args))
	return err
}

// A scaleStep is one thing that was done, how long it took, and how long each
// request took meanwhile, in microseconds and in order.
type scaleStep struct {
	name  string
	took  time.Duration
	times []float64
}

// A scaleRun is a director at work and what it is told.
type scaleRun struct {
	d      *director
	n      *network
	client *control.Client
	file   string // with all services
	rules  string // of ipvsadm, the same without the service that the requests go to
	many   *config.Config
}

func measureScale(ctx context.Context, binary string, services, reals int) (steps []scaleStep, err error) {
	d, err := newDirector(ctx, binary)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	n, err := newNetwork()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	if err := n.inhabit(); err != nil {
		return nil, err
	}
	run := &scaleRun{d: d, n: n}
	if err := run.prepare(services, reals); err != nil {
		return nil, err
	}
	stop, err := openDirector(config.XDP)(ctx, n, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var path string
	if err := n.director.Do(func() (err error) { path, err = control.SocketPath(); return err }); err != nil {
		return nil, err
	}
	run.client = control.NewClient(path)
	defer run.client.Close()
	return run.measure(ctx)
}

// prepare writes the files with many services: a hundred ports on each VIP, by
// direct routing to real servers that nobody asks.
func (r *scaleRun) prepare(services, reals int) error {
	r.many = service{protocol: lvs.TCP, method: lvs.NAT, mode: config.XDP}.config()
	var rules bytes.Buffer
	for i := range services {
		vip := netip.AddrFrom4([4]byte{10, 200, byte(i / 100 / 256), byte(i / 100)})
		s := config.Service{ServiceKey: config.ServiceKey{Protocol: lvs.TCP, VIP: vip, Port: uint16(1000 + i%100)}, Scheduler: "wlc"}
		fmt.Fprintf(&rules, "-A -t %v:%d -s wlc\n", vip, s.Port)
		for k := range reals {
			rs := netip.AddrFrom4([4]byte{192, 0, 2, byte(k + 2)})
			s.Reals = append(s.Reals, config.Real{RealKey: config.RealKey{Addr: rs, Port: s.Port}, Method: lvs.DirectRouting, Weight: 1})
			fmt.Fprintf(&rules, "-a -t %v:%d -r %v:%d -g -w 1\n", vip, s.Port, rs, s.Port)
		}
		r.many.Services = append(r.many.Services, s)
	}
	var file bytes.Buffer
	if err := r.many.Write(&file); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	r.file, r.rules = filepath.Join(r.d.dir, "many.toml"), filepath.Join(r.d.dir, "rules")
	return errors.Join(os.WriteFile(r.file, file.Bytes(), 0o600), os.WriteFile(r.rules, rules.Bytes(), 0o600))
}

// measure takes the steps, with a client at work.
func (r *scaleRun) measure(ctx context.Context) (steps []scaleStep, err error) {
	server, err := startSelf(ctx, r.n.sink, echoName, anyAddress)
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	requests, err := beginAsking(ctx, r.n.generator)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, requests.end()) }()
	for _, s := range r.steps() {
		requests.take()
		start := time.Now()
		if err := s.do(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		took := time.Since(start) / time.Duration(s.times)
		time.Sleep(100 * time.Millisecond) // workers follow, and requests end
		steps = append(steps, scaleStep{s.name, took, requests.take()})
	}
	return steps, nil
}

// changes is how many single changes are measured.
const changes = 200

// A thing is what is done in a step, so many times.
type thing struct {
	name  string
	times int
	do    func(context.Context) error
}

func (r *scaleRun) steps() []thing {
	xlvs := func(args ...string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := r.n.director.Run(ctx, r.d.binary, args...)
			return err
		}
	}
	return []thing{
		{"nothing", 1, func(context.Context) error { time.Sleep(time.Second); return nil }},
		{"load by file (xlvs apply -c FILE)", 1, xlvs("apply", "-c", r.file)},
		{"list (ipvsadm -Ln)", 1, xlvs("ipvsadm", "-Ln")},
		{"list with statistics (ipvsadm -Ln --stats)", 1, xlvs("ipvsadm", "-Ln", "--stats")},
		{"one change of a weight", changes, r.changeWeights},
		{"one service added and deleted", changes, r.addAndDelete},
		{"one change by ipvsadm, with its start", 1, xlvs("ipvsadm", "-e", "-t", "10.200.0.0:1000", "-r", "192.0.2.2", "-g", "-w", "9")},
		{"back to one service (xlvs reload)", 1, xlvs("reload")},
		{"load by ipvsadm (ipvsadm -R)", 1, r.restore},
		{"save (xlvs save -o -)", 1, xlvs("save", "-o", "-")},
	}
}

// changeWeights changes the weight of one real server, each time of another.
func (r *scaleRun) changeWeights(ctx context.Context) error {
	for i := range changes {
		s := &r.many.Services[1+i*(len(r.many.Services)-1)/changes]
		real := s.Reals[0]
		real.Weight = 2 + i
		err := r.client.Do(ctx, []desired.Operation{{Kind: desired.EditDestination, Key: s.ServiceKey, Real: real}})
		if err != nil {
			return err
		}
	}
	return nil
}

// addAndDelete adds a service with a real server, and deletes it.
func (r *scaleRun) addAndDelete(ctx context.Context) error {
	s := r.many.Services[1]
	s.VIP, s.Reals = netip.MustParseAddr("10.201.0.1"), s.Reals[:1]
	for range changes / 2 {
		for _, op := range []desired.Operation{{Kind: desired.AddService, Service: s}, {Kind: desired.DeleteService, Key: s.ServiceKey}} {
			if err := r.client.Do(ctx, []desired.Operation{op}); err != nil {
				return err
			}
		}
	}
	return nil
}

// restore has ipvsadm make the services, which are no more by then.
func (r *scaleRun) restore(ctx context.Context) error {
	_, err := r.n.director.Run(ctx, "sh", "-c", fmt.Sprintf("%s ipvsadm -R < %s", r.d.binary, r.rules))
	return err
}
