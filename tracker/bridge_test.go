package tracker

import (
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/shoal-live/shoal/swarm/wire"
)

// nextBridges returns the next list of bridges, whatever Deltas come before it.
func (v *testViewer) nextBridges() []wire.Bridge {
	v.t.Helper()
	message := v.next()
	for message != nil && message[0] == byte(wire.TypeDelta) {
		message = v.next()
	}
	b, err := wire.ParseBridges(message)
	if err != nil {
		v.t.Fatal("bridges:", err)
	}
	return b.Bridges
}

func TestSignalsPassOverBridges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, Config{CellSize: 2, Roots: 1})
		a, b, child := w.join("demo"), w.join("demo"), w.join("demo")
		if child.roster.Depth != 1 || a.roster.Depth != 0 {
			t.Fatalf("the second cell has depth %d, the first %d", child.roster.Depth, a.roster.Depth)
		}
		up := child.nextBridges()
		if len(up) != 1 || up[0].Role != wire.Feeder {
			t.Fatalf("the follower is told %+v", up)
		}
		feeder, other := a, b
		if up[0].Member.ID == b.id {
			feeder, other = b, a
		}
		if down := feeder.nextBridges(); len(down) != 1 || down[0].Role != wire.Follower || down[0].Member.ID != child.id {
			t.Fatalf("the feeder is told %+v", down)
		}
		feeder.nextDelta()
		other.nextDelta()
		child.send(signalTo(feeder.id, "offer"))
		if s := feeder.nextSignal(); s.Peer != child.id || string(s.Payload) != "\x01offer" {
			t.Errorf("signal %+v", s)
		}
		feeder.send(signalTo(child.id, "answer"))
		if s := child.nextSignal(); s.Peer != feeder.id || string(s.Payload) != "\x01answer" {
			t.Errorf("signal %+v", s)
		}
		child.send(signalTo(other.id, "stranger"))
		other.silent()

		feeder.send(wire.Update{Flags: wire.MayUpload | wire.Hidden, Weight: 100}.Append(nil))
		if down := feeder.nextBridges(); len(down) != 0 {
			t.Errorf("the hidden feeder is told %+v", down)
		}
		if up := child.nextBridges(); len(up) != 1 || up[0].Member.ID != other.id {
			t.Errorf("the follower is told %+v in its stead", up)
		}
		if down := other.nextBridges(); len(down) != 1 || down[0].Member.ID != child.id {
			t.Errorf("the new feeder is told %+v", down)
		}
		again := w.open() // on another socket it is told all anew
		again.send(wire.Join{Flags: wire.MayUpload, Weight: 100, Secret: secret(3), Stream: "demo"}.Append(nil))
		again.welcomed()
		if up := again.nextBridges(); len(up) != 1 || up[0].Member.ID != other.id {
			t.Errorf("the follower that came back is told %+v", up)
		}
	})
}

func TestPlacesOfViewersFormTheCells(t *testing.T) {
	bubble(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		w := newWorld(t, Config{CellSize: 4, AddressHeader: "X-Real-IP", RegionHeader: "X-Region", Registry: registry})
		join := func(region string) wire.Roster {
			v, _, err := w.dial(http.Header{"X-Real-Ip": {"192.168.2.1"}, "X-Region": {region}})
			if err != nil {
				t.Fatal(err)
			}
			v.read()
			v.send(w.joinMessage("demo"))
			v.welcomed()
			return v.roster
		}
		cells := map[string]uint32{}
		for i := range 8 {
			region := []string{"eu", "na"}[i%2]
			r := join(region)
			if i >= 6 && cells[region] != r.Cell {
				t.Errorf("a viewer of %s came to cell %d, others of it to %d", region, r.Cell, cells[region])
			}
			cells[region] = r.Cell
		}
		if cells["eu"] == cells["na"] {
			t.Error("one cell for both regions")
		}
		time.Sleep(time.Second)
		for name, want := range map[string]float64{
			"shoal_tracker_cells": 2, "shoal_tracker_roots": 2, "shoal_tracker_bridges": 0, "shoal_tracker_moves_total": 2,
		} {
			if got := gauge(t, registry, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	})
}

// gauge returns the value of a stream's series.
func gauge(t *testing.T, registry *prometheus.Registry, name string) float64 {
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	t.Errorf("no series %s", name)
	return 0
}
