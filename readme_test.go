package xlvs_test

import (
	"os"
	"strings"
	"testing"

	"xlvs/config"
)

// TestReadmeHasAConfiguration holds that the TOML in README.md, taken together,
// is a configuration without a mistake, and that nothing in it is without effect.
func TestReadmeHasAConfiguration(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	blocks := 0
	for rest := string(text); ; blocks++ {
		_, after, ok := strings.Cut(rest, "\n```toml\n")
		if !ok {
			break
		}
		block, after, _ := strings.Cut(after, "\n```")
		file.WriteString(block + "\n")
		rest = after
	}
	if blocks == 0 {
		t.Fatal("README.md has no configuration")
	}
	c, err := config.Parse("README.md", []byte(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range c.Warnings() {
		t.Error(w)
	}
}
