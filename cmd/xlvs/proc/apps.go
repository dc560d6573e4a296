package proc

import (
	"bufio"
	"context"
	"fmt"

	"xlvs/control"
	"xlvs/lvs"
)

// ftpPort is where the kernel's FTP helper listens unless it is told otherwise.
const ftpPort = 21

// writeApps writes ip_vs_app: the one application helper there is, and how many
// connections it has. It is there for those of masquerading alone.
func writeApps(ctx context.Context, w *bufio.Writer, d Director) error {
	used := 0
	err := d.Connections(ctx, func(c control.Connection) error {
		if !c.Template && c.Proto == lvs.TCP && c.VirtualPort == ftpPort && c.Method == lvs.NAT {
			used++
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.WriteString("prot port    usecnt name\n")
	fmt.Fprintf(w, "%-3s  %-7d %-6d %-17s\n", lvs.TCP, ftpPort, used, "ftp")
	return nil
}
