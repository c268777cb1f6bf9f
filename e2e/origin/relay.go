//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/shoal-live/shoal/e2e/process"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

// The control is a relay: the same bytes in the same writes come to a process that does nothing but pass them on to one
// reader. What it takes is what the machine asks for moving them; how busy the machine is shows in it as in the origin.

// relay is that process: it passes what comes on connections to the first address to one connection each to the second.
func relay(args []string) error {
	if len(args) != 2 {
		return errors.New("relay FROM TO")
	}
	ln, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	for {
		from, err := ln.Accept()
		if err != nil {
			return err
		}
		to, err := net.Dial("tcp", args[1])
		if err != nil {
			return err
		}
		go func() {
			defer from.Close()
			defer to.Close()
			// Without the methods by which the kernel would pass the bytes on by itself.
			io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 64<<10))
		}()
	}
}

// measureControl returns the share of a core that the relay takes for so many broadcasts.
func measureControl(ctx context.Context, clip *clip, streams int, long time.Duration) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sink, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer sink.Close()
	go func() {
		for {
			c, err := sink.Accept()
			if err != nil {
				return
			}
			go io.Copy(io.Discard, c)
		}
	}()
	address, err := redistest.FreeAddress()
	if err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	p, err := process.Start(self, "relay", address, sink.Addr().String())
	if err != nil {
		return 0, err
	}
	defer p.Stop()
	if err := pass(ctx, 500*time.Millisecond); err != nil {
		return 0, err
	}
	failed := make(chan error, streams)
	for i := range streams {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return 0, fmt.Errorf("relay: %w", err)
		}
		defer c.Close()
		go func() {
			if pass(ctx, spread(i, streams)) == nil {
				failed <- (&publisher{clip: clip, key: i, sent: new(sent)}).play(ctx, c)
			}
		}()
	}
	if err := pass(ctx, 3*time.Second); err != nil {
		return 0, err
	}
	share, err := busy(ctx, p, long)
	select {
	case err := <-failed:
		return 0, fmt.Errorf("relay: %w", err)
	default:
		return share, err
	}
}

// spread is when the broadcast number i of all begins, so that their key frames do not coincide.
func spread(i, all int) time.Duration { return time.Duration(i) * gop * frame / time.Duration(all) }
