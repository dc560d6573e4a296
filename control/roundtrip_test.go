package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"xlvs/config"
	"xlvs/control/desired"
	"xlvs/dataplane"
)

// across takes in to the other end of a socket and back as out.
func across(t *rapid.T, in, out any) {
	b, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil {
		t.Fatalf("%s: %v", b, err)
	}
}

func TestStatusCrosses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawStatus(t)
		var j statusJSON
		across(t, newStatusJSON(&want), &j)
		if got, err := j.status(); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v, want %+v", got, err, want)
		}
	})
}

func TestOperationCrosses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawOperation(t)
		var j operationJSON
		across(t, newOperationJSON(&want), &j)
		if got, err := j.operation(); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v, want %+v", got, err, want)
		}
	})
}

func TestConnectionCrosses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawConnection(t)
		var j connectionJSON
		across(t, json.RawMessage(appendConnection(nil, &want)), &j)
		if got, err := j.connection(); err != nil || got != want {
			t.Fatalf("%+v, %v, want %+v", got, err, want)
		}
	})
}

func TestInterfaceCrosses(t *testing.T) {
	draw := rapid.Make[dataplane.PortStatus]()
	rapid.Check(t, func(t *rapid.T) {
		want := draw.Draw(t, "port")
		var j interfaceJSON
		across(t, newInterfaceJSON(&want), &j)
		if got := j.port(); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

func TestReportCrosses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want desired.Report
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			c := config.Change{What: rapid.String().Draw(t, "what"), Restart: rapid.Bool().Draw(t, "restart")}
			if rapid.Bool().Draw(t, "about a service") {
				c.Service, c.Real = drawKey(t), drawReal(t).RealKey
			}
			want.Changes = append(want.Changes, c)
			want.Kept = append(want.Kept, rapid.String().Draw(t, "kept"))
		}
		var j reportJSON
		across(t, newReportJSON(want), &j)
		if got, err := j.report(); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v, want %+v", got, err, want)
		}
	})
}

// Each error is the same one at the other end, and so is which operation it is of.
func TestErrorCrosses(t *testing.T) {
	for _, c := range codes {
		err := fmt.Errorf("add service %v: %w", web, c.is)
		j, status := describe(&desired.OperationError{Index: 3, Of: 5, Err: err})
		got := j.err()
		if !errors.Is(got, c.is) || status != c.status {
			t.Errorf("%v is %v with status %d, want the same with %d", c.is, got, status, c.status)
		}
		var e *Error
		if !errors.As(got, &e) || e.Code != c.code || e.Operation != 3 {
			t.Errorf("%v is %+v, want code %s of operation 3", c.is, e, c.code)
		}
	}
	j, status := describe(errors.New("out of luck"))
	if got := j.err(); got.Error() != "out of luck" || errors.Unwrap(got) != nil || status != 500 || j.Code != internal {
		t.Errorf("an error of no kind is %+v with status %d", got, status)
	}
}

// An error that is two of them goes by the one that says more.
func TestErrorOfTwoKinds(t *testing.T) {
	j, _ := describe(fmt.Errorf("%w: %w", desired.ErrInvalid, desired.ErrNoScheduler))
	if j.Code != "no-scheduler" {
		t.Errorf("code %q, want no-scheduler", j.Code)
	}
}
