package rtmp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateCheck is how often its files are looked at: a handshake may come at any time, and from anybody.
const certificateCheck = time.Second

// certificate is a key pair of two files. It is read anew where they change; while what is there cannot be used, the one
// before is.
type certificate struct {
	// static
	cert, key string // files
	log       *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	checked time.Time
	seen    [2]stamp
}

// stamp tells one content of a file from another.
type stamp struct {
	at   time.Time
	size int64
}

// openCertificate reads both files for the first time.
func openCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	switch {
	case cert == "":
		return nil, errors.New("rtmp: RTMPS needs a certificate: name its file, with the chain, by -tls-cert")
	case key == "":
		return nil, errors.New("rtmp: RTMPS needs the certificate's private key: name its file by -tls-key")
	}
	c := &certificate{cert: cert, key: key, log: log}
	c.seen = c.look()
	if err := c.load(); err != nil {
		return nil, err
	}
	c.checked = time.Now()
	return c, nil
}

func (c *certificate) look() (seen [2]stamp) {
	for i, name := range []string{c.cert, c.key} {
		if info, err := os.Stat(name); err == nil {
			seen[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return seen
}

func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("rtmp: the certificate of RTMPS (-tls-cert %s, -tls-key %s): %w", c.cert, c.key, err)
	}
	c.pair = &pair
	return nil
}

// get is what tls.Config wants.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.checked) < certificateCheck {
		return c.pair, nil
	}
	c.checked = now
	if seen := c.look(); seen != c.seen {
		c.seen = seen
		if err := c.load(); err != nil {
			c.log.Error("rtmp: the certificate changed and cannot be used; the one before stays", "error", err)
		} else {
			c.log.Info("rtmp: the certificate changed and is used from now on")
		}
	}
	return c.pair, nil
}
