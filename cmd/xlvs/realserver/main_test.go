package realserver

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// envMain has the test binary be `xlvs realserver`, as the user that it names.
const envMain = "XLVS_TEST_REALSERVER"

func TestMain(m *testing.M) {
	switch os.Getenv(envMain) {
	case "root":
		os.Exit(realserverMain())
	case "nobody": // by now, since nobody may not execute what is in root's directories
		if err := syscall.Setuid(65534); err != nil {
			panic(err)
		}
		os.Exit(realserverMain())
	}
	goleak.VerifyTestMain(m)
}

// realserverMain is what the program does.
func realserverMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	if err := Command(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "xlvs:", err)
		return 1
	}
	return 0
}
