package edge

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/swarm/wire"
)

// TestRecordComesLater: what came before its record did is checked when that comes, and fetched anew if it is false.
func TestRecordComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNotary()
		lies := 2
		segments := 0
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			if b := n.chunks[r.URL.Path]; r.URL.Path == signedPart && lies > 0 {
				lies--
				w.Write(append(b[:len(b)-1:len(b)-1], 'x'))
				return
			} else if r.URL.Path == signedSegment {
				if segments++; segments == 1 {
					w.Write(append(b[:len(b)-1:len(b)-1], 'x'))
					return
				}
			}
			n.ServeHTTP(w, r)
		})
		e := newEdge(t, Config{Transport: src})
		get(e, signedPart) // nobody knows better
		const fine = "/live/demo/v0/7/s11.0.m4s"
		get(e, fine)
		get(e, signedSegment)
		get(e, playlistPath)
		e.flights.Wait()
		if e.cache.look(signedSegment) != nil {
			t.Error("a false segment is kept, whose parts' records are known")
		}
		if lies != 1 || e.cache.look(signedPart) != nil || e.cache.look(fine) == nil || !e.cache.look(fine).proved.Load() {
			t.Errorf("after the record came: %v, %v", e.cache.look(signedPart), e.cache.look(fine))
		}
		if watch(e, signedPart, new(reader)); lies != 0 {
			t.Error("it was not asked for again")
		}
		if w := get(e, signedSegment); !bytes.Equal(w.Body.Bytes(), n.chunks[signedSegment]) {
			t.Errorf("the segment: %d, %d bytes", w.Code, w.Body.Len())
		}
		if n := testutil.ToFloat64(e.tally.mismatches); n != 3 {
			t.Errorf("%v mismatches are counted", n)
		}
	})
}

// TestRecordComesMeanwhile: a record that comes while its chunk does is heeded when that has landed.
func TestRecordComesMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNotary()
		e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == signedPart {
				w.Write(partBytes[:100]) // not its bytes
				time.Sleep(time.Second)
				w.Write(partBytes[100:])
				return
			}
			n.ServeHTTP(w, r)
		})})
		go watch(e, signedPart, new(reader))
		synctest.Wait()
		get(e, playlistPath)
		e.flights.Wait()
		if n := testutil.ToFloat64(e.tally.mismatches); n != 1 || e.cache.look(signedPart) != nil {
			t.Errorf("%v mismatches, %v is kept", n, e.cache.look(signedPart))
		}
	})
}

// TestForgedRecords: a record that is not signed with the stream's key says nothing, and the key is not asked for with each playlist.
func TestForgedRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, forger := newNotary(), newNotary()
		seed := sha256.Sum256([]byte("forger"))
		forger.private = ed25519.NewKeyFromSeed(seed[:])
		forged := forger.sign(wire.ChunkID{Epoch: 7, MSN: 12, Part: 1}, []byte("forged"), true)
		text := n.playlist() + forged + "\n" + strings.Replace(forged, "A", "B", 1) + "\n" + wire.RecordTag + "AAAA\n"
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == playlistPath {
				io.WriteString(w, strings.Replace(text, n.lines[len(n.lines)-3], "", 1))
				return
			}
			n.ServeHTTP(w, r)
		})
		e := newEdge(t, Config{Transport: src})
		for range 25 {
			get(e, playlistPath)
			e.flights.Wait()
			time.Sleep(plainLife)
		}
		if len(e.ledger.facts) == 0 || len(e.ledger.facts) > 2*signedSegments+1 {
			t.Errorf("%d records are believed", len(e.ledger.facts))
		}
		for c, f := range e.ledger.facts {
			if f.size == len("forged") {
				t.Errorf("a forged one of %v", c)
			}
		}
		if n := src.total("/api/"); n > 4 {
			t.Errorf("the key was asked for %d times", n)
		}
	})
}

func TestLedgerIsBounded(t *testing.T) {
	l := newLedger()
	for i := range 3 * maxFacts {
		l.add(chunk{"demo", wire.ChunkID{MSN: uint64(i)}}, fact{size: i})
	}
	l.add(chunk{"demo", wire.ChunkID{MSN: 3*maxFacts - 1}}, fact{size: 1})
	if l.facts[l.ring[(l.next+maxFacts-1)%maxFacts]].size != 3*maxFacts-1 || l.next != 0 {
		t.Errorf("what is known was taken again: %d is next", l.next)
	}
	if len(l.facts) != maxFacts || len(l.ring) != maxFacts {
		t.Errorf("%d facts, %d in order", len(l.facts), len(l.ring))
	}
	if _, ok := l.facts[chunk{"demo", wire.ChunkID{MSN: 3*maxFacts - 1}}]; !ok {
		t.Error("the newest is not there")
	}
	if _, ok := l.facts[chunk{"demo", wire.ChunkID{MSN: 2*maxFacts - 1}}]; ok {
		t.Error("the oldest is there")
	}
}

func TestChunkNames(t *testing.T) {
	for path, want := range map[string]wire.ChunkID{
		"/live/a/v3/7/s12.5.m4s":                        {Epoch: 7, Rendition: 3, Kind: wire.Part, Part: 5, MSN: 12},
		"/live/a/v255/4294967295/s9007199254740992.m4s": {Epoch: 1<<32 - 1, Rendition: 255, Kind: wire.Segment, MSN: 1 << 53},
		"/live/a/v0/0/init0.mp4":                        {Kind: wire.Init},
		"/live/a/v0/0/s0.65535.m4s":                     {Kind: wire.Part, Part: 65535},
	} {
		target, err := parseLive(path)
		if err != nil {
			t.Fatal(path, err)
		}
		if got, ok := chunkOf(target); !ok || got != want || pathOf("a", got) != path {
			t.Errorf("%s: %+v, %s", path, got, pathOf("a", got))
		}
	}
	if _, ok := chunkOf(target{kind: mediaPlaylist, path: playlistPath}); ok {
		t.Error("a playlist is a chunk")
	}
}

func FuzzUnknownRecords(f *testing.F) {
	f.Add([]byte(newNotary().playlist()))
	f.Add([]byte(wire.RecordTag + strings.Repeat("A", 171)))
	f.Fuzz(func(t *testing.T, playlist []byte) {
		l := newLedger()
		for _, r := range l.unknown("demo", playlist) {
			l.add(chunk{"demo", r.ID}, factOf(&r))
			target, err := parseLive(pathOf("demo", r.ID))
			if err != nil || r.ID.Kind != wire.Part && r.ID.Part != 0 {
				continue // numbers that no path has
			}
			if p, err := l.proof(target, -1, "AAAA"); p != nil && err != nil || p == nil && err == nil && r.ID.Kind != wire.Segment {
				t.Fatalf("%+v: %v, %v", r.ID, p, err)
			}
		}
	})
}

// TestKeyThatNobodyTells: of a stream whose key is not told it is asked each ten seconds, however many playlists have records.
func TestKeyThatNobodyTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNotary()
		src := newSource(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/") {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			n.ServeHTTP(w, r)
		})
		e := newEdge(t, Config{Transport: src})
		for range 20 {
			get(e, playlistPath)
			e.flights.Wait()
			time.Sleep(2 * time.Second)
		}
		if asked := src.total("/api/"); asked != 4 {
			t.Errorf("asked for the key %d times in 40 s", asked)
		}
	})
}
