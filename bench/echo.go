package main

import (
	"context"
	"fmt"
	"io"
	"net"
)

// echoName is the name of the command that latency runs in the real server's host.
const echoName = "echo"

// echoCommand listens on an address and port and sends everybody back what they
// sent, one after the other, until ctx ends. It is a process of its own, so that
// the runtime of the client cannot make the way to it shorter.
func echoCommand(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return usageError("the argument is ADDRESS:PORT")
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", args[0])
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	if err := announce(stdout, echoName); err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("wait for a client: %w", err)
		}
		echo(ctx, conn)
	}
}

// echo serves one client until it, or ctx, ends.
func echo(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	var b [request]byte // not io.Copy, which has the kernel move data through a pipe
	for {
		n, err := conn.Read(b[:])
		if err != nil {
			return
		}
		if _, err := conn.Write(b[:n]); err != nil {
			return
		}
	}
}
