//go:build linux

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// A siege is many connections that mean no good, beside one stream that is broadcast and read. It fails unless every part
// of that stream comes, each in its place.

// besieged is what was seen.
type besieged struct {
	Connections   int                             `json:"connections"` // at once
	Opened        int64                           `json:"opened"`      // in all: one that the origin ends is followed by another
	Open          int                             `json:"open"`        // at the end
	Kinds         map[string]*kindReport          `json:"kinds"`
	Parts         int                             `json:"parts"` // of the stream
	PartMillis    float64                         `json:"partMillis"`
	PartAgeMillis struct{ Median, Worst float64 } `json:"partAgeMillis"`
	Newcomer      float64                         `json:"newcomerSeconds"` // until the first playlist of who began to broadcast amid it
	Memory        struct{ Before, Most int }      `json:"memoryBytes"`
}

type kindReport struct {
	Connections int   `json:"connections"`
	Opened      int64 `json:"opened"`
	ByServer    int64 `json:"ended"` // by the origin
}

// besiege runs a siege and prints what was seen, one JSON object.
func besiege(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("siege", flag.ContinueOnError)
	shoal := flags.String("shoal", "bin/shoal", "`program` of the origin")
	file := flags.String("clip", "cmd/shoal/demo/clip.mp4", "`file` that is broadcast")
	connections := flags.Int("connections", 1000, "hostile `connections` at once")
	seconds := flags.Int("seconds", 8, "`seconds` of it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	clip, err := readClip(*file)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, *shoal, nil)
	if err != nil {
		return err
	}
	defer h.close()
	r, err := h.besieged(ctx, clip, *connections, time.Duration(*seconds)*time.Second)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, h.Told())
	}
	return json.NewEncoder(out).Encode(r)
}

func (h *house) besieged(ctx context.Context, clip *clip, connections int, long time.Duration) (*besieged, error) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	group, running := errgroup.WithContext(running)
	client := newClient()
	defer client.CloseIdleConnections()
	broadcast := func(name string) (*reader, error) {
		key, err := h.keys.Add(name)
		if err != nil {
			return nil, err
		}
		p := &publisher{clip: clip, sent: new(sent)}
		group.Go(func() error {
			for { // as broadcasters' tools do, who do not know why they were not let in
				err := p.run(running, h.rtmp, key)
				if running.Err() != nil {
					return nil
				}
				if name == "show" {
					return err
				}
				_ = pass(running, time.Second/2)
			}
		})
		return &reader{client: client, base: "http://" + h.http + "/live/" + name, sent: p.sent}, nil
	}
	show, err := broadcast("show")
	if err != nil {
		return nil, err
	}
	group.Go(func() error { return show.run(running) })
	if err := pass(running, 3*time.Second); err != nil {
		return nil, cmp.Or(group.Wait(), err)
	}

	r := &besieged{Connections: connections, Kinds: map[string]*kindReport{}}
	if r.Memory.Before, err = h.Resident(); err != nil {
		return nil, err
	}
	var foes sync.WaitGroup
	var open atomic.Int64
	counts := make([]foeCount, len(foeKinds))
	for i := range connections {
		kind := i % len(foeKinds)
		foes.Go(func() {
			(&foe{kind: foeKinds[kind], house: h, number: i, count: &counts[kind], open: &open}).run(running)
		})
	}
	group.Go(func() error {
		for running.Err() == nil {
			if now, err := h.Resident(); err == nil {
				r.Memory.Most = max(r.Memory.Most, now)
			}
			_ = pass(running, 200*time.Millisecond)
		}
		return nil
	})
	_ = pass(running, long/4)
	late, err := broadcast("newcomer")
	if err != nil {
		return nil, err
	}
	began := time.Now()
	group.Go(func() error {
		if _, err := late.begin(running); err == nil {
			r.Newcomer = rounded(time.Since(began).Seconds(), 2)
		}
		return nil
	})
	_ = pass(running, long-long/4)
	r.Open = int(open.Load())
	cancel()
	foes.Wait()
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, k := range foeKinds {
		n := connections / len(foeKinds)
		if i < connections%len(foeKinds) {
			n++
		}
		r.Kinds[k.name] = &kindReport{n, counts[i].opened.Load(), counts[i].ended.Load()}
		r.Opened += counts[i].opened.Load()
	}
	r.Parts, r.PartMillis = show.parts, millis(show.longest)
	slices.Sort(show.ages)
	if n := len(show.ages); n > 0 {
		r.PartAgeMillis.Median, r.PartAgeMillis.Worst = millis(show.ages[n/2]), millis(show.ages[n-1])
	}
	return r, nil
}

// A foe is one hostile connection after another.
type foe struct {
	kind   foeKind
	house  *house
	number int
	count  *foeCount
	open   *atomic.Int64 // of all foes
}

type foeCount struct{ opened, ended atomic.Int64 }

// run is hostile until ctx ends: each foe comes from an address of its own, of 127.0.0.0/8.
func (f *foe) run(ctx context.Context) {
	from := net.IPv4(127, byte(1+f.number/250), byte(f.number%250), byte(1+f.number%200))
	for ctx.Err() == nil {
		door := f.kind.door(f.house)
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: 5 * time.Second}
		if door.Network() == "udp" {
			d.LocalAddr = &net.UDPAddr{IP: from}
		}
		c, err := d.DialContext(ctx, door.Network(), door.String())
		if err == nil {
			f.count.opened.Add(1)
			f.open.Add(1)
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			f.kind.be(ctx, c, f)
			f.open.Add(-1)
			if stop() {
				f.count.ended.Add(1)
			}
			_ = c.Close()
		}
		_ = pass(ctx, 2*time.Second)
	}
}
