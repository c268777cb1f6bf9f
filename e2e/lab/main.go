//go:build linux

// Lab is a small network for measuring: one machine for the server, which is the network namespace that lab is started in,
// and one for each viewer, a namespace that lab makes. Every viewer has an uplink of a given rate with a queue that
// drops what it cannot hold, and stands at a given distance from the others; the server's uplink has no limit, and nobody's
// downlink has: but with each SIGUSR1 one more, the last viewer's first, gets the rate of -downlink, and with SIGUSR2 none has it any more. All is
// done in user space, on TUN devices, since not every kernel can delay packets.
//
//	lab -viewers N -uplink BITS -delay TIME [-slot TIME] [-downlink BITS]
//
// Packets arrive in slots, as they do by radio and by cable, half a slot sooner or later than their distance says: to be woken for each
// by itself would cost the machines that are played here several times what it costs where a network interface gathers them.
//
// It needs root. When all is there it prints one JSON object: the server's address, and for each viewer its address and a
// path by which it is entered (nsenter --net=PATH). SIGINT or SIGTERM end it; it then prints another: what was carried
// and what was dropped. Nothing is left behind, however it ends.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const mostViewers = 200

// config is the flags.
type config struct {
	viewers int
	uplink  int64         // bits a second of each viewer, IP headers included; 0: no limit
	queue   time.Duration // what may wait at an uplink, or a downlink
	delay   time.Duration // round trip between two viewers; to the server it is half of that
	slot    time.Duration // in which packets arrive together; 0: each by itself
	narrow  int64         // bits a second of the last viewer's downlink, once it is told to be narrow; 0: no limit
}

func (c config) validate() error {
	switch {
	case c.viewers < 1 || c.viewers > mostViewers:
		return fmt.Errorf("-viewers %d: want 1 to %d", c.viewers, mostViewers)
	case c.uplink < 0 || c.narrow < 0 || c.queue <= 0 || c.delay < 0 || c.slot < 0:
		return fmt.Errorf("-uplink, -downlink, -delay, -slot and -queue cannot be negative, nor -queue be nothing")
	}
	return nil
}

// A place is where one viewer is.
type place struct {
	Address   netip.Addr `json:"address"`
	Namespace string     `json:"namespace"`
}

// What is printed first.
type began struct {
	Server  netip.Addr `json:"server"`
	Viewers []place    `json:"viewers"`
}

// What is printed last.
type ended struct {
	Packets       int64 `json:"packets"` // carried, of all
	Bytes         int64 `json:"bytes"`
	Waited        int64 `json:"waited"`        // packets that had to wait at an uplink
	LongestMillis int64 `json:"longestMillis"` // that one waited there
	Dropped       int64 `json:"dropped"`       // by full uplinks
	Lost          int64 `json:"lost"`          // by full downlinks
	Crowded       int64 `json:"crowded"`       // because the lab itself was full
	Late          int64 `json:"late"`          // packets delivered more than 5 ms late: the machine was too busy for the lab
}

func main() {
	var c config
	flag.IntVar(&c.viewers, "viewers", 2, "`number` of viewers")
	flag.Int64Var(&c.uplink, "uplink", 0, "`bits` a second of each viewer's uplink; 0 for no limit")
	flag.DurationVar(&c.queue, "queue", 200*time.Millisecond, "what may wait at an uplink, or a downlink, as `time`")
	flag.DurationVar(&c.delay, "delay", 0, "round trip `time` between two viewers; to the server it is half of that")
	flag.DurationVar(&c.slot, "slot", 0, "`time` of a slot, in which packets arrive together; 0: each arrives by itself")
	flag.Int64Var(&c.narrow, "downlink", 0, "`bits` a second of one more downlink with each SIGUSR1, the last viewer's first, until SIGUSR2; 0 for no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, c, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "lab: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, c config, out io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	address := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 78, 0, 1}), 24)
	device, err := openDevice("lab0", address)
	if err != nil {
		return err
	}
	defer device.Close()
	first := began{Server: address.Addr()}
	ports := []*port{{address: address.Addr(), device: device}}
	for range c.viewers {
		address = netip.PrefixFrom(address.Addr().Next(), address.Bits())
		device, space, err := newSpace(address)
		if err != nil {
			return err
		}
		defer space.Close()
		defer device.Close()
		ports = append(ports, &port{
			address: address.Addr(), device: device, distance: c.delay / 4,
			uplink: line{rate: c.uplink, queue: c.queue}, downlink: line{queue: c.queue},
		})
		first.Viewers = append(first.Viewers, place{address.Addr(), fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), space.Fd())})
	}
	encoder := json.NewEncoder(out)
	if err := encoder.Encode(first); err != nil {
		return err
	}
	n := newNetwork(c.slot, ports...)
	n.narrow = c.narrow
	signal.Notify(n.told, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(n.told)
	if err := n.run(ctx); err != nil {
		return err
	}
	last := ended{Crowded: n.crowded, Late: n.late}
	for _, p := range n.ports {
		last.Packets += p.packets
		last.Bytes += p.bytes
		last.Waited += p.uplink.waited
		last.LongestMillis = max(last.LongestMillis, p.uplink.longest.Milliseconds())
		last.Dropped += p.dropped
		last.Lost += p.lost
	}
	return encoder.Encode(last)
}
