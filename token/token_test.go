package token

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var now = time.Unix(1_800_000_000, 0)

// mustKeys returns keys with one new key for each algorithm.
func mustKeys(t testing.TB, algs ...string) *Keys {
	t.Helper()
	var k *Keys
	for _, alg := range algs {
		var err error
		if k, err = k.With(alg); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func mustMake(t testing.TB, k *Keys, c Claims) string {
	t.Helper()
	text, err := k.Make(c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// forge signs claims with any method and key, as an attacker would.
func forge(t testing.TB, method jwt.SigningMethod, key any, header map[string]any, claims string) string {
	t.Helper()
	token := jwt.New(method)
	for name, value := range header {
		token.Header[name] = value
	}
	text, err := token.SigningString()
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(text, ".")
	text = head + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	sig, err := method.Sign(text, key)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func TestMakeAndCheck(t *testing.T) {
	for _, alg := range []string{HS256, EdDSA} {
		for name, c := range map[string]Claims{
			"plain": {Stream: "demo", Expires: now.Add(time.Hour)},
			"all": {
				Stream: AnyStream, Expires: now.Add(time.Minute), NoUpload: true, Prefix: netip.MustParsePrefix("192.0.2.0/24"), Name: "ticket 7",
			},
			"IPv6": {Stream: "demo", Expires: now.Add(time.Minute), Prefix: netip.MustParsePrefix("2001:db8::/48")},
		} {
			t.Run(alg+" "+name, func(t *testing.T) {
				k := mustKeys(t, alg)
				want := c
				c.Audience = "tracker.example"
				got, err := k.Check(mustMake(t, k, c), "tracker.example", now)
				if err != nil || got.ID == (ID{}) {
					t.Fatalf("%+v, %v", got, err)
				}
				got.ID = ID{}
				if got.Expires.Unix() != want.Expires.Unix() {
					t.Errorf("expires %v", got.Expires)
				}
				got.Expires = want.Expires
				if got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
			})
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	k := mustKeys(t, HS256, EdDSA)
	secret, public := k.keys[0].verify.([]byte), k.keys[1].verify.(ed25519.PublicKey)
	private := k.keys[1].sign.(ed25519.PrivateKey)
	_, strange, _ := ed25519.GenerateKey(nil)
	good := `{"stream":"demo","aud":"a","exp":1800000060}`
	valid := forge(t, jwt.SigningMethodHS256, secret, nil, good)
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"good":                   {valid, nil},
		"good, Ed25519":          {forge(t, jwt.SigningMethodEdDSA, private, nil, good), nil},
		"just expired":           {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","aud":"a","exp":1799999996}`), nil},
		"empty":                  {"", ErrForm},
		"garbage":                {"a.b.c", ErrForm},
		"two parts":              {valid[:strings.LastIndexByte(valid, '.')], ErrForm},
		"four parts":             {valid + ".x", ErrForm},
		"padded":                 {valid + "=", ErrForm},
		"long":                   {valid + strings.Repeat("A", 2048), ErrLong},
		"no signature":           {valid[:strings.LastIndexByte(valid, '.')+1], ErrSignature},
		"alg none":               {forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, good), ErrAlg},
		"alg None":               {forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, map[string]any{"alg": "None"}, good), ErrAlg},
		"no alg":                 {forge(t, jwt.SigningMethodHS256, secret, map[string]any{"alg": nil}, good), ErrAlg},
		"alg is a number":        {forge(t, jwt.SigningMethodHS256, secret, map[string]any{"alg": 256}, good), ErrAlg},
		"longer HMAC":            {forge(t, jwt.SigningMethodHS512, secret, nil, good), ErrAlg},
		"public key as a secret": {forge(t, jwt.SigningMethodHS256, []byte(public), nil, good), ErrSignature},
		"its kid as well":        {forge(t, jwt.SigningMethodHS256, []byte(public), map[string]any{"kid": k.keys[1].id}, good), ErrSignature},
		"Ed25519 named HS256":    {forge(t, jwt.SigningMethodEdDSA, private, map[string]any{"alg": "HS256"}, good), ErrSignature},
		"HS256 named Ed25519":    {forge(t, jwt.SigningMethodHS256, secret, map[string]any{"alg": "EdDSA"}, good), ErrSignature},
		"another key":            {forge(t, jwt.SigningMethodEdDSA, strange, nil, good), ErrSignature},
		"another kid":            {forge(t, jwt.SigningMethodHS256, secret, map[string]any{"kid": "nosuch"}, good), ErrSignature},
		"critical header":        {forge(t, jwt.SigningMethodHS256, secret, map[string]any{"crit": []string{"x"}}, good), ErrAlg},
		"key in the header":      {forge(t, jwt.SigningMethodEdDSA, strange, map[string]any{"jwk": map[string]string{"kty": "OKP"}}, good), ErrSignature},
		"expired":                {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","aud":"a","exp":1799999990}`), ErrExpired},
		"expired in 1970":        {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","aud":"a","exp":-1e300}`), ErrExpired},
		"no expiry":              {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","aud":"a"}`), ErrExpiry},
		"expiry is null":         {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","aud":"a","exp":null}`), ErrExpiry},
		"expiry is text":         {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","aud":"a","exp":"soon"}`), ErrClaims},
		"not yet":                {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","aud":"a","exp":1800000060,"nbf":1800000010}`), ErrEarly},
		"no audience":            {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","exp":1800000060}`), ErrAudience},
		"other audience":         {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","aud":["b","c"],"exp":1800000060}`), ErrAudience},
		"no stream":              {forge(t, jwt.SigningMethodHS256, secret, nil, `{"aud":"a","exp":1800000060}`), ErrClaims},
		"stream is a list":       {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":["demo"],"aud":"a","exp":1800000060}`), ErrClaims},
		"odd prefix":             {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","aud":"a","exp":1800000060,"prefix":"10/8"}`), ErrClaims},
		"claims are null":        {forge(t, jwt.SigningMethodHS256, secret, nil, `null`), ErrExpiry},
		"claims are a list":      {forge(t, jwt.SigningMethodHS256, secret, nil, `[]`), ErrClaims},
		"upload is text":         {forge(t, jwt.SigningMethodHS256, secret, nil, `{"stream":"demo","aud":"a","exp":1800000060,"upload":"false"}`), ErrClaims},
	} {
		if _, err := k.Check(c.text, "a", now); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestErrorsSayWhatToDo: who is refused is told where to go, for a token can be mended by who made it alone.
func TestErrorsSayWhatToDo(t *testing.T) {
	for _, err := range []error{ErrLong, ErrForm, ErrClaims, ErrAlg, ErrSignature, ErrExpired, ErrExpiry, ErrAudience, ErrStream, ErrAddress} {
		if _, todo, _ := strings.Cut(err.Error(), "; "); !strings.Contains(todo, "get ") {
			t.Errorf("%v", err)
		}
	}
}

func TestAllow(t *testing.T) {
	for name, c := range map[string]struct {
		claims Claims
		stream string
		from   string
		want   error
	}{
		"its stream":      {Claims{Stream: "demo"}, "demo", "192.0.2.1", nil},
		"any stream":      {Claims{Stream: AnyStream}, "demo", "192.0.2.1", nil},
		"other stream":    {Claims{Stream: "demo"}, "Demo", "192.0.2.1", ErrStream},
		"in the prefix":   {Claims{Stream: "demo", Prefix: netip.MustParsePrefix("192.0.2.0/24")}, "demo", "192.0.2.1", nil},
		"mapped":          {Claims{Stream: "demo", Prefix: netip.MustParsePrefix("192.0.2.0/24")}, "demo", "::ffff:192.0.2.1", nil},
		"not in it":       {Claims{Stream: "demo", Prefix: netip.MustParsePrefix("192.0.2.0/24")}, "demo", "192.0.3.1", ErrAddress},
		"other family":    {Claims{Stream: "demo", Prefix: netip.MustParsePrefix("0.0.0.0/0")}, "demo", "2001:db8::1", ErrAddress},
		"address unknown": {Claims{Stream: "demo", Prefix: netip.MustParsePrefix("0.0.0.0/0")}, "demo", "", ErrAddress},
	} {
		from, _ := netip.ParseAddr(c.from)
		if err := c.claims.Allow(c.stream, from); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestRotation: a new key is added, tokens of both hold, and the old key's no longer once it is out.
func TestRotation(t *testing.T) {
	old := mustKeys(t, EdDSA)
	c := Claims{Stream: "demo", Expires: now.Add(time.Hour)}
	before := mustMake(t, old, c)
	both, err := old.With(EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	after := mustMake(t, both, c)
	public, err := both.Public()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"old": before, "new": after} {
		if _, err := public.Check(text, "", now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := old.Check(after, "", now); err != ErrSignature {
		t.Errorf("the new token holds with the old key: %v", err)
	}
	if _, err := public.Make(c); err == nil {
		t.Error("public keys sign")
	}
	if b := public.Append(nil); bytes.Contains(b, []byte(`"d"`)) {
		t.Error("public keys hold private halves")
	}
}

// TestID: what a token is counted by is its name, else its words, however they are signed.
func TestID(t *testing.T) {
	k := mustKeys(t, HS256)
	id := func(c Claims) ID {
		c.Stream = "demo"
		got, err := k.Check(mustMake(t, k, c), "", now)
		if err != nil {
			t.Fatal(err)
		}
		return got.ID
	}
	in := func(d time.Duration) time.Time { return now.Add(d) }
	if id(Claims{Expires: in(time.Hour)}) == id(Claims{Expires: in(time.Minute)}) {
		t.Error("different tokens count as one")
	}
	if id(Claims{Expires: in(time.Hour), Name: "a"}) != id(Claims{Expires: in(time.Minute), Name: "a"}) {
		t.Error("tokens of one name do not count as one")
	}
	if id(Claims{Expires: in(time.Hour), Name: "a"}) == id(Claims{Expires: in(time.Hour), Name: "b"}) {
		t.Error("tokens of two names count as one")
	}
}

func TestParseKeysRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":           ``,
		"no JSON":         `-----BEGIN PUBLIC KEY-----`,
		"no keys":         `{"keys":[]}`,
		"many":            `{"keys":[` + strings.Repeat(`{},`, 16) + `{}]}`,
		"a bare key":      `{"kty":"oct","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`,
		"RSA":             `{"keys":[{"kty":"RSA","alg":"RS256"}]}`,
		"no alg":          `{"keys":[{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}`,
		"alg none":        `{"keys":[{"kty":"oct","alg":"none","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}`,
		"crossed":         `{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"HS256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}`,
		"short secret":    `{"keys":[{"kty":"oct","alg":"HS256","k":"c2VjcmV0"}]}`,
		"short public":    `{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"AAAA"}]}`,
		"odd base64":      `{"keys":[{"kty":"oct","alg":"HS256","k":"???"}]}`,
		"halves of two":   `{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","d":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}`,
		"another curve":   `{"keys":[{"kty":"OKP","crv":"Ed448","alg":"EdDSA","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}`,
		"text for number": `{"keys":"x"}`,
	} {
		if _, err := ParseKeys([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "token: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzCheck: no text panics, and only those that were made here are good.
func FuzzCheck(f *testing.F) {
	k, err := ParseKeys([]byte(fixed))
	if err != nil {
		f.Fatal(err)
	}
	made := mustMake(f, k, Claims{Stream: "demo", Expires: now.Add(time.Hour), Audience: "a"})
	f.Add(made)
	f.Add(mustMake(f, k, Claims{Stream: AnyStream, Expires: now, NoUpload: true, Prefix: netip.MustParsePrefix("::/0"), Name: "n"}))
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdHJlYW0iOiJkZW1vIn0.")
	f.Add("eyJhbGciOiJIUzI1NiIsImtpZCI6WzFdfQ.bnVsbA.AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := k.Check(text, "a", now)
		if err == nil && text != made {
			t.Errorf("%q is good: %+v", text, c)
		}
		if err != nil && (c != Claims{} || !strings.HasPrefix(err.Error(), "token: ")) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	})
}

// FuzzParseKeys: no text panics, and keys that are read are written as they are.
func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(fixed))
	f.Add(mustKeys(f, HS256, EdDSA).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ParseKeys(b)
		if err != nil {
			return
		}
		written := k.Append(nil)
		again, err := ParseKeys(written)
		if err != nil || !bytes.Equal(again.Append(nil), written) {
			t.Errorf("%q is written as %q, which reads as %v", b, written, err)
		}
	})
}

const fixed = `{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}]}`

func BenchmarkCheck(b *testing.B) {
	for _, alg := range []string{HS256, EdDSA} {
		k := mustKeys(b, alg)
		text := mustMake(b, k, Claims{Stream: "demo", Expires: now.Add(time.Hour)})
		b.Run(alg, func(b *testing.B) {
			for b.Loop() {
				if _, err := k.Check(text, "", now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
