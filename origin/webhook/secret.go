package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrSecret says that a secret is too short to be one, or no base64 where it says so.
var ErrSecret = errors.New("webhook: a secret has 16 bytes or more; after whsec_ it is base64, as openssl rand -base64 24 prints it")

// Secret is what receivers check with that an event is ours. Empty: they cannot.
type Secret []byte

// ParseSecret reads a secret: any text of 16 bytes or more, or whsec_ and base64.
func ParseSecret(text string) (Secret, error) {
	text = strings.TrimSpace(text)
	secret := []byte(text)
	if coded, found := strings.CutPrefix(text, "whsec_"); found {
		var err error
		if secret, err = base64.StdEncoding.DecodeString(coded); err != nil {
			return nil, ErrSecret
		}
	}
	if len(secret) < 16 {
		return nil, ErrSecret
	}
	return secret, nil
}

// Sign returns the signature of a message that is sent at a time.
func (s Secret) Sign(id string, at time.Time, body []byte) string {
	h := hmac.New(sha256.New, s)
	h.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}
