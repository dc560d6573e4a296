package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

// TestUnwrapped checks that what is in tunnels is held to what clients sent.
func TestUnwrapped(t *testing.T) {
	f := &families[0]
	s := forwarding("udp", "ipip", "-i", f, f)
	s.Unwrap = true
	sent, err := routed(&s)
	if err != nil {
		t.Fatal(err)
	}
	short := sent[:len(sent)-1]
	late := append([][]byte{sent[1], sent[0]}, sent[2:]...)
	tests := map[string]struct {
		got  [][]byte
		same bool
	}{
		"all of it":      {sent, true},
		"one is missing": {short, false},
		"one too many":   {append(sent[:len(sent):len(sent)], sent[0]), false},
		"another order":  {late, false},
		"nothing":        {nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			j := Judge{FarEnd: func(context.Context, Delivery) ([][]byte, error) { return tt.got, nil }}
			got, err := j.unwrapped(t.Context(), &s, Observation{}, Observation{})
			if err != nil || (len(got) == 0) != tt.same {
				t.Errorf("unwrapped() = %v, %v, want none: %t", got, err, tt.same)
			}
		})
	}
}

// TestUnwrappedFails checks that a far end which fails does not pass for agreement.
func TestUnwrappedFails(t *testing.T) {
	s, broken := Script{Unwrap: true}, errors.New("broken")
	j := Judge{FarEnd: func(context.Context, Delivery) ([][]byte, error) { return nil, broken }}
	if _, err := j.unwrapped(t.Context(), &s, Observation{}, Observation{}); !errors.Is(err, broken) {
		t.Errorf("unwrapped() = %v, want %v", err, broken)
	}
}

// TestDelivery checks what of an observation goes to the far end.
func TestDelivery(t *testing.T) {
	obs := Observation{Results: []Result{
		{Frames: map[Side][][]byte{Real: {{1}, {2}}, Client: {{3}}}}, {}, {Frames: map[Side][][]byte{Real: {{4}}}},
	}}
	for command, summed := range map[string]bool{"-a -i --tun-type gre --tun-csum": true, "-a -i --tun-type gre": false} {
		want := Delivery{Frames: [][]byte{{1}, {2}, {4}}, Summed: summed}
		if got := delivery(&Script{Commands: []string{command}}, obs); !reflect.DeepEqual(got, want) {
			t.Errorf("delivery() of %s = %v, want %v", command, got, want)
		}
	}
}

// TestFarEndElsewhere checks that frames and packets survive the way to a guest and
// back.
func TestFarEndElsewhere(t *testing.T) {
	want := [][]byte{{1, 2}, {3}}
	sent := Delivery{Frames: [][]byte{{9}}, Summed: true}
	far := FarEndElsewhere(func(_ context.Context, job string, input any, each func(json.RawMessage) error) error {
		if job != FarEndName || !reflect.DeepEqual(input, sent) {
			t.Errorf("job %s of %v", job, input)
		}
		var err error
		for _, p := range want {
			b, _ := json.Marshal(p)
			err = errors.Join(err, each(b))
		}
		return err
	})
	if got, err := far(t.Context(), sent); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("far end returns %v, %v, want %v", got, err, want)
	}
	if err := FarEndJob(t.Context(), json.RawMessage("{"), nil); err == nil {
		t.Error("FarEndJob() of half an object = nil")
	}
}

// TestCompareMissing checks that what could not be played is a difference.
func TestCompareMissing(t *testing.T) {
	if got := Compare(Observation{Missing: "it is built without x"}, Observation{}); len(got) != 1 || got[0].What != "it is built without x" {
		t.Errorf("Compare() = %v, want what is missing", got)
	}
}
