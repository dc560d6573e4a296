package scenario

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binaryKey names the environment variable with the path of the xlvs binary
// that the tests run. Without it they build one.
const binaryKey = "XLVS_BINARY"

func TestMain(m *testing.M) {
	code, err := testMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// testMain runs the tests with the binary in place.
func testMain(m *testing.M) (code int, err error) {
	if os.Getenv(binaryKey) != "" {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "xlvs-scenario-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "xlvs")
	if out, err := exec.Command("go", "build", "-o", path, "xlvs/cmd/xlvs").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build xlvs: %w\n%s", err, out)
	}
	if err := os.Setenv(binaryKey, path); err != nil {
		return 0, err
	}
	return m.Run(), nil
}
