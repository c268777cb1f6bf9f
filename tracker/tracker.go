// Package tracker knows who is here. Viewers of a stream come by WebSocket; the tracker puts them into cells, tells
// each the roster of its cell and every change of it, relays the offers, answers and candidates by which they link
// to each other, and sums what they report into metrics. It knows nothing of media, and no stream needs it: without
// a tracker viewers play from the edge.
//
// Each WebSocket message is one message of package wire. A socket begins with Join, which is answered by Welcome and
// Roster, or by Refused and a close. Then Deltas come, at most one each CellGap for a cell, and Bridges. A Signal is
// passed on only within the cell and over bridges, and its sender is stamped here. What a viewer says in a Beacon is
// believed within bounds.
//
// Everything is bounded: sockets and streams, in all and by address, joins by address, messages by viewer, the queue
// towards a viewer. A viewer too slow for its Deltas loses them and is sent the whole Roster once it has caught up.
//
// Who sits in which cell is kept by package cell, which knows no sockets; here are the sockets, which know no cells.
// Several trackers serve one swarm when they share a store: one of them keeps the cells of a stream, the others are its
// guests (keeper.go, guest.go, ghosts.go, mirror.go, lead.go), and exchange is how they talk. A tracker alone keeps all cells itself.
//
// No address, place or viewer ID leaves the tracker in logs, metrics or statistics.
//
// New starts nothing; Run owns all that goes on and closes every socket when its context ends.
package tracker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/token"
	"github.com/shoal-live/shoal/tracker/quota"
	"github.com/shoal-live/shoal/tracker/stun"
)

const (
	tick        = 50 * time.Millisecond // how often waiting deltas are looked at
	farewell    = time.Second           // how long a closing socket may take to say so
	keepStream  = time.Minute           // how long a stream is remembered after its last viewer
	retireEvery = 10 * time.Second
	beatEvery   = 500 * time.Millisecond // to other trackers

	bridgePatience = 15 * time.Second // how long two viewers may take to link that are the ends of a bridge
)

// errNotRunning is what a tracker says of itself before Run and after.
var errNotRunning = errors.New("tracker: not running")

// Tracker introduces the viewers of each stream to each other.
type Tracker struct {
	config   Config                   // static
	log      *slog.Logger             // static
	started  time.Time                // static; all that is no date counts from it, by the clock that nobody sets
	upgrade  websocket.Upgrader       // static
	stun     *stun.Responder          // static; nil if there is none
	joins    *quota.Table             // static
	places   *quota.Places            // static; sockets by address
	uses     *quota.Buckets[token.ID] // static; joins by token
	seats    seats
	names    *quota.Table  // static; new streams by address
	opened   *quota.Places // static; streams by the address that named them first
	privacy  privacy       // static
	metrics  metrics
	wheel    wheel
	hold     hold
	readers  readers   // static
	exchange *exchange // static

	unreadable sync.Once // says that an address header is
	stranger   sync.Once // says that pages of another origin come

	controls controls
	shown    figures

	mu      sync.Mutex // guards what follows
	open    bool
	sockets int
	streams map[string]*stream
	done    chan struct{} // closed when Run ends

	running sync.WaitGroup // the goroutines of all viewers
}

// New returns a tracker, or a ConfigError if there can be none of this kind. It starts nothing: see Run.
func New(config Config) (*Tracker, error) {
	if err := config.validate(); err != nil {
		return nil, ConfigError(err.Error())
	}
	t := &Tracker{
		config:  config,
		log:     config.Log,
		started: time.Now(),
		upgrade: newUpgrader(),
		joins:   quota.New(config.JoinsPerSecond, config.JoinBurst),
		places:  quota.NewPlaces(config.ViewersPerAddress),
		uses:    quota.NewBuckets[token.ID](config.JoinsPerToken, config.TokenBurst),
		seats:   newSeats(config.ViewersPerToken),
		names:   quota.New(config.StreamsPerSecond, config.StreamBurst),
		opened:  quota.NewPlaces(config.StreamsPerAddress),
		streams: map[string]*stream{},
		done:    make(chan struct{}),
		hold:    newHold(),
		readers: make(readers),
	}
	if config.STUNAddr != "" {
		t.stun = stun.New(config.STUNAddr)
	}
	t.controls = newControls(&config)
	var err error
	if t.privacy, err = newPrivacy(config); err != nil {
		return nil, ConfigError(err.Error())
	}
	t.metrics = newMetrics(t)
	t.exchange = newExchange(t, config.Store)
	if config.Registry != nil {
		if err := config.Registry.Register(&t.metrics); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Ready tells whether viewers may come.
func (t *Tracker) Ready() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.open {
		return errNotRunning
	}
	return nil
}

// Run serves until ctx ends, then closes all sockets and returns when nothing of the tracker runs any more. It can
// run once.
func (t *Tracker) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var background sync.WaitGroup
	if t.stun != nil {
		if err := t.stun.Listen(ctx); err != nil {
			return err
		}
		background.Go(func() { t.stun.Run(ctx) })
	}
	if err := t.privacy.listen(ctx, &background, t.log); err != nil {
		cancel()
		background.Wait()
		return err
	}
	talking, hush := context.WithCancel(context.WithoutCancel(ctx))
	defer hush()
	background.Go(func() { t.exchange.run(talking) })
	background.Go(func() { t.hold.run(ctx) })
	for range standing {
		background.Go(func() { t.readers.run(ctx) })
	}
	t.setOpen(true)
	t.beat(ctx)
	t.setOpen(false)
	t.exchange.retreat()
	t.closeAll()
	hush()
	background.Wait()
	return nil
}

func (t *Tracker) setOpen(open bool) {
	t.mu.Lock()
	t.open = open
	t.mu.Unlock()
}

// beat does what must be done now and then, until ctx ends.
func (t *Tracker) beat(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	turned, retired, beaten := time.Now(), time.Now(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		for _, s := range t.all() {
			s.tick(now)
		}
		for ; now.Sub(turned) >= pingEvery/wheelSlots; turned = turned.Add(pingEvery / wheelSlots) {
			t.wheel.turn(now)
		}
		if t.exchange.store != nil && now.Sub(beaten) >= beatEvery {
			beaten = now
			for _, s := range t.all() {
				s.beat(now)
			}
		}
		if now.Sub(retired) >= retireEvery {
			retired = now
			t.retire(now)
		}
	}
}

// closeAll says goodbye to all viewers, waits for them, and closes those that do not answer.
func (t *Tracker) closeAll() {
	close(t.done)
	viewers := t.wheel.all()
	for _, v := range viewers {
		v.move(moveWithin)
	}
	late := time.AfterFunc(2*farewell, func() {
		for _, v := range viewers {
			v.conn.Close()
		}
	})
	t.running.Wait()
	late.Stop()
	if n := len(viewers); n > 0 {
		t.log.Info("tracker: stopped", "viewers", n)
	}
}

// millis returns the tracker's time, which is the cells' too: milliseconds since it was made, whatever happens to the wall clock.
func (t *Tracker) millis(now time.Time) int64 { return now.Sub(t.started).Milliseconds() }
