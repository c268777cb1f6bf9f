// Package token admits viewers by tokens: JWTs (RFC 7519) that whoever runs a site signs for its viewers. A tracker checks
// them before a viewer may join, an edge before it answers; neither makes any state for who has none. The same token is for
// both.
//
// A token is signed with HS256 or EdDSA (Ed25519) and says
//
//	exp     when it ends; required
//	stream  the stream it is for, or "*" for any; required
//	aud     whom it is for; checked by a tracker or edge that was told its own audience
//	nbf     before when it does not hold
//	upload  false: the viewer may be sent to by others and sends nothing itself
//	prefix  a CIDR such as 192.0.2.0/24 in which the viewer's address must lie
//	jti     a name; tokens of one name share what one token may hold. Without one a token
//	        is its own, but those that say the same, as made for two viewers in one second, are one
//
// Keys stand in a file as a JWK Set (RFC 7517); each is bound to one algorithm, so a public key is never taken for an
// HMAC secret. A token that names a kid is checked with the keys of that name, another with all keys of its algorithm:
// a new key is added beside the old one, and the old one taken out once its tokens have ended.
//
// A tracker looks at a token once, when its viewer comes: a socket outlives it. An edge looks at it with each request. What Check returns as error may be told to
// the viewer: it says what is wrong with the token and nothing of the keys.
package token

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/shoal-live/shoal/swarm/wire"
)

// Leeway is by how much the clocks of who signs and who checks may differ.
const Leeway = 5 * time.Second

// AnyStream is the stream of a token that is good for all.
const AnyStream = "*"

// Why a token is refused.
var (
	ErrLong      = fmt.Errorf("token: longer than %d bytes; copy it alone, or get a shorter one where this one came from", wire.MaxToken)
	ErrForm      = errors.New("token: not a JWT; copy it whole, or get a new one where this one came from")
	ErrClaims    = errors.New("token: its claims are not those of a viewer token (stream a name or *, exp a time, prefix a network, upload true or false); get a new one where this one came from")
	ErrAlg       = errors.New("token: not signed with HS256 or EdDSA; get a new one where this one came from")
	ErrSignature = errors.New("token: not signed by a key that is known here; get a new one where this one came from")
	ErrExpired   = errors.New("token: it has expired; get a new one where this one came from")
	ErrEarly     = errors.New("token: it does not hold yet; is the clock right of who made it?")
	ErrExpiry    = errors.New("token: it has no exp, and a token must say when it ends; get a new one where this one came from")
	ErrAudience  = errors.New("token: made for another audience; get one for this site where this one came from")
	ErrStream    = errors.New("token: made for another stream; get one for this stream where this one came from")
	ErrAddress   = errors.New("token: made for other network addresses than yours; get a new one from this network")
)

// ID is what tokens are counted by.
type ID [16]byte

// Claims is what a token says.
type Claims struct {
	Stream   string       // a stream's name or AnyStream
	Expires  time.Time    // when it ends
	Audience string       // whom it is for; empty: anybody. Not set by Check, which has looked at it
	NoUpload bool         // the viewer sends nothing to others
	Prefix   netip.Prefix // where the viewer's address must lie; the zero Prefix: anywhere
	Name     string       // jti; empty: none
	ID       ID           // set by Check
}

// Allow tells whether the token is good for a stream and an address; the error says why not.
func (c Claims) Allow(stream string, from netip.Addr) error {
	if c.Stream != AnyStream && c.Stream != stream {
		return ErrStream
	}
	if c.Prefix.IsValid() && !c.Prefix.Contains(from.Unmap().WithZone("")) {
		return ErrAddress
	}
	return nil
}

// payload is the claims as they stand in a token.
type payload struct {
	jwt.RegisteredClaims
	Stream string `json:"stream"`
	Upload *bool  `json:"upload,omitempty"`
	Prefix string `json:"prefix,omitempty"`
}

// Check returns what a token says at time now, if it is signed by one of the keys, holds, and is for the audience, which may
// be empty: then it is not looked at.
func (k *Keys) Check(text, audience string, now time.Time) (Claims, error) {
	if len(text) > wire.MaxToken {
		return Claims{}, ErrLong
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{HS256, EdDSA}), jwt.WithStrictDecoding(), jwt.WithExpirationRequired(),
		jwt.WithLeeway(Leeway), jwt.WithTimeFunc(func() time.Time { return now }),
	}
	if audience != "" {
		options = append(options, jwt.WithAudience(audience))
	}
	var p payload
	t, err := jwt.NewParser(options...).ParseWithClaims(text, &p, k.verifiers)
	switch {
	case t != nil && t.Method != nil && t.Method.Alg() != HS256 && t.Method.Alg() != EdDSA:
		return Claims{}, ErrAlg
	case err != nil:
		return Claims{}, p.reason(text, err)
	}
	c := Claims{Stream: p.Stream, Expires: p.ExpiresAt.Time, NoUpload: p.Upload != nil && !*p.Upload, Name: p.ID, ID: identify(text, p.ID)}
	if c.Stream == "" {
		return Claims{}, ErrClaims
	}
	if p.Prefix != "" {
		prefix, err := netip.ParsePrefix(p.Prefix)
		if err != nil {
			return Claims{}, ErrClaims
		}
		c.Prefix = prefix
	}
	return c, nil
}

// identify returns what a token is counted by: its name, or what of it is signed. The signature is left out, since there may be
// several that are good for the same words.
func identify(text, name string) ID {
	counted := "jti " + name
	if name == "" {
		counted = text[:strings.LastIndexByte(text, '.')]
	}
	sum := sha256.Sum256([]byte(counted))
	return ID(sum[:len(ID{})])
}

// reason turns what the parser says into what a viewer is told.
func (p *payload) reason(text string, err error) error {
	if misstated(text) {
		return ErrClaims
	}
	for _, r := range [...]struct{ is, say error }{
		{errMethod, ErrAlg},
		{errNoKey, ErrSignature},
		{jwt.ErrTokenMalformed, ErrForm},
		{jwt.ErrTokenUnverifiable, ErrAlg},
		{jwt.ErrTokenSignatureInvalid, ErrSignature},
		{jwt.ErrTokenExpired, ErrExpired},
		{jwt.ErrTokenNotValidYet, ErrEarly},
		{jwt.ErrTokenInvalidAudience, ErrAudience},
	} {
		if errors.Is(err, r.is) {
			return r.say
		}
	}
	switch {
	case !errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return ErrClaims
	case p.ExpiresAt == nil:
		return ErrExpiry
	}
	return ErrAudience
}

// misstated tells whether the claims of a token are JSON that says something else than a token says. What is signed by nobody here may be so too.
func misstated(text string) bool {
	_, text, _ = strings.Cut(text, ".")
	text, _, _ = strings.Cut(text, ".")
	claims, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && json.Valid(claims) && json.Unmarshal(claims, new(payload)) != nil
}

// Make signs a token with the newest key that can sign.
func (k *Keys) Make(c Claims) (string, error) {
	signer := k.signer()
	if signer == nil {
		return "", errors.New("token: the file holds public keys only; tokens are made with the file that shoal token key wrote")
	}
	p := payload{Stream: c.Stream, RegisteredClaims: jwt.RegisteredClaims{ExpiresAt: jwt.NewNumericDate(c.Expires), ID: c.Name}}
	if c.Audience != "" {
		p.Audience = jwt.ClaimStrings{c.Audience}
	}
	if c.NoUpload {
		p.Upload = new(bool)
	}
	if c.Prefix.IsValid() {
		p.Prefix = c.Prefix.Masked().String()
	}
	t := jwt.NewWithClaims(jwt.GetSigningMethod(signer.alg), p)
	if signer.id != "" {
		t.Header["kid"] = signer.id
	}
	text, err := t.SignedString(signer.sign)
	if err != nil {
		return "", fmt.Errorf("token: sign: %w", err)
	}
	if len(text) > wire.MaxToken {
		return "", ErrLong
	}
	return text, nil
}
