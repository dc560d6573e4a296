package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"xlvs/cmd/xlvs/ipvsadm"
	"xlvs/dataplane"
)

// printTables writes what `ipvsadm -Ln`, `ipvsadm -Ln --stats` and
// `ipvsadm -Ln --rate` would, and how many packets ended in each verdict; in one piece, so that a reader finds all of
// it or nothing.
func printTables(w io.Writer, d *dataplane.Director) error {
	var b bytes.Buffer
	services := d.Services()
	for _, o := range []ipvsadm.ListOptions{{Numeric: true}, {Numeric: true, Stats: true}, {Numeric: true, Rate: true}} {
		if err := ipvsadm.List(context.Background(), &b, services, o); err != nil {
			return fmt.Errorf("print tables: %w", err)
		}
		b.WriteByte('\n')
	}
	writeVerdicts(&b, d.Verdicts())
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("print tables: %w", err)
	}
	return nil
}

func writeVerdicts(b *bytes.Buffer, counts [dataplane.Verdicts]uint64) {
	fmt.Fprintf(b, "%-40s %12s\n", "Verdict", "Packets")
	for v := dataplane.Forward; v < dataplane.Verdicts; v++ {
		fmt.Fprintf(b, "%-40s %12d\n", v, counts[v])
	}
}
