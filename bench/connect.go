package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// Names of the commands at both ends of short connections.
const (
	acceptName  = "accept"
	connectName = "connect"
	connectArgs = "ADDRESS:PORT CLIENTS SECONDS"
)

// connectPatience bounds a connection: nothing in a network of our own takes so
// long, unless it was lost.
const connectPatience = time.Second

// acceptCommand listens on an address and port, answers each connection's one
// request and closes it first, until ctx ends. So it is the real server that
// remembers closed connections, and no proxy runs out of ports.
func acceptCommand(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return usageError("the argument is ADDRESS:PORT")
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", args[0])
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	if err := announce(stdout, acceptName); err != nil {
		return err
	}
	var clients sync.WaitGroup
	defer clients.Wait()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("wait for a client: %w", err)
		}
		clients.Go(func() {
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(connectPatience))
			var b [request]byte
			if _, err := io.ReadFull(conn, b[:]); err == nil {
				_, _ = conn.Write(b[:]) // the client tells whether it arrived
			}
		})
	}
}

// A connected is what connectCommand reports, as JSON.
type connected struct {
	Connections int     `json:"connections"` // that were answered
	Failed      int     `json:"failed"`
	Seconds     float64 `json:"seconds"`
	Error       string  `json:"error,omitempty"` // of one that failed
}

// connectCommand has clients connect, ask, hear the answer and the end, one after
// the other, and reports on stdout how often that was.
func connectCommand(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 3 {
		return usageError("the arguments are " + connectArgs)
	}
	clients, err := strconv.Atoi(args[1])
	if err != nil || clients < 1 || clients > 1000 {
		return usageError(fmt.Sprintf("%q is not a number of clients", args[1]))
	}
	length, err := strconv.ParseFloat(args[2], 64)
	if err != nil {
		return usageError(fmt.Sprintf("%q is not a number of seconds", args[2]))
	}
	window, err := seconds(length)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var sum connected
	var all sync.WaitGroup
	begun := time.Now()
	end := begun.Add(window)
	for range clients {
		all.Go(func() {
			got := connectAgain(ctx, args[0], end)
			mu.Lock()
			defer mu.Unlock()
			sum.Connections, sum.Failed = sum.Connections+got.Connections, sum.Failed+got.Failed
			if got.Error != "" {
				sum.Error = got.Error
			}
		})
	}
	all.Wait()
	sum.Seconds = time.Since(begun).Seconds()
	if err := json.NewEncoder(stdout).Encode(sum); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// connectAgain connects until end. What that, or ctx, cuts short does not count.
func connectAgain(ctx context.Context, address string, end time.Time) (sum connected) {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	for {
		err := connectOnce(ctx, address)
		switch {
		case ctx.Err() != nil || !time.Now().Before(end): // the context's timer may be late
			return sum
		case err != nil:
			sum.Failed++
			sum.Error = err.Error()
		default:
			sum.Connections++
		}
	}
}

func connectOnce(ctx context.Context, address string) error {
	d := net.Dialer{Timeout: connectPatience}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(connectPatience)); err != nil {
		return err
	}
	var b [request + 1]byte
	if _, err := conn.Write(b[:request]); err != nil {
		return err
	}
	n, err := io.ReadFull(conn, b[:]) // one byte more than there is: to the end
	if n != request || err != io.ErrUnexpectedEOF {
		return fmt.Errorf("an answer of %d bytes: %w", n, err)
	}
	return nil
}
