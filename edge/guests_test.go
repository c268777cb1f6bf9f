package edge

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/shoal-live/shoal/token"
)

// guests is a site that signs tokens.
type guests struct{ keys *token.Keys }

func newGuests(t testing.TB, algs ...string) guests {
	t.Helper()
	var keys *token.Keys
	for _, alg := range algs {
		var err error
		if keys, err = keys.With(alg); err != nil {
			t.Fatal(err)
		}
	}
	return guests{keys}
}

// invite makes a token for an hour, changed as it is told.
func (g guests) invite(t testing.TB, stream string, change ...func(*token.Claims)) string {
	t.Helper()
	c := token.Claims{Stream: stream, Expires: time.Now().Add(time.Hour), Audience: "here"}
	for _, f := range change {
		f(&c)
	}
	text, err := g.keys.Make(c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// forge signs what a token for demo says by another method.
func forge(t testing.TB, method jwt.SigningMethod, key any) string {
	t.Helper()
	text, err := jwt.NewWithClaims(method, jwt.MapClaims{"stream": "demo", "aud": "here", "exp": time.Now().Add(time.Hour).Unix()}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// show answers as an origin does, and fails the test if anything of a token comes along.
func show(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization")+r.Header.Get("Cookie") != "" || strings.Contains(r.URL.String(), "token") {
			t.Errorf("the origin was asked %s with %v", r.URL, r.Header)
		}
		if strings.HasSuffix(r.URL.Path, ".m3u8") {
			w.Header().Set("Cache-Control", "public, max-age=1")
			io.WriteString(w, playlist(12, 3))
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Write(partBytes)
	}
}

// secretOf returns what a public key looks like in a file, as one who has it would try it as a secret.
func secretOf(t testing.TB, keys *token.Keys) []byte {
	t.Helper()
	b := keys.Append(nil)
	_, x, _ := bytes.Cut(b, []byte(`"x": "`))
	x, _, _ = bytes.Cut(x, []byte(`"`))
	raw, err := base64.RawURLEncoding.DecodeString(string(x))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(raw))
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// flip changes the first letter of a token's claims.
func flip(text string) string {
	at := strings.IndexByte(text, '.') + 5
	return text[:at] + string(text[at]^1) + text[at+1:]
}
