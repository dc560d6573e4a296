package guest_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"testing"

	"xlvs/bench/guest"
)

// jobs are what these tests have a guest do.
func jobs() map[string]guest.Job {
	return map[string]guest.Job{
		"run":   runJob,
		"echo":  func(_ context.Context, input json.RawMessage, emit func(any) error) error { return emit(input) },
		"sleep": sleepJob,
		"die":   func(context.Context, json.RawMessage, func(any) error) error { panic("asked to die") },
		"crash": crashJob,
	}
}

// runJob runs a command and emits what it prints.
func runJob(ctx context.Context, input json.RawMessage, emit func(any) error) error {
	var argv []string
	if err := json.Unmarshal(input, &argv); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
	return errors.Join(emit(string(out)), err)
}

// sleepJob says that it has begun and waits for the end of its context.
func sleepJob(ctx context.Context, _ json.RawMessage, emit func(any) error) error {
	if err := emit("asleep"); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// crashJob brings the kernel down.
func crashJob(context.Context, json.RawMessage, func(any) error) error {
	return os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0)
}

// run runs a command in m and returns what it printed.
func run(t *testing.T, m *guest.Machine, argv ...string) string {
	t.Helper()
	out, err := try(t, m, argv...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// try runs a command in m, which may fail.
func try(t *testing.T, m *guest.Machine, argv ...string) (out string, err error) {
	t.Helper()
	err = m.Do(t.Context(), "run", argv, func(o json.RawMessage) error { return json.Unmarshal(o, &out) })
	return out, err
}
