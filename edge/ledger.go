package edge

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// Bounds of what is remembered of records. An entry takes about 130 bytes.
const (
	maxFacts = 32 << 10         // newest records
	maxNew   = 2048             // records taken from one playlist
	maxKeys  = 4096             // streams whose key is remembered
	keyAgain = 10 * time.Second // between two requests for the key of a stream whose records are not by the one known
)

// ledger holds what verified records say, by chunk. The newest are kept. Records come with the playlists that pass
// through; of a chunk without one nothing is known: its bytes are passed on as they come, and viewers verify them.
type ledger struct {
	// guarded by mu
	mu    sync.Mutex
	facts map[chunk]fact
	ring  []chunk // in the order in which they came; once full, next is overwritten
	next  int
	keys  map[string]signer
}

// chunk names a chunk of a stream.
type chunk struct {
	stream string
	id     wire.ChunkID
}

// signer is who signs the records of a stream.
type signer struct {
	key   ed25519.PublicKey // nil: not known
	asked time.Time
}

func newLedger() *ledger {
	return &ledger{facts: make(map[chunk]fact), keys: make(map[string]signer)}
}

// proof returns how to prove the bytes of media, nil where no record of it is known. It is an error if what is said of
// them already, their size and the hashes of their pieces, is not what the record says.
func (l *ledger) proof(t target, size int64, pieces string) (*proof, error) {
	id, ok := chunkOf(t)
	if !ok {
		return nil, nil
	}
	chunks := l.chunks(chunk{t.stream, id})
	if chunks == nil {
		return nil, nil
	}
	p := newProof(chunks, nil)
	if size >= 0 && size != int64(p.total) {
		return nil, fmt.Errorf("%w: %d bytes, not %d", errFalse, size, p.total)
	}
	if pieces != "" && id.Kind != wire.Segment {
		var err error
		if p.hashes, err = splitHashes(chunks[0], pieces); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// chunks returns what is known of what a name stands for; of a segment what is known of its parts, if all are known.
func (l *ledger) chunks(c chunk) []fact {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, ok := l.facts[c]; ok {
		return []fact{f}
	}
	if c.id.Kind != wire.Segment {
		return nil
	}
	c.id.Kind = wire.Part
	var parts []fact
	for {
		f, ok := l.facts[c]
		if !ok {
			return nil
		}
		parts = append(parts, f)
		if f.last {
			return parts
		}
		c.id.Part++
	}
}

// add remembers what a record says.
func (l *ledger) add(c chunk, f fact) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.facts[c]; known {
		return
	}
	if len(l.ring) < maxFacts {
		l.ring = append(l.ring, c)
	} else {
		delete(l.facts, l.ring[l.next])
		l.ring[l.next] = c
		l.next = (l.next + 1) % maxFacts
	}
	l.facts[c] = f
}

// unknown returns the records in a playlist that are not known yet.
func (l *ledger) unknown(stream string, playlist []byte) (fresh []wire.Record) {
	var text [(wire.RecordSize*8 + 5) / 6]byte
	var b [wire.RecordSize]byte
	for len(playlist) > 0 && len(fresh) < maxNew {
		var line []byte
		line, playlist, _ = bytes.Cut(playlist, []byte("\n"))
		value, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r "), []byte(wire.RecordTag))
		if !ok || len(value) != len(text) {
			continue
		}
		if n, err := base64.RawStdEncoding.Decode(b[:], value); err != nil || n != len(b) {
			continue
		}
		r, err := wire.ParseRecord(b[:])
		if err != nil {
			continue
		}
		l.mu.Lock()
		_, known := l.facts[chunk{stream, r.ID}]
		l.mu.Unlock()
		if !known {
			fresh = append(fresh, r)
		}
	}
	return fresh
}

// learnRecords takes the records of a playlist that has passed through, and checks what came before its record did.
func (e *Edge) learnRecords(stream string, playlist []byte) {
	fresh := e.ledger.unknown(stream, playlist)
	if len(fresh) == 0 {
		return
	}
	key := e.signer(stream, false)
	if key != nil && !signed(key, &fresh[0]) {
		key = e.signer(stream, true)
	}
	if key == nil {
		return
	}
	for i := range fresh {
		if r := &fresh[i]; signed(key, r) {
			e.ledger.add(chunk{stream, r.ID}, factOf(r))
			e.auditAt(pathOf(stream, r.ID))
		}
	}
	for i := range fresh {
		if id := fresh[i].ID; fresh[i].Last && id.Kind == wire.Part { // now all of its segment are known
			id.Kind, id.Part = wire.Segment, 0
			e.auditAt(pathOf(stream, id))
		}
	}
}

// auditAt checks what landed at a path, if anything did.
func (e *Edge) auditAt(path string) {
	if o := e.cache.look(path); o != nil && closed(o.done) {
		e.audit(o)
	}
}

func signed(key ed25519.PublicKey, r *wire.Record) bool {
	return ed25519.Verify(key, r.SignedBytes(), r.Signature[:])
}

// signer returns a stream's public key, which the origin's API tells, or nil. The one that is known is asked for anew if it is of no use.
func (e *Edge) signer(stream string, useless bool) ed25519.PublicKey {
	l, now := e.ledger, time.Now()
	l.mu.Lock()
	known, ok := l.keys[stream]
	if ok && (known.key != nil && !useless || now.Sub(known.asked) < keyAgain) {
		l.mu.Unlock()
		if useless {
			return nil
		}
		return known.key
	}
	if len(l.keys) >= maxKeys {
		clear(l.keys)
	}
	l.keys[stream] = signer{known.key, now} // meanwhile nobody else asks
	l.mu.Unlock()
	text := e.streamKey(context.WithoutCancel(e.ctx), stream)
	key, _ := base64.StdEncoding.DecodeString(text)
	if len(key) != ed25519.PublicKeySize {
		return nil
	}
	l.mu.Lock()
	l.keys[stream] = signer{key, now}
	l.mu.Unlock()
	return key
}

// audit checks an object that landed before its record was known. One that is false is forgotten: who asks for it next is
// answered by another fill.
func (e *Edge) audit(o *object) {
	body, err := o.whole()
	if err != nil || o.status != http.StatusOK || o.proved.Load() {
		return
	}
	p, err := e.ledger.proof(o.target, int64(len(body)), o.pieces)
	if p == nil && err == nil {
		return // later, perhaps
	}
	if err == nil {
		_, err = p.take(body)
	}
	if err == nil {
		o.proved.Store(true)
	} else {
		e.tally.mismatches.Inc()
		e.log.Warn("edge: an object is not what its stream's record says; it is fetched anew", "uri", o.uri, "error", err)
		e.cache.forget(o)
	}
}

// chunkOf reads which chunk a path names.
func chunkOf(t target) (id wire.ChunkID, ok bool) {
	words := strings.Split(t.path, "/")
	if t.kind != media || len(words) != 6 {
		return id, false
	}
	rendition, err1 := strconv.ParseUint(words[3][1:], 10, 8)
	epoch, err2 := strconv.ParseUint(words[4], 10, 32)
	id.Rendition, id.Epoch = uint8(rendition), uint32(epoch)
	name := words[5]
	if number, isInit := strings.CutSuffix(name, ".mp4"); isInit {
		id.Kind = wire.Init
		id.MSN, ok = number64(number[len("init"):])
		return id, ok && err1 == nil && err2 == nil
	}
	msn, part, parted := strings.Cut(strings.TrimSuffix(name[1:], ".m4s"), ".")
	id.Kind = wire.Segment
	if parted {
		id.Kind = wire.Part
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return id, false
		}
		id.Part = uint16(n)
	}
	id.MSN, ok = number64(msn)
	return id, ok && err1 == nil && err2 == nil
}

func number64(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}

// pathOf writes the path of a chunk.
func pathOf(stream string, id wire.ChunkID) string {
	path := "/live/" + stream + "/v" + strconv.Itoa(int(id.Rendition)) + "/" + strconv.FormatUint(uint64(id.Epoch), 10)
	msn := strconv.FormatUint(id.MSN, 10)
	switch id.Kind {
	case wire.Init:
		return path + "/init" + msn + ".mp4"
	case wire.Part:
		return path + "/s" + msn + "." + strconv.Itoa(int(id.Part)) + ".m4s"
	default:
		return path + "/s" + msn + ".m4s"
	}
}
