// Package certificate keeps a certificate of two files for whoever listens with TLS. Files are read anew where they change, so that what renews
// certificates has to tell nobody; while what is there cannot be used, the one before is.
//
//	pair, err := certificate.Open("cert.pem", "key.pem", log)
//	config := &tls.Config{GetCertificate: pair.Get}
package certificate

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// check is how often its files are looked at: a handshake may come at any time, and from anybody.
const check = time.Second

// Pair is a certificate, with its chain, and its private key.
type Pair struct {
	// static
	cert, key string // files, PEM
	log       *slog.Logger

	mu      sync.Mutex // guards what follows
	pair    *tls.Certificate
	checked time.Time
	seen    [2]stamp
}

// stamp tells one content of a file from another.
type stamp struct {
	at   time.Time
	size int64
}

// Open reads both files for the first time.
func Open(cert, key string, log *slog.Logger) (*Pair, error) {
	p := &Pair{cert: cert, key: key, log: log}
	p.seen = p.look()
	if err := p.load(); err != nil {
		return nil, err
	}
	p.checked = time.Now()
	return p, nil
}

func (p *Pair) look() (seen [2]stamp) {
	for i, name := range []string{p.cert, p.key} {
		if info, err := os.Stat(name); err == nil {
			seen[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return seen
}

func (p *Pair) load() error {
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return fmt.Errorf("the certificate (-tls-cert %s, -tls-key %s): %w", p.cert, p.key, err)
	}
	p.pair = &pair
	return nil
}

// Get is what tls.Config wants.
func (p *Pair) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.checked) < check {
		return p.pair, nil
	}
	p.checked = now
	if seen := p.look(); seen != p.seen {
		p.seen = seen
		if err := p.load(); err != nil {
			p.log.Error("the certificate changed and cannot be used; the one before stays", "error", err)
		} else {
			p.log.Info("the certificate changed and is used from now on", "until", p.pair.Leaf.NotAfter)
		}
	}
	return p.pair, nil
}
