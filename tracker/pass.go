package tracker

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
)

// pass is what a handshake said and its token allows. It belongs to the socket's reader.
type pass struct {
	stream   string   // that it came for; empty: it did not say, and its Join will
	token    token.ID // zero: no tokens are wanted
	noUpload bool
	local    bool    // it comes from this machine, and by no proxy: the bounds of an address are not for it
	seated   *viewer // the socket, if it sits on a seat of the token; nil: it stands
}

// flags returns what a viewer may say of itself.
func (p *pass) flags(said uint8) uint8 {
	if p.noUpload {
		said &^= wire.MayUpload
	}
	return said
}

// rebuff is why a request is refused, and in which words.
type rebuff struct {
	reason, status int
	wait           time.Duration // 0: for good
	text           string
}

// badName says what a stream's name is.
const badName = "a stream's name is 1 to 64 of A-Z a-z 0-9 _ -"

// wantToken tells programs and whoever runs a site how a token comes here.
const wantToken = "this tracker wants a viewer token: offer shoal.token.TOKEN as a WebSocket subprotocol beside shoal. " +
	"Whoever runs this site makes tokens with shoal token make"

// look tells what a request is good for, or why it is refused. It takes nothing but from buckets.
func (t *Tracker) look(r *http.Request, text string, from netip.Addr, local bool, now time.Time) (*pass, *rebuff) {
	if !t.allowed(r) {
		t.stranger.Do(func() {
			t.log.Warn("a page of another origin wants to join, and may not: -allow-origin lets it") // which one may be an address
		})
		return nil, &rebuff{refusedOrigin, http.StatusForbidden, 0, "pages of this origin may not join; whoever runs this tracker allows them with -allow-origin"}
	}
	p := &pass{local: local}
	if strings.Contains(r.URL.RawQuery, wire.StreamParameter) {
		p.stream = strings.Clone(r.URL.Query().Get(wire.StreamParameter)) // it must not keep the request alive
	}
	if p.stream != "" && !validName(p.stream) {
		return nil, &rebuff{int(wire.RefusedStream), http.StatusBadRequest, 0, badName}
	}
	if t.config.Tokens == nil {
		return p, nil
	}
	switch {
	case text == "":
		return nil, &rebuff{int(wire.RefusedToken), http.StatusUnauthorized, 0, wantToken}
	case p.stream == "":
		return nil, &rebuff{int(wire.RefusedStream), http.StatusBadRequest, 0, "name the stream in the URL: ?stream=NAME"}
	}
	claims, err := t.config.Tokens.Check(text, t.config.Audience, now)
	if err == nil {
		err = claims.Allow(p.stream, from)
	}
	if err != nil {
		return nil, &rebuff{int(wire.RefusedToken), http.StatusForbidden, 0, err.Error()}
	}
	if wait := t.uses.Take(now, claims.ID); wait > 0 {
		return nil, &rebuff{refusedBusyToken, http.StatusTooManyRequests, wait, "too many joins with this token"}
	}
	p.token, p.noUpload = claims.ID, claims.NoUpload
	return p, nil
}

// enter takes all that a socket holds from before its upgrade on, or says what there is not. Release gives it back.
func (t *Tracker) enter(ctx context.Context, p *pass, from netip.Addr) *rebuff {
	if p.token != (token.ID{}) && !t.seats.stand(p.token) {
		return &rebuff{refusedBusyToken, http.StatusTooManyRequests, joinWithin, "others are joining with this token"}
	}
	if !p.local && !t.places.Enter(from) {
		t.rise(p)
		return &rebuff{refusedAddress, http.StatusTooManyRequests, 30 * time.Second, "too many viewers from this address"}
	}
	if !t.admit() {
		t.vacate(from, p)
		t.rise(p)
		return &rebuff{refusedFull, http.StatusServiceUnavailable, 5 * time.Second, "the tracker is full or stopping"}
	}
	if p.token != (token.ID{}) && t.taken(ctx, p.token) {
		t.release(from, p)
		return &rebuff{refusedBusyToken, http.StatusTooManyRequests, seatAgain, tokenTaken(seatAgain).Text}
	}
	return nil
}

// tokenTaken is what a viewer is told for which its token has no seat, and that may try again after a time.
func tokenTaken(wait time.Duration) *wire.Refused {
	return &wire.Refused{Reason: wire.RefusedToken, RetryAfter: uint16((wait + time.Second - 1) / time.Second), Text: "another viewer is here with this token; each viewer needs its own"}
}

// sit gives a viewer that joins a seat of its token, if it needs one, or says that there is none.
func (t *Tracker) sit(p *pass, id wire.ViewerID, stream string, socket *viewer, now time.Time) *wire.Refused {
	if p.token == (token.ID{}) {
		return nil
	}
	out, wait := t.seats.sit(p.token, id, stream, socket, now)
	if wait > 0 {
		return tokenTaken(wait)
	}
	if out != nil {
		t.oust(out, now)
	}
	p.seated = socket
	return nil
}

// oust ends the socket of a viewer that has lost its seat.
func (t *Tracker) oust(out *sitter, now time.Time) {
	if s := t.streamOf(out.stream); s != nil {
		s.oust(out.viewer, out.latest(), now)
	}
}

// rise gives back what a pass holds of its token.
func (t *Tracker) rise(p *pass) {
	switch {
	case p.token == (token.ID{}):
	case p.seated != nil:
		t.seats.rise(p.token, p.seated)
	default:
		t.seats.walk(p.token)
	}
}

// offered returns the token that a handshake offers, empty if none.
func offered(r *http.Request) string {
	for _, protocol := range websocket.Subprotocols(r) {
		if text, ok := strings.CutPrefix(protocol, wire.TokenProtocol); ok {
			return text
		}
	}
	return ""
}
