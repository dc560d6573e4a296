package conformance

import (
	"strings"
	"time"
)

// An Observation is what became of a Script: a result for each step, and one for
// the look at the lists that every script ends with.
type Observation struct {
	Results []Result `json:"results,omitempty"`
	Release string   `json:"release,omitempty"` // of the kernel that was the director
	Missing string   `json:"missing,omitempty"` // what the director lacks, so that nothing was played
}

// A Result is what a step showed.
type Result struct {
	At     time.Duration     `json:"at"`               // since the beginning, when the director had done with the step
	Frames map[Side][][]byte `json:"frames,omitempty"` // that the director sent, by side
	Output string            `json:"output,omitempty"` // of a command, and its exit code if that is not 0
	Lists  *Lists            `json:"lists,omitempty"`
}

// Lists are what ipvsadm lists, line by line and without their titles.
type Lists struct {
	At          time.Duration `json:"at"`          // when the connections were listed
	Services    []string      `json:"services"`    // -Ln
	Stats       []string      `json:"stats"`       // -Ln --stats --exact
	Connections []string      `json:"connections"` // -Lnc
}

// withoutFence removes the fence and the titles from a list.
func withoutFence(list string) (lines []string) {
	fence := false
	for line := range strings.Lines(list) {
		line = strings.TrimRight(line, "\n")
		if isTitle(line) {
			continue
		}
		if !strings.HasPrefix(line, "  ->") {
			fence = strings.Contains(line, fenceService)
		}
		if !fence {
			lines = append(lines, line)
		}
	}
	return lines
}

// isTitle reports whether line heads a list.
func isTitle(line string) bool {
	for _, prefix := range [...]string{"IP Virtual Server", "Prot ", "  -> RemoteAddress", "IPVS connection", "pro "} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}
