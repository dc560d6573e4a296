package conformance

import (
	"context"
	"encoding/json"
	"fmt"
)

// A Player plays scripts to one make of director, here or elsewhere. It may be
// called by several goroutines at once.
type Player func(ctx context.Context, s *Script, o Options) (Observation, error)

// Here returns the player on this machine.
func Here(t Target) Player {
	return func(ctx context.Context, s *Script, o Options) (Observation, error) { return Play(ctx, s, t, o) }
}

// JobName is how a guest knows Job.
const JobName = "conformance"

// An assignment is the input of a job.
type assignment struct {
	Script  *Script `json:"script"`
	Options Options `json:"options"`
}

// Job plays a script to the kernel, in a guest. Its output is an Observation.
func Job(ctx context.Context, input json.RawMessage, emit func(v any) error) error {
	var a assignment
	if err := json.Unmarshal(input, &a); err != nil {
		return fmt.Errorf("read the script: %w", err)
	}
	spareDevices()
	o, err := Play(ctx, a.Script, Kernel(), a.Options)
	if err != nil {
		return err
	}
	return emit(o)
}

// Elsewhere returns the player where do has jobs done.
func Elsewhere(do func(ctx context.Context, job string, input any, each func(output json.RawMessage) error) error) Player {
	return func(ctx context.Context, s *Script, o Options) (obs Observation, err error) {
		err = do(ctx, JobName, assignment{s, o}, func(output json.RawMessage) error {
			return json.Unmarshal(output, &obs)
		})
		return obs, err
	}
}
