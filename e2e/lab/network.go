//go:build linux

package main

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	mtu       = 1500
	mostUnder = 1 << 16 // packets under way; more are dropped and counted
	punctual  = 5 * time.Millisecond
)

// A network carries IPv4 packets between its ports. Each has a goroutine that reads, and one goroutine delivers what
// is due. Packets from one port to another keep their order.
type network struct {
	// static
	ports  []*port
	byIP   map[netip.Addr]*port
	slot   time.Duration  // what is due within one is delivered together; 0: each packet when it is due
	began  time.Time      // of the first slot
	handed chan packet    // from the readers to the carrier
	told   chan os.Signal // SIGUSR1: narrow one more downlink, of the last port first; SIGUSR2: none is narrow any more
	narrow int64          // bits a second of one that is

	// owned by the carrier
	under   letters
	count   int64
	crowded int64 // packets dropped because too many were under way
	late    int64 // packets delivered late, because the machine was too busy
}

// A port is where one machine is connected.
type port struct {
	// static
	address  netip.Addr
	distance time.Duration // one way, from here to the middle of the network
	device   io.ReadWriteCloser

	// owned by its reader
	uplink  line
	packets int64 // that it sent and were carried
	bytes   int64
	dropped int64 // that found its uplink's queue full

	// owned by the carrier
	downlink line
	lost     int64 // packets that found its queue full
}

// A packet is under way until it is due.
type packet struct {
	due   time.Time
	order int64
	to    *port
	down  bool // it is through the queue of the downlink
	bytes []byte
}

func newNetwork(slot time.Duration, ports ...*port) *network {
	n := &network{ports: ports, byIP: make(map[netip.Addr]*port), slot: slot, began: time.Now(), handed: make(chan packet, 256), told: make(chan os.Signal, 1)}
	for _, p := range ports {
		n.byIP[p.address] = p
	}
	return n
}

// run carries packets until ctx ends, and closes the devices.
func (n *network) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range n.ports {
		group.Go(func() error { return n.read(ctx, p) })
	}
	group.Go(func() error { return n.carry(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		for _, p := range n.ports {
			p.device.Close()
		}
		return nil
	})
	return group.Wait()
}

func (n *network) read(ctx context.Context, from *port) error {
	var buffer [mtu]byte
	for {
		size, err := from.device.Read(buffer[:])
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read what %v sent: %w", from.address, err)
		}
		to := n.byIP[destination(buffer[:size])]
		if to == nil || to == from {
			continue
		}
		left, ok := from.uplink.admit(time.Now(), size)
		if !ok {
			from.dropped++
			continue
		}
		from.packets++
		from.bytes += int64(size)
		select {
		case n.handed <- packet{due: n.slotOf(left.Add(from.distance + to.distance)), to: to, bytes: slices.Clone(buffer[:size])}:
		case <-ctx.Done():
			return nil
		}
	}
}

// slotOf returns when what would arrive at a time is delivered: half a slot sooner or later at most, and in the mean just then.
func (n *network) slotOf(at time.Time) time.Time {
	if n.slot == 0 {
		return at
	}
	return n.began.Add(at.Sub(n.began).Round(n.slot))
}

func (n *network) carry(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-n.handed:
			n.take(p)
		case signal := <-n.told:
			n.shape(signal)
		case <-timer.C:
		}
		now := time.Now()
		for len(n.under) > 0 && !n.under[0].due.After(now) {
			p := heap.Pop(&n.under).(packet)
			if now.Sub(p.due) > punctual {
				n.late++
			}
			if n.queues(&p, now) {
				continue
			}
			if _, err := p.to.device.Write(p.bytes); err != nil && ctx.Err() == nil {
				return fmt.Errorf("deliver to %v: %w", p.to.address, err)
			}
		}
		if len(n.under) > 0 {
			timer.Reset(n.under[0].due.Sub(now))
		}
	}
}

// shape narrows one more downlink, or widens all; that of the server never is narrow.
func (n *network) shape(signal os.Signal) {
	if signal == syscall.SIGUSR2 {
		for _, p := range n.ports {
			p.downlink.rate = 0
		}
		return
	}
	for i := len(n.ports) - 1; i > 0; i-- {
		if p := n.ports[i]; p.downlink.rate == 0 {
			p.downlink.rate = n.narrow
			return
		}
	}
}

// queues puts a packet that has come to a downlink which is not through with others into its queue, and tells whether it is not to be delivered now.
func (n *network) queues(p *packet, now time.Time) bool {
	if p.down || p.to.downlink.rate == 0 {
		return false
	}
	left, ok := p.to.downlink.admit(now, len(p.bytes))
	if !ok {
		p.to.lost++
		return true
	}
	p.due, p.down = left, true
	heap.Push(&n.under, *p)
	return true
}

func (n *network) take(p packet) {
	if len(n.under) == mostUnder {
		n.crowded++
		return
	}
	n.count++
	p.order = n.count
	heap.Push(&n.under, p)
}

// destination returns where an IPv4 packet goes, nowhere if it is none.
func destination(b []byte) netip.Addr {
	if len(b) < 20 || b[0]>>4 != 4 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(b[16:20]))
}

// letters is a heap: what is due first stands first.
type letters []packet

func (l letters) Len() int      { return len(l) }
func (l letters) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l *letters) Push(p any)   { *l = append(*l, p.(packet)) }

func (l letters) Less(i, j int) bool {
	return cmp.Or(l[i].due.Compare(l[j].due), cmp.Compare(l[i].order, l[j].order)) < 0
}

func (l *letters) Pop() any {
	last := len(*l) - 1
	p := (*l)[last]
	(*l)[last] = packet{}
	*l = (*l)[:last]
	return p
}
