package tracker

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/store"
	"github.com/shoal-live/shoal/tracker/trunk"
)

// stranger is another tracker that holds the lease of the stream demo, of which only the words are there.
type stranger struct {
	p      *party
	number uint32
}

const strangersCell = 77

// invite has a tracker begin a session with a stranger that holds the lease.
func (p *party) invite() *stranger {
	p.t.Helper()
	x := &stranger{p: p}
	p.meet.Hold(context.Background(), "stranger", time.Hour, []store.Claim{{Name: "demo", Take: true}})
	return x
}

// say tells the tracker a word.
func (x *stranger) say(kind trunk.Kind, body []byte) {
	x.p.t.Helper()
	t := x.p.worlds[0].tracker
	s := t.streamOf("demo")
	s.mu.Lock()
	if s.tie == nil {
		x.p.t.Fatal("no session was begun")
	}
	w := trunk.Word{Kind: kind, Stream: "demo", Session: s.tie.session, Body: body}
	s.mu.Unlock()
	if kind.Numbered() {
		x.number++
	}
	w.Number = x.number
	x.p.meet.Send(context.Background(), []store.Letter{{To: t.exchange.name, Message: w.Append(trunk.Begin(nil, "stranger"))}})
	synctest.Wait()
}

// roster tells viewers that they are the stranger's cell.
func (x *stranger) roster(of ...*follower) {
	r := wire.Roster{Cell: strangersCell, Version: 1000}
	var to []wire.ViewerID
	for _, f := range of {
		to, r.Members = append(to, f.id), append(r.Members, wire.Member{ID: f.id, Flags: wire.MayUpload, Weight: 100})
	}
	x.say(trunk.Notice, trunk.AppendNotice(nil, strangersCell, to, r.Append(nil)))
}

// A tracker that takes the lease after another has begun to answer tells its viewers anew what it keeps itself.
func TestLeaseIsTakenFromWhoBeganToAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 1, Config{})
		x := p.invite()
		viewers := p.crowd(3)
		time.Sleep(1100 * time.Millisecond)
		x.roster(viewers...)
		time.Sleep(2 * pause)
		synctest.Wait()
		if r := viewers[0].roster; r.Cell != strangersCell {
			t.Fatalf("the viewers are told of cell %d, so nothing is tried", r.Cell)
		}
		p.meet.Drop(context.Background(), "stranger", []string{"demo"})
		p.worlds[0].tracker.exchange.hurry()
		time.Sleep(100 * time.Millisecond) // sooner than silence would tell
		viewers = append(viewers, p.crowd(1)...)
		p.await(500*time.Millisecond, viewers)
		for _, f := range viewers {
			if f.missed > 0 {
				t.Errorf("viewer %x was told %d deltas that do not fit", f.id, f.missed)
			}
		}
	})
}

// Who leaves while a new keeper is still telling of its cells is in none of them afterwards.
func TestWhoLeavesDuringAnAnswerIsForgotten(t *testing.T) {
	for _, how := range []string{"leave", "elsewhere"} {
		t.Run(how, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newParty(t, 1, Config{})
				x := p.invite()
				viewers := p.crowd(3)
				time.Sleep(1100 * time.Millisecond)
				x.roster(viewers...)
				if how == "leave" {
					viewers[0].socket.send(wire.Leave{}.Append(nil))
				} else {
					x.say(trunk.Gone, trunk.AppendEnded(nil, trunk.Ended{ID: viewers[0].id, Joined: p.worlds[0].tracker.millis(time.Now())}))
				}
				time.Sleep(100 * time.Millisecond)
				x.say(trunk.Beat, trunk.Summary{Trackers: 2}.Append(nil))
				s := p.worlds[0].tracker.streamOf("demo")
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.mirror == nil {
					t.Fatal("the answer was not taken")
				}
				if _, there := s.mirror.homes[viewers[0].id]; there || s.mirror.count[strangersCell] != 2 {
					t.Errorf("known are %v, %d of the cell", s.mirror.homes, s.mirror.count[strangersCell])
				}
			})
		})
	}
}

// A part of the store is away, as a server of a Cluster may be: streams whose leases are elsewhere do not feel it.
func TestPartOfTheStoreIsAway(t *testing.T) {
	for _, lacking := range []string{"notes", "other"} {
		t.Run(lacking, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newParty(t, 3, Config{})
				for i, way := range p.ways {
					way.lacks.Store(&lacking)
					p.worlds[i].join("other")
				}
				viewers := p.crowd(12)
				p.await(10*time.Second, viewers)
				time.Sleep(restlessFor + 5*time.Second)
				synctest.Wait()
				for i, w := range p.worlds {
					for name, want := range map[string]bool{"demo": true, "other": lacking == "notes"} {
						s := w.tracker.streamOf(name)
						s.mu.Lock()
						if calm := s.calm(time.Now()); calm != want {
							t.Errorf("tracker %d, stream %s: calm is %v", i, name, calm)
						}
						s.mu.Unlock()
					}
					if p.ways[i].faults.Load() == 0 {
						t.Error("no fault was injected")
					}
				}
				if k := p.keepers(); len(k) != 1 {
					t.Errorf("trackers %v keep the cells", k)
				}
			})
		})
	}
}

// The log says once that the store is away, and once that it is back.
func TestStoreIsAwayAndBackInTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log bytes.Buffer
		p := newParty(t, 1, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		p.crowd(2)
		for _, away := range []bool{true, false} {
			p.ways[0].away.Store(away)
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		if gone, back := strings.Count(log.String(), "cannot be reached"), strings.Count(log.String(), "reached again"); gone != 1 || back != 1 {
			t.Errorf("said %d times that the store is away, and %d that it is back:\n%s", gone, back, log.String())
		}
	})
}

// A tracker whose streams have all gone has no leases to look at: that they did not fail does not say that the store is back.
func TestNoStreamsDoNotBringTheStoreBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log bytes.Buffer
		p := newParty(t, 1, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		p.crowd(1)
		p.ways[0].away.Store(true)
		time.Sleep(10 * time.Second)
		p.guests[0].socket.send(wire.Leave{}.Append(nil))
		time.Sleep(keepStream + 2*retireEvery)
		synctest.Wait()
		if n := len(p.worlds[0].tracker.all()); n > 0 {
			t.Fatalf("%d streams are left", n)
		}
		if strings.Contains(log.String(), "reached again") {
			t.Errorf("the store is away, and the log says:\n%s", log.String())
		}
		p.ways[0].away.Store(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := strings.Count(log.String(), "reached again"); n != 1 {
			t.Errorf("the store is back, which the log says %d times:\n%s", n, log.String())
		}
	})
}

// One beat that is late, while the store fails, does not make two swarms of one.
func TestALateBeatIsWaitedFor(t *testing.T) {
	if least := 2*beatEvery + 2*tick; cutOffAfter < least || silentAfter < least {
		t.Errorf("a keeper is given up after %v or %v, two beats take %v", cutOffAfter, silentAfter, least)
	}
}

// The keeper is lost, and who has taken the lease meanwhile is lost too, before it has said a word: who was a guest keeps the cells itself.
func TestWhoHoldsTheLeaseNeverAnswers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newParty(t, 2, Config{})
		viewers := p.gather(10)
		p.await(5*time.Second, viewers)
		keeper := p.keepers()[0]
		stays := p.at(1 - keeper)
		demo := store.Claim{Name: "demo", Take: true}
		p.meet.Drop(context.Background(), p.worlds[keeper].tracker.exchange.name, []string{demo.Name})
		p.meet.Hold(context.Background(), "lost as well", leaseFor, []store.Claim{demo})
		p.kill(keeper)
		time.Sleep(2 * leaseFor)
		p.drawn++
		p.await(frozenFor, append(slices.Clone(stays), p.join(1-keeper, p.drawn)))
		if holder := p.meet.Hold(context.Background(), "", 0, []store.Claim{{Name: demo.Name}})[0].Holder; holder != p.worlds[1-keeper].tracker.exchange.name {
			t.Errorf("the lease is held by %q", holder)
		}
	})
}

// Nothing can be sent to one tracker of three, whose part of the store does not answer: controls are told to all for all that, and
// while others can be sent to, the store is not said to be away.
func TestAPartThatCarriesNothingIsNotTheStore(t *testing.T) {
	for _, which := range []string{"keeper", "guest"} {
		t.Run("to the "+which, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var log bytes.Buffer
				p := newParty(t, 3, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
				p.await(10*time.Second, p.gather(12))
				lost := p.keepers()[0]
				if which == "guest" {
					lost = (lost + 1) % 3
				}
				for _, way := range p.ways {
					way.unsent.Store(&[]string{p.worlds[lost].tracker.exchange.name})
				}
				for range 40 {
					time.Sleep(500 * time.Millisecond)
					synctest.Wait()
					for i, w := range p.worlds {
						if text := w.tracker.warning(); text != "" {
							t.Fatalf("tracker %d warns: %s", i, text)
						}
					}
				}
				if which == "guest" && strings.Contains(log.String(), "cannot be reached") {
					t.Errorf("the log says that the store is away:\n%s", log.String())
				}
				var faults int64
				for _, way := range p.ways {
					faults += way.faults.Load()
				}
				if faults == 0 {
					t.Error("no fault was injected")
				}
			})
		})
	}
}

// Nothing can be sent to anybody, though leases are told: that is said, also where a tracker that was sent to has gone for good.
func TestNobodyCanBeSentTo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log bytes.Buffer
		p := newParty(t, 3, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		p.await(10*time.Second, p.gather(12))
		p.worlds[p.keepers()[0]].stop()
		time.Sleep(2 * leaseFor)
		synctest.Wait()
		before := strings.Count(log.String(), "carries nothing")
		var all []string
		for _, w := range p.worlds {
			all = append(all, w.tracker.exchange.name)
		}
		for _, way := range p.ways {
			way.unsent.Store(&all)
		}
		time.Sleep(2 * leaseFor)
		synctest.Wait()
		if after := strings.Count(log.String(), "carries nothing"); before != 0 || after == 0 {
			t.Errorf("it was said %d times before, and %d times when it was so", before, after)
		}
	})
}
