package rtc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

const gatherWithin = 5 * time.Second

// What can be wrong with an offer, and what a PATCH may ask in vain. The texts are shown to whoever sent it.
var (
	ErrOffer         = errors.New("webrtc: not a usable SDP offer")
	errUnconditional = errors.New("webrtc: If-Match is needed: the session's ETag with candidates, * to restart ICE")
	errStale         = errors.New("webrtc: If-Match is not the session's ETag: ICE was restarted since")
	errHalfRestart   = errors.New("webrtc: to restart ICE send a new a=ice-ufrag and a new a=ice-pwd")
	errTooMany       = errors.New("webrtc: too many candidates")
	errGone          = errors.New("webrtc: the session is ending")
)

// Negotiation is an offer, the answer to it, and what becomes of both when ICE begins anew: what the ETag of a session is of.
type Negotiation struct {
	// static
	pc    *webrtc.PeerConnection
	ended <-chan struct{} // when nothing is to begin any more

	mu         sync.Mutex // held for as long as a PATCH takes
	offer      string     // with the newest credentials
	etag       string
	candidates int // that were trickled since
}

// Negotiate answers an offer, with all our candidates. The answer's own tracks must be there already, or come by ready, which is called
// once the offer is known and may be nil.
func Negotiate(ctx context.Context, pc *webrtc.PeerConnection, offer string, ended <-chan struct{}, ready func() error) (*Negotiation, string, error) {
	n := &Negotiation{pc: pc, ended: ended, offer: offer, etag: newETag()}
	if strings.Count(offer, "a=candidate:") > 2*MaxCandidates { // of two tracks that are not bundled yet
		return n, "", fmt.Errorf("%w: more than %d candidates", ErrOffer, 2*MaxCandidates)
	}
	answer, err := n.negotiate(ctx, offer, ready)
	return n, answer, err
}

// newETag names one beginning of ICE.
func newETag() string { return `"` + rand.Text() + `"` }

func (n *Negotiation) negotiate(ctx context.Context, offer string, ready func() error) (string, error) {
	if err := n.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	if ready != nil {
		if err := ready(); err != nil {
			return "", err
		}
	}
	answer, err := n.pc.CreateAnswer(&webrtc.AnswerOptions{OfferAnswerOptions: webrtc.OfferAnswerOptions{ICETricklingSupported: true}})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	gathered := webrtc.GatheringCompletePromise(n.pc)
	if err := n.pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	ctx, cancel := context.WithTimeout(ctx, gatherWithin)
	defer cancel()
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", fmt.Errorf("webrtc: gather candidates: %w", ctx.Err())
	}
	return n.pc.LocalDescription().SDP, nil
}

// ETag returns the ETag of now.
func (n *Negotiation) ETag() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.etag
}

// patch takes a fragment. What it returns is the fragment for a restarted ICE and its ETag, or nothing where candidates were added.
func (n *Negotiation) patch(ctx context.Context, match string, f Fragment) (answer, etag string, err error) {
	if match == "" {
		return "", "", errUnconditional
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !matches(match, n.etag) {
		return "", "", errStale
	}
	ufrag, pwd := Credentials(n.offer)
	newer := f.Ufrag != "" && f.Ufrag != ufrag
	if newer != (f.Pwd != "" && f.Pwd != pwd) {
		return "", "", errHalfRestart
	}
	if !newer {
		return "", "", n.trickle(f)
	}
	return n.restart(ctx, f)
}

// matches compares strongly (RFC 9110, section 13.1.1).
func matches(header, etag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	return slices.ContainsFunc(strings.Split(header, ","), func(one string) bool { return strings.TrimSpace(one) == etag })
}

// trickle adds candidates. One that cannot be used, as of a transport that is not known, is passed over, as RFC 9725 has it.
func (n *Negotiation) trickle(f Fragment) error {
	if n.candidates += len(f.Candidates); n.candidates > MaxCandidates {
		return errTooMany
	}
	for _, c := range f.Candidates {
		_ = n.pc.AddICECandidate(c)
	}
	return nil
}

// restart begins ICE anew on the same connection: for pion it is a new offer with other credentials. Media go on as soon as a check
// gets through; if none does, silence ends the session.
func (n *Negotiation) restart(ctx context.Context, f Fragment) (answer, etag string, err error) {
	offer, err := Renew(n.offer, f.Ufrag, f.Pwd)
	if err != nil {
		return "", "", err
	}
	select {
	case <-n.ended:
		return "", "", errGone
	default:
	}
	description, err := n.negotiate(context.WithoutCancel(ctx), offer, nil) // once begun it is as the answer would have it
	if err != nil {
		return "", "", fmt.Errorf("webrtc: ICE restart: %w", err)
	}
	n.offer, n.etag, n.candidates = offer, newETag(), 0
	if err := n.trickle(f); err != nil {
		return "", "", err
	}
	answer, err = FragmentOf(description)
	return answer, n.etag, err
}
