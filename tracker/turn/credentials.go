package turn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	pion "github.com/pion/turn/v5"
)

// Credentials makes a user name and a secret that a viewer may use from now on, for the configured lifetime.
func (s *Server) Credentials(now time.Time) (user, secret string) {
	user = strconv.FormatInt(now.Add(s.config.Lifetime).Unix(), 10) + ":" + rand.Text()[:12]
	return user, s.password(user)
}

// Lifetime returns for how long credentials are good.
func (s *Server) Lifetime() time.Duration { return s.config.Lifetime }

func (s *Server) password(user string) string {
	mac := hmac.New(sha1.New, []byte(s.secret)) // SHA-1 is what the draft names; browsers see only its Base64
	mac.Write([]byte(user))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// authenticate implements pion.AuthHandler. pion's own would count users by what stands behind the time, which the user
// does not choose either, but logs who fails.
func (s *Server) authenticate(r *pion.RequestAttributes) (user string, key []byte, ok bool) {
	until, _, _ := strings.Cut(r.Username, ":")
	expiry, err := strconv.ParseInt(until, 10, 64)
	if err != nil || len(r.Username) > 64 || expiry < time.Now().Unix() {
		s.counts.unknown.Add(1)
		return "", nil, false
	}
	return r.Username, pion.GenerateAuthKey(r.Username, r.Realm, s.password(r.Username)), true
}
