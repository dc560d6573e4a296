package guest_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"xlvs/bench/guest"
)

// makerVar in the environment has this executable boot a guest and wait.
const makerVar = "XLVS_GUEST_TEST_MAKER"

// TestMain is also the beginning of the guests that these tests boot, and of
// the process that boots one and is killed.
func TestMain(m *testing.M) {
	if guest.IsGuest() {
		guest.Main(jobs())
	}
	if os.Getenv(makerVar) != "" {
		_, err := guest.Boot(context.Background(), guest.Options{NoKVM: true, Log: os.Stdout, KernelArguments: "loglevel=7"})
		fmt.Println(err)
		select {}
	}
	goleak.VerifyTestMain(m)
}

// must fails the test if setting something up did not work.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
