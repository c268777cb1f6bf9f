package whip

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shoal-live/shoal/origin/rtc"
)

// What a PATCH may ask in vain.
var (
	errUnconditional = errors.New("whip: If-Match is needed: the session's ETag with candidates, * to restart ICE")
	errStale         = errors.New("whip: If-Match is not the session's ETag: ICE was restarted since")
	errHalfRestart   = errors.New("whip: to restart ICE send a new a=ice-ufrag and a new a=ice-pwd")
	errTooMany       = errors.New("whip: too many candidates")
	errGone          = errors.New("whip: the session is ending")
)

// iceSession is what changes when ICE begins anew. It is what the ETag is of.
type iceSession struct {
	mu         sync.Mutex // held for as long as a PATCH takes
	offer      string     // with the newest credentials
	etag       string
	candidates int // that were trickled since
}

// tag returns the ETag of now.
func (s *session) tag() string {
	s.ice.mu.Lock()
	defer s.ice.mu.Unlock()
	return s.ice.etag
}

// patch takes a fragment. What it returns is the fragment for a restarted ICE and its ETag, or nothing where candidates were added.
func (s *session) patch(ctx context.Context, match string, f rtc.Fragment) (answer, etag string, err error) {
	if match == "" {
		return "", "", errUnconditional
	}
	s.ice.mu.Lock()
	defer s.ice.mu.Unlock()
	if !matches(match, s.ice.etag) {
		return "", "", errStale
	}
	ufrag, pwd := rtc.Credentials(s.ice.offer)
	newer := f.Ufrag != "" && f.Ufrag != ufrag
	if newer != (f.Pwd != "" && f.Pwd != pwd) {
		return "", "", errHalfRestart
	}
	if !newer {
		return "", "", s.trickle(f)
	}
	return s.restart(ctx, f)
}

// matches compares strongly (RFC 9110, section 13.1.1).
func matches(header, etag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	return slices.ContainsFunc(strings.Split(header, ","), func(one string) bool { return strings.TrimSpace(one) == etag })
}

// trickle adds candidates. One that cannot be used, as of a transport that is not known, is passed over, as RFC 9725 has it.
func (s *session) trickle(f rtc.Fragment) error {
	if s.ice.candidates += len(f.Candidates); s.ice.candidates > rtc.MaxCandidates {
		return errTooMany
	}
	for _, c := range f.Candidates {
		_ = s.pc.AddICECandidate(c)
	}
	return nil
}

// restart begins ICE anew on the same connection: for pion it is a new offer with other credentials. Media go on as soon as a check
// gets through; if none does, silence ends the session.
func (s *session) restart(ctx context.Context, f rtc.Fragment) (answer, etag string, err error) {
	offer, err := rtc.Renew(s.ice.offer, f.Ufrag, f.Pwd)
	if err != nil {
		return "", "", err
	}
	select {
	case <-s.ended:
		return "", "", errGone
	default:
	}
	description, err := s.negotiate(context.WithoutCancel(ctx), offer) // once begun it is as the answer would have it
	if err != nil {
		return "", "", fmt.Errorf("whip: ICE restart: %w", err)
	}
	s.ice.offer, s.ice.etag, s.ice.candidates = offer, newETag(), 0
	s.heard.Store(time.Now().UnixNano())
	if err := s.trickle(f); err != nil {
		return "", "", err
	}
	answer, err = rtc.FragmentOf(description)
	return answer, s.ice.etag, err
}

// patchStatus is the status that an error of patch is answered with.
func patchStatus(err error) int {
	for of, status := range map[error]int{
		errUnconditional: http.StatusPreconditionRequired, errStale: http.StatusPreconditionFailed,
		errHalfRestart: http.StatusUnprocessableEntity, errTooMany: http.StatusUnprocessableEntity, errGone: http.StatusNotFound,
	} {
		if errors.Is(err, of) {
			return status
		}
	}
	return http.StatusInternalServerError
}
