package viewer

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

// desk is a session whose loop does not run: the test says what happens.
type desk struct {
	*session
	private ed25519.PrivateKey
}

func newDesk(t *testing.T) desk {
	t.Helper()
	v, err := New(Config{URL: "http://h/live/show/index.m3u8"})
	if err != nil {
		t.Fatal(err)
	}
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	s, err := newSession(v, private.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	s.follower.asks = make(chan place, 1)
	ended, end := context.WithCancel(t.Context())
	end() // fetches fail
	s.ending = ended
	close(s.done)
	t.Cleanup(s.joined.Wait)
	return desk{s, private}
}

func (d desk) part(msn uint64, n uint16) part {
	r := wire.Record{ID: wire.ChunkID{Epoch: 7, MSN: msn, Part: n}, PieceSize: 1024, Size: 5000, Duration: 300_000}
	r.Signature = [64]byte(ed25519.Sign(d.private, r.SignedBytes()))
	return part{record: r, url: fmt.Sprintf("http://h/live/show/v0/7/s%d.%d.m4s", msn, n)}
}

// list is a playlist of the first n parts of segment 40.
func (d desk) list(n int) update {
	m := media{msn: 40, next: n, listed: n}
	for i := range n {
		m.parts = append(m.parts, d.part(40, uint16(i)))
	}
	return update{media: m, ok: true, waits: true}
}

// asked returns what the follower is asked for; "" for nothing.
func (d desk) asked() string {
	select {
	case p := <-d.follower.asks:
		return fmt.Sprintf("%d.%d", p.msn, p.part)
	default:
		return ""
	}
}

// TestSilence: when neither records nor answers come, the playlist is loaded whatever the scheduler says; once at a time.
func TestSilence(t *testing.T) {
	d := newDesk(t)
	d.reloads.under = true
	if d.silence() != never {
		t.Error("silent while the follower begins by itself")
	}
	d.do(func(scheduler.Time) { d.learn(0, d.list(3)) })
	if got, want := d.silence(), silenceParts*300*scheduler.Millisecond; got != want {
		t.Errorf("silence from %d on, want %d", got, want)
	}
	d.do(func(scheduler.Time) { d.tendReloads(899 * scheduler.Millisecond) })
	if got := d.asked(); got != "" {
		t.Errorf("asked for %s before there was silence", got)
	}
	d.do(func(scheduler.Time) { d.tendReloads(900 * scheduler.Millisecond) })
	if got := d.asked(); got != "40.3" {
		t.Errorf("asked for %q", got)
	}
	d.do(func(scheduler.Time) { d.reload(true) })
	if got := d.asked(); got != "" || d.silence() != never {
		t.Errorf("asked for %q while a reload is under way", got)
	}
	d.do(func(scheduler.Time) { d.learn(scheduler.Second, update{waits: true}) }) // it failed
	if d.reloads.owed || d.reloads.under || d.silence() > scheduler.Second {
		t.Errorf("after a failure: %+v, silence at %d", d.reloads, d.silence())
	}
}

// TestLearnReloadsForNewest: where something is missing, a reload asks for the newest part that is staged, whose playlist has all of the gap.
func TestLearnReloadsForNewest(t *testing.T) {
	d := newDesk(t)
	d.do(func(scheduler.Time) { d.learn(0, d.list(3)) })
	for _, n := range []uint16{5, 6} { // 40.3 and 40.4 are missing
		r := d.part(40, n).record
		d.do(func(now scheduler.Time) { d.feed.tell(now, entryOf(scheduler.Chunk(100+n), &r)) })
	}
	d.do(func(scheduler.Time) { d.reload(true) })
	if got := d.asked(); got != "40.6" {
		t.Errorf("asked for %q while parts before 40.6 are missing", got)
	}
	d.do(func(scheduler.Time) { d.learn(0, d.list(7)) })
	d.do(func(scheduler.Time) { d.reload(true) })
	if got := d.asked(); got != "40.7" {
		t.Errorf("asked for %q once the gap is filled", got)
	}
}

// TestLearnsOnce: what a playlist lists again is not verified again, and what is forged is not learned.
func TestLearnsOnce(t *testing.T) {
	d := newDesk(t)
	d.do(func(scheduler.Time) { d.learn(0, d.list(3)) })
	u := d.list(5)
	for i := range u.parts[:3] {
		u.parts[i].record.Signature[0] ^= 1 // known: nobody looks
	}
	u.parts[4].record.Signature[0] ^= 1
	d.do(func(scheduler.Time) { d.learn(0, u) })
	if n := d.refused.Load(); n != 1 || len(d.store.chunks) != 4 || d.feed.next() != (place{40, 4}) {
		t.Errorf("%d refused, %d chunks, next %+v", n, len(d.store.chunks), d.feed.next())
	}
	if got := d.pattern.url(wire.ChunkID{Epoch: 7, MSN: 41, Part: 2}); got != d.part(41, 2).url {
		t.Errorf("the next segment's part is at %q", got)
	}
	if want := scheduler.Time((defaultHold * holdBackPercent / 100) / time.Microsecond); d.head.HoldBack != want {
		t.Errorf("plays %d behind live, want %d", d.head.HoldBack, want)
	}
}

// TestForgedRecordOfPeer: a peer's record counts only with the stream's signature.
func TestForgedRecordOfPeer(t *testing.T) {
	d := newDesk(t)
	d.do(func(scheduler.Time) { d.learn(0, d.list(3)) })
	r := d.part(40, 3).record
	r.Signature[0] ^= 1
	for _, b := range [][]byte{r.Append(nil), r.Append(nil)[:100], nil} {
		d.do(func(scheduler.Time) { d.takeRecord(scheduler.Action{Kind: scheduler.TakeRecord, Peer: 1, Bytes: b}) })
	}
	if d.feed.next() != (place{40, 3}) || d.refused.Load() != 1 {
		t.Errorf("next %+v, %d refused", d.feed.next(), d.refused.Load())
	}
}

// TestMemberByTracker: a viewer tells edges that a tracker counts it while one does, and not where it has the swarm but no tracker any more.
func TestMemberByTracker(t *testing.T) {
	d := newDesk(t)
	tells := func() bool {
		d.do(func(scheduler.Time) {
			d.reloads.under = false
			d.reload(true)
		})
		d.asked()
		return d.follower.member.Load()
	}
	if tells() {
		t.Error("before it has joined")
	}
	d.do(func(now scheduler.Time) {
		d.socket = &socket{out: make(chan []byte, 1)}
		d.core.TrackerUp(now)
		d.core.TrackerMessage(now, wire.Roster{Cell: 1, Version: 1}.Append(nil))
	})
	if !tells() {
		t.Error("not as a member")
	}
	d.do(func(scheduler.Time) { d.socket = nil })
	if d.p2p() != "on" || tells() {
		t.Errorf("without its tracker, p2p %s", d.p2p())
	}
}
