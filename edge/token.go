package edge

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
)

// tokenCookie is the cookie that the edge gives to players that can only carry a URL, such as VLC and ffmpeg: of the
// playlist that they were given they send the token, of what that names the cookie.
const tokenCookie = "shoal-token"

// maxCookies bounds the cookies of that name that are looked at: a site may give one for all its streams, the edge one for each.
const maxCookies = 4

// Why a request is refused that brings no token of one viewer.
var (
	errNoToken = errors.New("this stream is for viewers with a token, and the request has none: open the link that you were given; " +
		"a program sends Authorization: Bearer TOKEN, or asks for /live/NAME/index.m3u8?token=TOKEN")
	errTwoTokens = errors.New("the request has two different tokens: send one, as Authorization: Bearer TOKEN or as ?token=TOKEN")
)

// admission lets viewers in by their tokens: whatever is under /live/ is for who has one. Nothing is asked, kept or waited for on
// behalf of who has none. A token that was found good is known until it ends, so what follows costs no signature.
type admission struct {
	// static
	keys     *token.Keys // nil: everybody is let in
	audience string
	known    *knownTokens
	address  func(*http.Request) netip.Addr // of a viewer
	checks   prometheus.Counter
	refusals *prometheus.CounterVec
}

func newAdmission(config Config) (*admission, error) {
	a := &admission{
		keys: config.Tokens, audience: config.Audience, known: newKnownTokens(maxKnown),
		checks: prometheus.NewCounter(prometheus.CounterOpts{Name: "shoal_edge_token_checks_total",
			Help: "Viewer tokens whose signature was checked; those known already are not."}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_edge_token_refusals_total",
			Help: "Requests for media refused for their viewer token."}, []string{"reason"}),
	}
	if config.Registry == nil {
		return a, nil
	}
	return a, errors.Join(config.Registry.Register(a.checks), config.Registry.Register(a.refusals))
}

// admit tells whether a request for t may be answered. Where it may not, it has answered.
func (e *Edge) admit(w http.ResponseWriter, r *http.Request, t target) bool {
	a := e.admission
	if a.keys == nil {
		return true
	}
	now := time.Now()
	text, byQuery, err := offered(r)
	var claims token.Claims
	switch {
	case err != nil:
	case text != "":
		claims, err = a.look(text, t.stream, r, now)
	default:
		text, claims, err = a.cookie(r, t.stream, now)
	}
	if err != nil {
		a.refuse(e, w, r, t.stream, err)
		return false
	}
	if byQuery && t.kind != media && t.kind != picture {
		http.SetCookie(w, cookieOf(r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https", text, t.stream, claims.Expires.Sub(now)))
	}
	return true
}

// look returns what a token says, if it is good for the stream and the address of a request.
func (a *admission) look(text, stream string, r *http.Request, now time.Time) (token.Claims, error) {
	if len(text) > wire.MaxToken {
		return token.Claims{}, token.ErrLong
	}
	claims, known := a.known.look(text)
	switch {
	case !known:
		a.checks.Inc()
		var err error
		if claims, err = a.keys.Check(text, a.audience, now); err != nil {
			return token.Claims{}, err
		}
		a.known.add(text, claims)
	case !now.Before(claims.Expires.Add(token.Leeway)):
		return token.Claims{}, token.ErrExpired
	}
	var from netip.Addr
	if claims.Prefix.IsValid() {
		from = a.address(r)
	}
	return claims, claims.Allow(stream, from)
}

// cookie returns the first token among a request's cookies that is good for the stream, or why the first is not.
func (a *admission) cookie(r *http.Request, stream string, now time.Time) (string, token.Claims, error) {
	first := errNoToken
	for i, cookie := range r.CookiesNamed(tokenCookie) {
		if i == maxCookies {
			break
		}
		claims, err := a.look(cookie.Value, stream, r, now)
		if err == nil {
			return cookie.Value, claims, nil
		}
		if i == 0 {
			first = err
		}
	}
	return "", token.Claims{}, first
}

// offered returns the token that a request names itself, by header or query; empty: none. That a cookie comes along with it says
// nothing: browsers send what they have.
func offered(r *http.Request) (text string, byQuery bool, err error) {
	for _, header := range r.Header["Authorization"] {
		scheme, credentials, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		if credentials = strings.TrimSpace(credentials); text != "" && credentials != text {
			return "", false, errTwoTokens
		}
		text = credentials
	}
	for query := r.URL.RawQuery; query != ""; {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		value, ok := strings.CutPrefix(pair, "token=")
		if !ok || value == "" {
			continue
		}
		if text != "" && value != text {
			return "", false, errTwoTokens
		}
		text, byQuery = value, true
	}
	return text, byQuery, nil
}

// cookieOf is what a player is given that brought its token by query. It is for this stream alone, and ends with the token. Over
// TLS it also comes along from pages of other sites, as only such cookies may.
func cookieOf(secure bool, text, stream string, lasts time.Duration) *http.Cookie {
	c := &http.Cookie{Name: tokenCookie, Value: text, Path: "/live/" + stream + "/", MaxAge: max(1, int(lasts/time.Second)), HttpOnly: true,
		SameSite: http.SameSiteLaxMode}
	if secure { // by X-Forwarded-Proto too: who lies there does so to himself
		c.Secure, c.Partitioned, c.SameSite = true, true, http.SameSiteNoneMode
	}
	return c
}

// refuse answers a request that is not let in, as RFC 6750 has it.
func (a *admission) refuse(e *Edge, w http.ResponseWriter, r *http.Request, stream string, err error) {
	status, reason, challenge := http.StatusUnauthorized, "invalid", `Bearer realm="shoal", error="invalid_token"`
	switch err {
	case errNoToken:
		reason, challenge = "missing", `Bearer realm="shoal"`
	case errTwoTokens:
		status, reason, challenge = http.StatusBadRequest, "several", `Bearer realm="shoal", error="invalid_request"`
	case token.ErrStream, token.ErrAddress:
		status, reason, challenge = http.StatusForbidden, "stream", `Bearer realm="shoal", error="insufficient_scope"`
		if err == token.ErrAddress {
			reason = "address"
		}
	case token.ErrExpired:
		reason = "expired"
	}
	a.refusals.WithLabelValues(reason).Inc()
	w.Header().Set("WWW-Authenticate", challenge)
	e.refuse(w, r, stream, status, err.Error())
}

// guards tells whether a target is only for who brings a token.
func (a *admission) guards(t target) bool { return a.keys != nil && t.kind != api }

// varies is the Vary of an answer for a target. A browser that has a playlist must not show it to who opens another link in it, as it would within its
// max-age: that link may be for another stream, and what the playlist names would not come then. Media vary by nothing: they are the same bytes for ever, and who
// has renewed a token has them still (RFC 9110, 12.5.5).
func (a *admission) varies(t target) string {
	if !a.guards(t) || t.kind == media {
		return ""
	}
	return "Authorization, Cookie"
}

// shown is the Cache-Control of an answer for a target. What is for viewers with a token is kept by their own caches and by no shared
// one: that would serve it to whoever asks (RFC 9111, 3.5 and 5.2.2.7).
func (a *admission) shown(t target, control string) string {
	if !a.guards(t) {
		return control
	}
	private := []string{"private"}
	for directive := range strings.SplitSeq(control, ",") {
		directive = strings.TrimSpace(directive)
		switch name, _, _ := strings.Cut(strings.ToLower(directive), "="); name {
		case "no-store":
			return "no-store"
		case "", "public", "private", "s-maxage", "proxy-revalidate":
		default:
			private = append(private, directive)
		}
	}
	return strings.Join(private, ", ")
}
