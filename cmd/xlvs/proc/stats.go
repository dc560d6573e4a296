package proc

import (
	"bufio"
	"context"
	"fmt"

	"xlvs/dataplane"
)

// writeStats writes ip_vs_stats.
func writeStats(ctx context.Context, w *bufio.Writer, d Director) error {
	total, rates, err := d.Total(ctx)
	if err != nil {
		return err
	}
	w.WriteString("   Total Incoming Outgoing         Incoming         Outgoing\n" +
		"   Conns  Packets  Packets            Bytes            Bytes\n")
	w.WriteString(columns(total) + "\n\n")
	w.WriteString(" Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n")
	w.WriteString(columns(dataplane.Counters(rates)) + "\n")
	return nil
}

// writeStatsByWorker writes ip_vs_stats_percpu, with workers in the place of
// processors: each has one to itself.
func writeStatsByWorker(ctx context.Context, w *bufio.Writer, d Director) error {
	workers, err := d.WorkerTotals(ctx)
	if err != nil {
		return err
	}
	total, rates, err := d.Total(ctx)
	if err != nil {
		return err
	}
	w.WriteString("       Total Incoming Outgoing         Incoming         Outgoing\n" +
		"CPU    Conns  Packets  Packets            Bytes            Bytes\n")
	for i, c := range workers {
		fmt.Fprintf(w, "%3X %s\n", i, columns(c))
	}
	w.WriteString("  ~ " + columns(total) + "\n\n")
	w.WriteString("     Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n")
	w.WriteString("    " + columns(dataplane.Counters(rates)) + "\n")
	return nil
}

func columns(c dataplane.Counters) string {
	return fmt.Sprintf("%8X %8X %8X %16X %16X", c.Conns, c.InPkts, c.OutPkts, c.InBytes, c.OutBytes)
}
