// Package labtest opens labs for tests.
//
// It decides when a test that needs root may be skipped, and closes the lab
// with the test. It is apart from package lab so that programs which build labs
// do not link package testing.
package labtest

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"xlvs/bench/lab"
)

// New returns a lab that is closed when t ends, failed or not. Without the
// privilege to make namespaces it skips t, or, with XLVS_PRIVILEGED=1 in the
// environment, fails it: where privileged tests must run, a silent skip is a
// failure.
func New(t testing.TB) *lab.Lab {
	t.Helper()
	l, err := lab.New()
	if errors.Is(err, fs.ErrPermission) && os.Getenv("XLVS_PRIVILEGED") != "1" {
		t.Skipf("needs root: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close lab: %v", err)
		}
	})
	return l
}
