package demo

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also a director that ends at once: Command starts its own program,
// which here is the test.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		fmt.Fprintln(os.Stderr, lastWord)
		os.Exit(3)
	}
	goleak.VerifyTestMain(m)
}

const lastWord = "no interface to be a director on"
