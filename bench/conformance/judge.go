package conformance

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Judge compares what two directors make of scripts: the kernel, which is
// right, and another.
type Judge struct {
	Kernel, Other Player
	FarEnd        FarEnd // opens tunnels; nil means that they stay closed
	Parallel      int    // scripts at a time; 0 means 1
}

// A Judgement is what came of one script.
type Judgement struct {
	Script      Script       `json:"script"`
	Differences []Difference `json:"differences,omitempty"`
	Kernel      string       `json:"kernel,omitempty"` // its release
	Err         error        `json:"-"`                // it could not be played
}

// Same reports whether the directors did the same.
func (j *Judgement) Same() bool { return len(j.Differences) == 0 && j.Err == nil }

// patient is how a script is played again that was not the same at first: on a
// machine with much to do, a frame may come late.
var patient = Options{Settle: 60 * time.Millisecond}

// Script plays one script.
func (j *Judge) Script(ctx context.Context, s *Script) Judgement {
	result := j.once(ctx, s, Options{})
	if _, known := result.WhyKnown(); !known && ctx.Err() == nil {
		result = j.once(ctx, s, patient)
	}
	return result
}

// once plays a script to both at the same time.
func (j *Judge) once(ctx context.Context, s *Script, o Options) Judgement {
	var kernel, other Observation
	var errKernel, errOther error
	var both sync.WaitGroup
	both.Go(func() { kernel, errKernel = j.Kernel(ctx, s, o) })
	both.Go(func() { other, errOther = j.Other(ctx, s, o) })
	both.Wait()
	result := Judgement{Script: *s, Kernel: kernel.Release, Err: errors.Join(errKernel, errOther)}
	if result.Err == nil {
		result.Differences = Compare(kernel, other)
		more, err := j.unwrapped(ctx, s, kernel, other)
		result.Differences, result.Err = append(result.Differences, more...), err
	}
	return result
}

// Scripts plays many, and calls each with what came of them, in their order.
func (j *Judge) Scripts(ctx context.Context, list []Script, each func(Judgement)) {
	results := make([]chan Judgement, len(list))
	for i := range results {
		results[i] = make(chan Judgement, 1)
	}
	var players sync.WaitGroup
	next := make(chan int)
	for range max(1, j.Parallel) {
		players.Go(func() {
			for i := range next {
				results[i] <- j.Script(ctx, &list[i])
			}
		})
	}
	players.Go(func() {
		defer close(next)
		for i := range list {
			next <- i
		}
	})
	for _, r := range results {
		each(<-r)
	}
	players.Wait()
}
