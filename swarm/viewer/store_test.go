package viewer

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/shoal-live/shoal/swarm/scheduler"
	"github.com/shoal-live/shoal/swarm/wire"
)

// sample chunk of 5 pieces, the last one short.
func testChunk() (c *chunk, b, hashes []byte) {
	b = fill(4*1024+100, 1)
	r := wire.Record{PieceSize: 1024, Size: uint32(len(b))}
	for i := range r.Pieces() {
		from, to := r.PieceBounds(i, 1)
		h := sha256.Sum256(b[from:to])
		hashes = append(hashes, h[:]...)
	}
	r.Digest = sha256.Sum256(hashes)
	return &chunk{record: r}, b, hashes
}

func TestStoreTakesOnlyTruth(t *testing.T) {
	c, b, hashes := testChunk()
	if c.takePieces(0, 1, b[:1024]) {
		t.Error("pieces without hashes were taken")
	}
	wrong := bytes.Clone(hashes)
	wrong[40] ^= 1
	if c.takeHashes(wrong) || c.takeHashes(hashes[:64]) || c.takeHashes(nil) {
		t.Error("wrong hashes were taken")
	}
	if !c.takeHashes(hashes) {
		t.Fatal("true hashes were refused")
	}
	bad := bytes.Clone(b[1024:3072])
	bad[1500] ^= 1
	for name, ok := range map[string]bool{
		"a wrong byte": c.takePieces(1, 2, bad),
		"too short":    c.takePieces(1, 2, b[1024:3071]),
		"too long":     c.takePieces(4, 1, b[3*1024:]),
		"elsewhere":    c.takePieces(2, 1, b[:1024]),
		"beyond":       c.takePieces(4, 2, b[4*1024:]),
		"before":       c.takePieces(-1, 1, b[:1024]),
		"nothing":      c.takePieces(0, 0, nil),
	} {
		if ok {
			t.Errorf("%s: was taken", name)
		}
	}
	if _, held := c.pieces(0, 1); held || c.whole() {
		t.Error("something is held")
	}
	if !c.takePieces(3, 2, b[3*1024:]) || !c.takePieces(0, 3, b[:3*1024]) {
		t.Fatal("true pieces were refused")
	}
	if got, held := c.pieces(0, 5); !held || !bytes.Equal(got, b) || !c.whole() {
		t.Error("the chunk is not whole")
	}
	if c.bad(0, 5) != 0 {
		t.Error("true pieces count as bad")
	}
	c.bytes[10], c.sent[0] = c.bytes[10]+1, false
	if n := c.bad(0, 5); n != 1024 {
		t.Errorf("%d bad bytes found, want 1024", n)
	}
}

func TestParkedIsBounded(t *testing.T) {
	var p parked
	big := make([]byte, 60<<10)
	for i := range 40 {
		p.add(scheduler.Time(i)*100*scheduler.Millisecond, frame{peer: scheduler.Peer(i % 4), bytes: big})
	}
	if p.bytes > parkedBytes || p.lost == 0 {
		t.Errorf("%d bytes parked, %d lost", p.bytes, p.lost)
	}
	now := scheduler.Time(39) * 100 * scheduler.Millisecond
	if got := len(p.take(now)); got != 17 {
		t.Errorf("%d frames, want the 17 that fit and are younger than 2 s", got)
	}
	if len(p.take(now)) != 0 {
		t.Error("frames are handed in twice")
	}
}

func TestParkedIsBoundedInNumber(t *testing.T) {
	var p parked
	for i := range 100 {
		p.add(scheduler.Second, frame{peer: 1, bytes: []byte{byte(i)}})
	}
	if len(p.list) != parkedPerLink || p.list[0].bytes[0] != 100-parkedPerLink || p.lost != 100-parkedPerLink {
		t.Errorf("%d frames of one link, %d lost; want its newest %d", len(p.list), p.lost, parkedPerLink)
	}
	for i := range 1000 {
		p.add(scheduler.Second, frame{peer: scheduler.Peer(2 + i%100), bytes: []byte{0}})
	}
	if len(p.list) != parkedMost || p.bytes != parkedMost {
		t.Errorf("%d frames of %d bytes, want %d", len(p.list), p.bytes, parkedMost)
	}
}

// TestParkedAgain: a frame that is handed in and parked again does not become younger.
func TestParkedAgain(t *testing.T) {
	var p parked
	p.add(scheduler.Second, frame{peer: 1, bytes: []byte{1}})
	now := scheduler.Second
	for p.lost == 0 {
		now += 100 * scheduler.Millisecond
		for _, f := range p.take(now) {
			p.add(now, f)
		}
		if now > 10*scheduler.Second {
			t.Fatal("parked for ever")
		}
	}
	if now != scheduler.Second+parkedFor+100*scheduler.Millisecond || len(p.list) != 0 {
		t.Errorf("lost at %d with %d frames left", now, len(p.list))
	}
}

func TestICEServers(t *testing.T) {
	got := iceServers("stun:127.0.0.1:3478\x00\x00\nstun:stun.example:3478\x00\x00\nturn:turn.example\x00me\x00secret\ngarbage\n")
	if len(got) != 2 || got[0].URLs[0] != "stun:stun.example:3478" || got[1].Username != "me" || got[1].Credential != "secret" {
		t.Errorf("%+v", got)
	}
}

func TestReach(t *testing.T) {
	host := &webrtc.ICECandidate{Typ: webrtc.ICECandidateTypeHost, Address: "192.168.1.5"}
	public := &webrtc.ICECandidate{Typ: webrtc.ICECandidateTypeHost, Address: "203.0.113.7"}
	srflx := &webrtc.ICECandidate{Typ: webrtc.ICECandidateTypeSrflx, Address: "203.0.113.7"}
	for _, c := range []struct {
		flags  uint8
		policy webrtc.ICETransportPolicy
		hides  []*webrtc.ICECandidate
	}{
		{0, webrtc.ICETransportPolicyAll, nil},
		{wire.HideHost, webrtc.ICETransportPolicyAll, []*webrtc.ICECandidate{host}},
		{wire.RelayOnly, webrtc.ICETransportPolicyRelay, nil},
	} {
		how := reach{flags: c.flags}
		if how.policy() != c.policy {
			t.Errorf("flags %d: policy %v", c.flags, how.policy())
		}
		for _, candidate := range []*webrtc.ICECandidate{host, public, srflx} {
			if how.hides(candidate) != slices.Contains(c.hides, candidate) {
				t.Errorf("flags %d: hides %v: %v", c.flags, candidate, how.hides(candidate))
			}
		}
	}
}
