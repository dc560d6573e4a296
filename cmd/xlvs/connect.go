package main

import (
	"context"
	"io"
	"os"

	"xlvs/cmd/xlvs/ipvsadm"
	"xlvs/cmd/xlvs/proc"
	"xlvs/control"
)

// socketVariable names the environment variable with the path of a director's
// socket, for one whose file says `[control] socket`.
const socketVariable = "XLVS_SOCKET"

// socketPath returns where to look for the director that is meant: the one of
// this network namespace, unless the environment says otherwise.
func socketPath() (string, error) {
	if path := os.Getenv(socketVariable); path != "" {
		return path, nil
	}
	return control.SocketPath()
}

// connect returns a client of that director. Whether there is one shows when it is
// asked something.
func connect() (*control.Client, error) {
	path, err := socketPath()
	if err != nil {
		return nil, err
	}
	return control.NewClient(path), nil
}

// connectIPVSAdm is connect for ipvsadm, which wants no more than it uses.
func connectIPVSAdm() (ipvsadm.Director, error) {
	c, err := connect()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// procCommand prints files of /proc/net of the running director.
func procCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return proc.Command(ctx, args, stdout, stderr, func() (proc.Director, error) {
		c, err := connect()
		if err != nil {
			return nil, err
		}
		return c, nil
	})
}
