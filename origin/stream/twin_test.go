package stream

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/origin/hls/strict"
)

// pair is two origins that take one broadcast.
type pair struct {
	t        *testing.T
	sessions [2]*Session
}

func newPair(t *testing.T) *pair {
	p := &pair{t: t}
	for i := range p.sessions {
		all := newStreams(t, t.TempDir())
		p.sessions[i] = publish(t, all, "demo")
		if err := p.sessions[i].SetTracks(tracks(t, 2)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second) // of virtual time: the epochs differ
	}
	return p
}

func (p *pair) stream(i int) *Stream { return p.sessions[i].Stream() }

// play broadcasts to those that live; the other one is what is known of the dead.
func (p *pair) play(from, to time.Duration, asked int, alive ...int) {
	p.t.Helper()
	for at := from; at < to; at += 200 * time.Millisecond {
		if asked >= 0 {
			p.stream(asked).Ask()
		}
		for _, i := range alive {
			send(p.t, p.sessions[i], at, at+200*time.Millisecond)
		}
		if len(alive) == 2 {
			for i := range p.sessions {
				d := p.stream(1 - i).Describe()
				p.stream(i).Beside(Twin{
					Epoch: d.Epoch, Next: d.NextMSN, Discontinuity: d.Discontinuity, Leads: d.Asked || i == 1,
				})
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (p *pair) view(i int) *hls.View {
	v, _ := p.stream(i).Window(0).View()
	return v
}

// ahead fails unless origin i has nothing that would be seen to go back by who comes from the other one.
func (p *pair) ahead(i int) {
	p.t.Helper()
	a, b := p.stream(i), p.stream(1-i)
	v, w := p.view(i), p.view(1-i)
	if a.Epoch() <= b.Epoch() {
		p.t.Errorf("epoch %d, the other's %d", a.Epoch(), b.Epoch())
	}
	newest := w.Newest()
	for _, s := range v.Segments {
		if s.MSN <= newest.MSN || s.Discontinuity <= newest.Discontinuity {
			p.t.Errorf("lists segment %d after %d discontinuities; the other has %d after %d", s.MSN, s.Discontinuity, newest.MSN, newest.Discontinuity)
		}
	}
	if len(v.Segments) == 0 && v.Open == nil {
		p.t.Error("has nothing to list")
	}
}

// Clause: backup-origin
func TestTwinThatIsNotAskedStaysAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.play(0, 10*time.Second, -1, 0, 1) // nobody is asked: the first leads
		p.ahead(1)
		msn, epoch := p.stream(1).Describe().NextMSN, p.stream(1).Epoch()
		p.play(10*time.Second, 20*time.Second, 0, 0, 1)
		p.ahead(1)
		if got := p.stream(1).Epoch(); got != epoch {
			t.Errorf("epoch %d became %d though it was ahead", epoch, got)
		}
		if got := p.stream(1).Describe().NextMSN - msn; got < 4 || got > 6 {
			t.Errorf("%d segments in 10 s of two that are cut alike", got)
		}

		before := p.view(0).Newest().MSN
		p.play(20*time.Second, 30*time.Second, 1, 1) // the first is dead, as far as anybody knows
		v := p.view(1)
		if v.Segments[0].MSN <= before || v.Segments[0].MSN > before+4 {
			t.Errorf("lists from %d on after %d", v.Segments[0].MSN, before)
		}
		for i, s := range v.Segments[1:] {
			if s.MSN != v.Segments[i].MSN+1 || s.Break {
				t.Errorf("segment %d follows %d", s.MSN, v.Segments[i].MSN)
			}
		}

		p.play(30*time.Second, 40*time.Second, 1, 0, 1) // it is back, and not asked
		p.ahead(0)
		for _, s := range p.sessions {
			s.Close()
		}
	})
}

// TestTwinThatIsAskedHasMoreDiscontinuities: the connection to the origin that is asked breaks several times, the other one's does not.
// Whoever moves over then sees the discontinuity sequence go on.
//
// Clause: backup-origin
func TestTwinThatIsAskedHasMoreDiscontinuities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.play(0, 10*time.Second, 0, 0, 1)
		epoch := p.stream(1).Epoch()
		at := 10 * time.Second
		for range 6 {
			if err := p.sessions[0].SetTracks(tracks(t, 2)); err != nil {
				t.Fatal(err)
			}
			p.play(at, at+3*time.Second, 0, 1)
			p.play(at+3*time.Second, at+6*time.Second, 0, 0, 1)
			at += 6 * time.Second
		}
		p.play(at, at+6*time.Second, 0, 0, 1)
		p.ahead(1)
		if p.stream(1).Epoch() != epoch {
			t.Error("another epoch")
		}
		before := sequence(t, p.stream(0))
		p.play(at+6*time.Second, at+12*time.Second, 1, 1)
		if after := sequence(t, p.stream(1)); after < before {
			t.Errorf("the discontinuity sequence was %d and is %d", before, after)
		}
		for _, s := range p.sessions {
			s.Close()
		}
	})
}

func sequence(t *testing.T, s *Stream) uint64 {
	t.Helper()
	p, err := strict.Parse(playlist(s))
	if err != nil {
		t.Fatal(err)
	}
	return p.DiscontinuitySequence
}

func TestSeedMakesKeys(t *testing.T) {
	keys := map[string]bool{}
	for _, c := range []struct{ seed, name string }{{"a seed of 16 bytes", "one"}, {"a seed of 16 bytes", "two"}, {"another seed 16 b.", "one"}} {
		for range 2 { // two origins
			all := newStreams(t, t.TempDir())
			all.config.Seed = []byte(c.seed)
			keys[publish(t, all, c.name).Stream().PublicKey()] = true
		}
	}
	if len(keys) != 3 {
		t.Errorf("%d keys of three seeds and names", len(keys))
	}
}

// TestLostBesideATwin: who is numbered anew, ahead of its twin, after it was killed, does not list what was lost in the kill.
//
// Clause: backup-origin
func TestLostBesideATwin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := publish(t, newStreams(t, dir), "demo")
		send(t, s, 0, 5*time.Second)
		time.Sleep(7 * time.Second)
		all := newStreams(t, dir) // the first one dies without a word
		all.Get("demo").Beside(Twin{Epoch: s.Stream().Epoch() + 10, Next: 50, Discontinuity: 3, Leads: true})
		again := publish(t, all, "demo")
		send(t, again, 0, 5*time.Second)
		if first := listed(t, again.Stream(), 0).Segments[0]; first.Gap || first.MSN <= 50+unseen {
			t.Errorf("the list begins with %+v", first)
		}
	})
}
