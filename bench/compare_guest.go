package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"xlvs/bench/compare"
	"xlvs/bench/guest"
)

// compareJobName is the name of the job that measures squares in a guest.
const compareJobName = "compare"

// guestPrefix begins the names of what is measured in a guest. Its figures are in
// tables of their own: an emulated processor's are no match for the host's.
const guestPrefix = "guest-"

// A guestSquare is what the job is asked for. It is all that the guest must know,
// since both sides are the same program.
type guestSquare struct {
	Key    compare.Key   `json:"key"` // without the prefixes
	Window time.Duration `json:"window"`
}

// guestXLVS is where a guest has xlvs.
const guestXLVS = "/usr/bin/xlvs"

// guestPrograms are the Debian packages that measuring takes beside those that
// every guest has.
var guestPrograms = []string{"ethtool", "iperf3"}

// compareJob measures a square in the guest, and emits its values.
func compareJob(ctx context.Context, input json.RawMessage, emit func(any) error) error {
	var q guestSquare
	if err := json.Unmarshal(input, &q); err != nil {
		return fmt.Errorf("read what to measure: %w", err)
	}
	c := &comparing{window: q.Window, trials: trials(false), contenders: contenders()}
	i := slices.IndexFunc(c.contenders, func(one contender) bool { return one.name == q.Key.Competitor })
	if i < 0 || c.trial(q.Key.Measurement) == nil {
		return fmt.Errorf("there is no %v", q.Key)
	}
	var err error
	if c.director, err = newDirector(ctx, guestXLVS); err != nil {
		return err
	}
	defer func() { _ = c.director.close() }()
	values, err := c.square(ctx, &c.contenders[i], q.Key)
	if err != nil {
		return err
	}
	return emit(values)
}

// guestWindow is the least time that a square is measured in a guest, whose
// clock ticks on while its processors are emulated.
const guestWindow = time.Second

// A visit is a guest that squares are measured in.
type visit struct {
	machine *guest.Machine
	window  time.Duration
}

// beginVisit boots a guest with the xlvs binary.
func beginVisit(ctx context.Context, binary string, window time.Duration, log io.Writer) (*visit, error) {
	m, err := guest.Boot(ctx, guest.Options{
		CPUs: 2, Memory: 2048, Packages: guestPrograms, Files: map[string]string{guestXLVS: binary}, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("boot a guest: %w", err)
	}
	return &visit{m, max(window, guestWindow)}, nil
}

// run measures a square in the guest.
func (v *visit) run(ctx context.Context, k compare.Key) (values []float64, err error) {
	k.Measurement, k.Competitor = strings.TrimPrefix(k.Measurement, guestPrefix), strings.TrimPrefix(k.Competitor, guestPrefix)
	err = v.machine.Do(ctx, compareJobName, guestSquare{k, v.window}, func(b json.RawMessage) error {
		return json.Unmarshal(b, &values)
	})
	return values, err
}

// guestContenders are those that take part in a guest: kernel IPVS, which is why
// it is booted, and those that it is to be held against.
var guestContenders = map[string]bool{"ipvs": true, "nftables": true, "xlvs-xdp": true, "xlvs-packet": true}

// visitors returns the guest's competitors. Without a visit they are left out,
// because of missing.
func (c *comparing) visitors(v *visit, missing error) (list []compare.Competitor) {
	for i := range c.contenders {
		who := &c.contenders[i]
		if !guestContenders[who.name] {
			continue
		}
		one := compare.Competitor{
			Name: guestPrefix + who.name, What: who.what + ", in the guest", Missing: missing,
			Has: func(measurement, method string) bool {
				name, inside := strings.CutPrefix(measurement, guestPrefix)
				return inside && who.enters(c.trial(name), method)
			},
		}
		if v != nil {
			one.Version = fmt.Sprintf("Linux %s on %s", v.machine.Kernel, v.machine.Accelerator)
			one.Run = v.run
		}
		list = append(list, one)
	}
	return list
}

// visited returns the measurements of the guest: all but latency, which means
// nothing under emulation; and with quick the rate of the smallest frames alone.
func (c *comparing) visited() (list []compare.Measurement) {
	for _, t := range c.trials {
		if t.Name == "latency" || c.quick && t.Name != "rate" {
			continue
		}
		m := t.Measurement
		m.Name, m.Title = guestPrefix+m.Name, m.Title+", in the guest"
		if c.quick {
			m.Axis.Points = m.Axis.Points[:1]
		}
		list = append(list, m)
	}
	return list
}
