//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

const (
	steps      = 3                // on the way to all viewers
	idleFor    = 21 * time.Second // at each step: a whole round of pings, and two beacons of each viewer
	beaconEach = 10 * time.Second
	joining    = 64 // viewers of one holder at once
)

// holder is a tracker and the process that holds its viewers: neither has more sockets than a process may have files.
type holder struct {
	*server
	holder *exec.Cmd
	to     io.WriteCloser
	from   *bufio.Reader
	empty  int // bytes without viewers
}

// measureIdle holds viewers that do nothing but watch: they answer pings and send beacons. Each holder's memory is what the
// kernel says is resident, without what it was before the first viewer.
func (r *report) measureIdle(ctx context.Context, c config) error {
	r.Idle = &idle{Trackers: c.trackers}
	var holders []*holder
	defer func() {
		for _, n := range holders {
			n.end()
		}
	}()
	for range c.trackers {
		n, err := startHolder(ctx, c.shoal)
		if err != nil {
			return err
		}
		holders = append(holders, n)
	}
	for i := 1; i <= steps; i++ {
		step, err := restAt(ctx, holders, c.idle*i/steps)
		if err != nil {
			return fmt.Errorf("%d viewers: %w", c.idle*i/steps, err)
		}
		r.Idle.Steps = append(r.Idle.Steps, step)
		r.Idle.step = step
	}
	return nil
}

func startHolder(ctx context.Context, program string) (*holder, error) {
	s, err := startShoal(ctx, program)
	if err != nil {
		return nil, err
	}
	n := &holder{server: s}
	n.holder = exec.CommandContext(ctx, "/proc/self/exe", "hold", "-tracker", s.address)
	n.holder.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	n.holder.Stderr = os.Stderr
	n.to, err = n.holder.StdinPipe()
	if err == nil {
		var from io.ReadCloser
		from, err = n.holder.StdoutPipe()
		n.from = bufio.NewReader(from)
	}
	if err == nil {
		err = n.holder.Start()
	}
	if err == nil {
		err = s.collect()
	}
	if err == nil {
		n.empty, err = s.Resident()
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	return n, nil
}

func (n *holder) end() {
	n.to.Close()
	n.holder.Wait()
	n.Stop()
}

// restAt brings each holder to so many viewers, lets them be idle, and measures: first as it is, then once the garbage of the
// joins is collected.
func restAt(ctx context.Context, holders []*holder, viewers int) (s step, err error) {
	for _, n := range holders {
		if _, err := fmt.Fprintln(n.to, viewers); err != nil {
			return s, err
		}
	}
	for _, n := range holders {
		if line, err := n.from.ReadString('\n'); err != nil || line != fmt.Sprintln(viewers) {
			return s, errors.Join(errors.New("not all viewers have joined"), err)
		}
	}
	var processor time.Duration
	for _, n := range holders {
		t, err := n.ProcessorTime()
		if err != nil {
			return s, err
		}
		processor -= t
	}
	select {
	case <-ctx.Done():
		return s, ctx.Err()
	case <-time.After(idleFor):
	}
	s.Viewers = viewers * len(holders)
	var grown, settled int
	for _, n := range holders {
		t, err := n.ProcessorTime()
		if err != nil {
			return s, err
		}
		processor += t
		now, err := n.Resident()
		if err != nil {
			return s, err
		}
		grown += now - n.empty
		if err := n.collect(); err != nil {
			return s, err
		}
		time.Sleep(time.Second) // in which freed memory goes back
		if now, err = n.Resident(); err != nil {
			return s, err
		}
		settled += now - n.empty
		there, cells, err := n.swarm()
		if err != nil {
			return s, err
		}
		if there != viewers {
			return s, fmt.Errorf("the tracker knows %d", there)
		}
		s.Cells += cells
	}
	s.BytesEach, s.UnsettledBytesEach = settled/s.Viewers, grown/s.Viewers
	s.ProcessorPercent = 100 * processor.Seconds() / idleFor.Seconds() / float64(len(holders))
	return s, nil
}

// swarm asks the tracker how many viewers there are, in how many cells.
func (n *holder) swarm() (viewers, cells int, err error) {
	r, err := http.Get("http://" + n.address + "/api/v1/swarm")
	if err != nil {
		return 0, 0, err
	}
	defer r.Body.Close()
	var all struct {
		Streams []struct {
			Name           string
			Viewers, Cells int
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&all); err != nil || len(all.Streams) != 1 {
		return 0, 0, errors.Join(fmt.Errorf("the tracker tells of %d streams", len(all.Streams)), err)
	}
	return all.Streams[0].Viewers, all.Streams[0].Cells, nil
}

// hold is the process that holds idle viewers. It reads how many there are to be, a line for each step, and says the same
// when all have their roster. It ends with its input.
func hold(args []string) error {
	flags := flag.NewFlagSet("hold", flag.ExitOnError)
	address := flags.String("tracker", "", "")
	flags.Parse(args)
	crowd := newCrowd(&server{address: *address, path: "/tracker"})
	crowd.deadline = time.Now().Add(time.Hour)
	joined := make(chan struct{}, joining)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go crowd.beacons(ctx)
	defer crowd.leave()
	for held := 0; ; {
		var target int
		if n, err := fmt.Scanln(&target); n == 0 || err != nil {
			return nil
		}
		for first := held; held < target; held++ {
			if held-first >= joining {
				if err := crowd.await(ctx, 1, joined); err != nil {
					return err
				}
			}
			crowd.visit(held, func(n int) error {
				return (&viewer{crowd: crowd, number: n, joined: func() { joined <- struct{}{} }}).run()
			})
		}
		if err := crowd.await(ctx, min(joining, target), joined); err != nil {
			return err
		}
		fmt.Println(target)
	}
}

// beacons sends a beacon for each viewer every 10 s, one viewer after the other.
func (c *crowd) beacons(ctx context.Context) {
	var prepared socket
	prepared.frame(binaryFrame, wire.Beacon{BytesFromPeers: 1 << 20, ChunksFromPeers: 30, LatencyMillis: 1600, Links: wanted}.Append(nil))
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for next, due := 0, 0.0; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		c.mu.Lock()
		sockets := c.sockets
		c.mu.Unlock()
		for due += float64(len(sockets)) * 0.02 / beaconEach.Seconds(); due >= 1; due-- {
			next = (next + 1) % len(sockets)
			sockets[next].conn.Write(prepared.out) // a whole frame: it does not mix with the viewer's own
		}
	}
}
