package tracker

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/store"
)

// Control is how the swarm of one stream is run, as its operator wants it.
type Control struct {
	P2P           bool    `json:"p2p"`           // false: no swarm, all viewers get all from the edge
	Share         float64 `json:"share"`         // of the viewers, that may join the swarm, 0 to 1; who does at a smaller share does at a larger
	CellSize      int     `json:"cellSize"`      // members a cell has room for
	Roots         int     `json:"roots"`         // cells that fetch from the edge and feed the others
	MaxUploadKbps int     `json:"maxUploadKbps"` // most that a viewer may lend of its uplink, in kbit/s; 0: no bound but its own
}

// keepDefaults is how long trackers tell each other of a control that was set back to the default. One that was cut off for longer
// than that tells the others of what it remembers when it is back.
const keepDefaults = 7 * 24 * time.Hour

// Bounds of a Control.
const (
	maxRoots   = 100_000
	uploadUnit = 10 // kbit/s: the unit in which viewers are told
	maxUpload  = math.MaxUint16 * uploadUnit
)

// What is wrong with a Control.
var (
	ErrControl  = errors.New("tracker: bad control")
	ErrName     = errors.New("tracker: " + badName)
	ErrControls = errors.New("tracker: too many streams have a control of their own; set some that need none back to the default (shoal control lists them)")
)

func (c Control) validate() error {
	switch {
	case !(c.Share >= 0 && c.Share <= 1): // nor is it no number
		return fmt.Errorf("%w: share %v: choose 0 to 1", ErrControl, c.Share)
	case c.CellSize < 2 || c.CellSize > wire.MaxMembers:
		return fmt.Errorf("%w: cell size %d: choose 2 to %d", ErrControl, c.CellSize, wire.MaxMembers)
	case c.Roots < 1 || c.Roots > maxRoots:
		return fmt.Errorf("%w: %d roots: choose 1 to %d", ErrControl, c.Roots, maxRoots)
	case c.MaxUploadKbps != 0 && (c.MaxUploadKbps < uploadUnit || c.MaxUploadKbps > maxUpload):
		return fmt.Errorf("%w: upload of %d kbit/s: choose %d to %d, or 0 for no bound", ErrControl, c.MaxUploadKbps, uploadUnit, maxUpload)
	}
	return nil
}

// admits tells whether a viewer may join the swarm. IDs are hashes, so a share of all IDs is a share of the viewers, and a larger
// share admits all whom a smaller one does.
func (c Control) admits(id wire.ViewerID) bool {
	share := c.share()
	return share == 1 || float64(id) < share*(1<<64)
}

// share returns the share of viewers that may join the swarm.
func (c Control) share() float64 {
	if !c.P2P {
		return 0
	}
	return c.Share
}

// message returns what a viewer is told, and false where it takes for granted what there is to tell.
func (c Control) message(id wire.ViewerID) (m wire.Control, news bool) {
	if m.Most = uint16(c.MaxUploadKbps / uploadUnit); !c.admits(id) {
		m.Flags = wire.Off
	}
	return m, m != wire.Control{}
}

// controls is what was set, by the name of the stream, whether it has viewers or not: a value that is as by default is not. Of a tracker alone, what is as by
// default is not kept; where there are several it is for a while, so that they know of it.
type controls struct {
	defaults Control // static
	most     int     // static; streams
	shared   bool    // static; there are several trackers

	mu  sync.Mutex // guards what follows
	set map[string]setting
}

// setting is a control that was set, and when: of two, the later one counts.
type setting struct {
	Control
	stamp int64
}

func newControls(config *Config) controls {
	return controls{
		defaults: Control{P2P: true, Share: 1, CellSize: config.CellSize, Roots: config.Roots},
		most:     config.MaxStreams,
		shared:   config.Store != nil,
		set:      map[string]setting{},
	}
}

func (t *controls) of(name string) Control {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.get(name)
}

func (t *controls) get(name string) Control {
	if c, ok := t.set[name]; ok {
		return c.Control
	}
	return t.defaults
}

// change has a function change the control of a stream, if what it makes of it can be.
func (t *controls) change(now time.Time, name string, change func(*Control) error) (Control, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.get(name)
	c := was
	if err := change(&c); err != nil {
		return was, err
	}
	if err := c.validate(); err != nil {
		return was, err
	}
	old, there := t.set[name]
	switch {
	case c == t.defaults && !t.shared:
		delete(t.set, name)
	case !there && !t.room(c):
		return was, ErrControls
	default:
		t.set[name] = setting{c, max(now.UnixMilli(), old.stamp+1)}
	}
	return c, nil
}

// room makes room for a control that is new, if need be by forgetting one that is as by default, unless it is so itself. For the kill
// switch there always is some.
func (t *controls) room(c Control) bool {
	if len(t.set) < t.most {
		return true
	}
	for name, old := range t.set {
		if c != t.defaults && old.Control == t.defaults {
			delete(t.set, name)
			return true
		}
	}
	return !c.P2P
}

func (t *controls) off() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := []string{}
	for name, c := range t.set {
		if c.share() == 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (t *controls) all() map[string]Control {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]Control{}
	for name, c := range t.set {
		if c.Control != t.defaults {
			all[name] = c.Control
		}
	}
	return all
}

// learn takes in what the trackers' store keeps. It returns the streams of which something is news, what the store lacks, and what
// it need not keep any more.
func (t *controls) learn(now time.Time, notes []store.Note) (news []string, lacks, stale []store.Note) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := map[string]int64{}
	for _, n := range notes {
		kept[n.Name] = n.Stamp
		c := setting{t.defaults, n.Stamp}
		if !validName(n.Name) || json.Unmarshal([]byte(n.Text), &c.Control) != nil || c.validate() != nil {
			continue
		}
		old, there := t.set[n.Name]
		if there && n.Stamp <= old.stamp || !there && !t.room(c.Control) {
			continue
		}
		t.set[n.Name] = c
		news = append(news, n.Name)
	}
	for name, c := range t.set {
		stamp, there := kept[name]
		note := store.Note{Name: name, Stamp: c.stamp, Text: t.text(c.Control)}
		switch {
		case t.needless(c, now):
			delete(t.set, name)
			stale = append(stale, note)
		case !there || stamp < c.stamp:
			lacks = append(lacks, note)
		}
	}
	return news, lacks, stale
}

// text returns what of a control is not as by default, as JSON: trackers that are started with other flags go by these for the rest.
func (t *controls) text(c Control) string {
	set := map[string]any{}
	note := func(name string, value, standard any) {
		if value != standard {
			set[name] = value
		}
	}
	d := t.defaults
	note("p2p", c.P2P, d.P2P)
	note("share", c.Share, d.Share)
	note("cellSize", c.CellSize, d.CellSize)
	note("roots", c.Roots, d.Roots)
	note("maxUploadKbps", c.MaxUploadKbps, d.MaxUploadKbps)
	text, _ := json.Marshal(set)
	return string(text)
}

// needless tells whether a control is as by default for so long that no tracker remembers another.
func (t *controls) needless(c setting, now time.Time) bool {
	return c.Control == t.defaults && now.UnixMilli()-c.stamp > keepDefaults.Milliseconds()
}

// Off lists the streams that have no swarm, by the operator's will, in order.
func (t *Tracker) Off() []string { return t.controls.off() }

// ControlOf returns how the swarm of a stream is run, be it known or not.
func (t *Tracker) ControlOf(name string) Control { return t.controls.of(name) }

// SetControl changes how the swarm of a stream is run, now and when it comes. It is applied to those who are there before it
// returns; see govern.
func (t *Tracker) SetControl(name string, c Control) error {
	_, err := t.changeControl(name, func(to *Control) error { *to = c; return nil })
	return err
}

func (t *Tracker) changeControl(name string, change func(*Control) error) (Control, error) {
	if !validName(name) {
		return Control{}, ErrName
	}
	c, err := t.controls.change(time.Now(), name, change)
	if err != nil {
		return c, err
	}
	t.mu.Lock()
	s := t.streams[name]
	t.mu.Unlock()
	t.exchange.hurry()
	if s != nil { // one that comes only now has read it
		s.govern(time.Now())
	}
	return c, nil
}
