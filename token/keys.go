package token

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// The algorithms of keys, as JWTs name them.
const (
	HS256 = "HS256" // one secret, for who signs and who checks
	EdDSA = "EdDSA" // Ed25519: who checks has the public half only
)

const (
	maxKeys   = 16 // in one file; a token without kid is checked with each of its algorithm
	secretLen = 32 // least bytes of an HS256 secret (RFC 7518, 3.2)
)

var (
	errMethod = errors.New("token: a header that is not understood")
	errNoKey  = errors.New("token: no key")
)

// Keys are the keys of one file, the oldest first. They do not change.
type Keys struct{ keys []key }

// key is one key, bound to one algorithm.
type key struct {
	alg    string
	id     string // kid; empty: none
	verify any    // what the algorithm checks with: []byte or ed25519.PublicKey
	sign   any    // what it signs with: []byte or ed25519.PrivateKey; nil: it cannot
}

// jwk is a key as it stands in a file (RFC 7517, 7518, 8037).
type jwk struct {
	Kty string `json:"kty"`
	Alg string `json:"alg"`
	Kid string `json:"kid,omitempty"`
	Crv string `json:"crv,omitempty"`
	K   string `json:"k,omitempty"` // the secret
	X   string `json:"x,omitempty"` // the public half
	D   string `json:"d,omitempty"` // the private half
}

type jwkSet struct {
	Keys []jwk `json:"keys"`
}

// ParseKeys reads a JWK Set.
func ParseKeys(b []byte) (*Keys, error) {
	var set jwkSet
	if err := json.Unmarshal(b, &set); err != nil {
		return nil, fmt.Errorf("token: keys: want a JWK Set such as shoal token key writes: %w", err)
	}
	if len(set.Keys) == 0 || len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("token: keys: want 1 to %d in \"keys\", found %d", maxKeys, len(set.Keys))
	}
	k := &Keys{}
	for i, j := range set.Keys {
		key, err := j.parse()
		if err != nil {
			return nil, fmt.Errorf("token: key %d: %w", i+1, err)
		}
		k.keys = append(k.keys, key)
	}
	return k, nil
}

func (j jwk) parse() (key, error) {
	k := key{alg: j.Alg, id: j.Kid}
	switch {
	case j.Kty == "oct" && j.Alg == HS256:
		secret, err := decode("k", j.K)
		if err != nil {
			return k, err
		}
		if len(secret) < secretLen {
			return k, fmt.Errorf("its secret has %d bytes, want at least %d", len(secret), secretLen)
		}
		k.verify, k.sign = secret, secret
	case j.Kty == "OKP" && j.Crv == "Ed25519" && j.Alg == EdDSA:
		public, err := decode("x", j.X)
		if err != nil {
			return k, err
		}
		if len(public) != ed25519.PublicKeySize {
			return k, fmt.Errorf("its \"x\" has %d bytes, want %d", len(public), ed25519.PublicKeySize)
		}
		k.verify = ed25519.PublicKey(public)
		if j.D == "" {
			return k, nil
		}
		seed, err := decode("d", j.D)
		if err != nil {
			return k, err
		}
		if len(seed) != ed25519.SeedSize {
			return k, fmt.Errorf("its \"d\" has %d bytes, want %d", len(seed), ed25519.SeedSize)
		}
		private := ed25519.NewKeyFromSeed(seed)
		if !private.Public().(ed25519.PublicKey).Equal(k.verify) {
			return k, errors.New("its \"x\" is not the public half of its \"d\"")
		}
		k.sign = private
	default:
		return k, fmt.Errorf("kty %.20q, crv %.20q, alg %.20q: want oct with HS256, or OKP with Ed25519 and EdDSA", j.Kty, j.Crv, j.Alg)
	}
	return k, nil
}

func decode(field, text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("its %q is not base64url", field)
	}
	return b, nil
}

// With returns the keys with a new one of an algorithm as the newest. The keys before may be nil.
func (k *Keys) With(alg string) (*Keys, error) {
	id := make([]byte, 4)
	rand.Read(id) // never fails
	added := key{alg: alg, id: hex.EncodeToString(id)}
	switch alg {
	case HS256:
		secret := make([]byte, secretLen)
		rand.Read(secret)
		added.verify, added.sign = secret, secret
	case EdDSA:
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		added.verify, added.sign = public, private
	default:
		return nil, fmt.Errorf("token: no keys are made for %.20q: choose %s or %s", alg, HS256, EdDSA)
	}
	all := &Keys{}
	if k != nil {
		all.keys = slices.Clone(k.keys)
	}
	if all.keys = append(all.keys, added); len(all.keys) > maxKeys {
		return nil, fmt.Errorf("token: %d keys are the most; take those out whose tokens have ended", maxKeys)
	}
	return all, nil
}

// Public returns the keys without their private halves, for trackers. A secret has none that could be left out.
func (k *Keys) Public() (*Keys, error) {
	all := &Keys{keys: slices.Clone(k.keys)}
	for i := range all.keys {
		if all.keys[i].alg == HS256 {
			return nil, errors.New("token: an HS256 key has no public half: give trackers the file itself, or make EdDSA keys")
		}
		all.keys[i].sign = nil
	}
	return all, nil
}

// Private tells whether there is a private half among them, which who checks tokens needs not. A secret has no other half.
func (k *Keys) Private() bool {
	return slices.ContainsFunc(k.keys, func(k key) bool { return k.alg == EdDSA && k.sign != nil })
}

// Append appends the keys as a JWK Set to b.
func (k *Keys) Append(b []byte) []byte {
	var set jwkSet
	encode := base64.RawURLEncoding.EncodeToString
	for _, key := range k.keys {
		j := jwk{Alg: key.alg, Kid: key.id}
		switch verify := key.verify.(type) {
		case []byte:
			j.Kty, j.K = "oct", encode(verify)
		case ed25519.PublicKey:
			j.Kty, j.Crv, j.X = "OKP", "Ed25519", encode(verify)
			if private, ok := key.sign.(ed25519.PrivateKey); ok {
				j.D = encode(private.Seed())
			}
		}
		set.Keys = append(set.Keys, j)
	}
	text, err := json.MarshalIndent(set, "", "  ")
	if err != nil {
		panic(err) // strings only
	}
	return append(append(b, text...), '\n')
}

// verifiers returns what a token is to be checked with: keys of its algorithm only, and of its kid if it names one.
func (k *Keys) verifiers(t *jwt.Token) (any, error) {
	if _, critical := t.Header["crit"]; critical { // which says: refuse me unless you understand (RFC 7515, 4.1.11)
		return nil, errMethod
	}
	id, named := t.Header["kid"].(string)
	var set jwt.VerificationKeySet
	for _, key := range k.keys {
		if key.alg == t.Method.Alg() && (!named || key.id == id) {
			set.Keys = append(set.Keys, key.verify)
		}
	}
	if len(set.Keys) == 0 {
		return nil, errNoKey
	}
	return set, nil
}

// signer returns the newest key that can sign, nil if there is none.
func (k *Keys) signer() *key {
	for i := range slices.Backward(k.keys) {
		if k.keys[i].sign != nil {
			return &k.keys[i]
		}
	}
	return nil
}
