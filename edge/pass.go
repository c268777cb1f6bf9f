package edge

import (
	"bytes"
	"net/http"
	"net/netip"
	"time"

	"github.com/shoal-live/shoal/edge/http1"
	"github.com/shoal-live/shoal/token"
)

// pass is what a plain request shows to be let in, and what it asks for without that. Here only what is plain and known already is good:
// of all else, and of refusals, admit decides.
type pass struct {
	uri     []byte // the target without the token: what is cached knows of none
	text    []byte // the token; nil: look at the cookies
	byQuery bool
}

var (
	tokenPair   = []byte("token=")
	cookieStart = []byte(tokenCookie + "=")
	bearer      = []byte("bearer")
)

// passOf returns a request's pass; not ok: it is not plain.
func (a *admission) passOf(h *http1.Head) (p pass, ok bool) {
	p.uri = h.Target
	if a.keys == nil {
		return p, true
	}
	for at := bytes.IndexByte(h.Target, '?') + 1; 0 < at && at < len(h.Target); {
		end := len(h.Target)
		if n := bytes.IndexByte(h.Target[at:], '&'); n >= 0 {
			end = at + n
		}
		if text, is := bytes.CutPrefix(h.Target[at:end], tokenPair); is {
			if len(text) == 0 || p.byQuery {
				return pass{}, false
			}
			p.text, p.byQuery = text, true
			if p.uri = h.Target[:at-1]; end < len(h.Target) {
				p.uri = append(bytes.Clone(h.Target[:at]), h.Target[end+1:]...)
			}
		}
		at = end + 1
	}
	if h.Authorization == nil {
		return p, true
	}
	scheme, text, _ := bytes.Cut(h.Authorization, []byte(" "))
	if p.text = bytes.TrimSpace(text); p.byQuery || !bytes.EqualFold(scheme, bearer) || len(p.text) == 0 {
		return pass{}, false
	}
	return p, true
}

// lets tells whether a pass is good for a target, and which cookie its answer gives, if any.
func (a *admission) lets(p pass, h *http1.Head, t target, from netip.Addr, now time.Time) (give *http.Cookie, ok bool) {
	if !a.guards(t) {
		return nil, true
	}
	if p.text == nil {
		return nil, a.knowsCookie(h.Cookie, t.stream, from, now)
	}
	claims, ok := a.knows(p.text, t.stream, from, now)
	if ok && p.byQuery && t.kind != media && t.kind != picture {
		secure := h.Secure || string(h.ForwardedProto) == "https"
		give = cookieOf(secure, string(p.text), t.stream, claims.Expires.Sub(now))
	}
	return give, ok
}

// knows tells whether a token is known and good.
func (a *admission) knows(text []byte, stream string, from netip.Addr, now time.Time) (token.Claims, bool) {
	claims, ok := a.known.glance(text)
	return claims, ok && now.Before(claims.Expires.Add(token.Leeway)) && claims.Allow(stream, from) == nil
}

// knowsCookie tells whether one of the first tokens among cookies is known and good.
func (a *admission) knowsCookie(cookies []byte, stream string, from netip.Addr, now time.Time) bool {
	for seen := 0; len(cookies) > 0 && seen < maxCookies; {
		var cookie []byte
		cookie, cookies, _ = bytes.Cut(cookies, []byte(";"))
		text, is := bytes.CutPrefix(bytes.TrimSpace(cookie), cookieStart)
		if !is {
			continue
		}
		if _, ok := a.knows(text, stream, from, now); ok {
			return true
		}
		seen++
	}
	return false
}

// withCookie returns a head that gives a cookie.
func withCookie(head []byte, cookie *http.Cookie) []byte {
	text := cookie.String()
	with := append(make([]byte, 0, len(head)+len(text)+20), head[:len(head)-2]...)
	return append(append(append(with, "Set-Cookie: "...), text...), "\r\n\r\n"...)
}
