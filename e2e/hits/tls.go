//go:build linux

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// certify writes a certificate and its key for the servers of one run.
func certify(folder string) (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"live.example"}, NotAfter: time.Now().Add(24 * time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	return cert, key, errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
}

// agreed is what all servers and viewers agree on, so that all do the same work.
const agreed = tls.TLS_AES_128_GCM_SHA256

// secureCrowd is viewers by TLS.
type secureCrowd struct{ calls []*secureCall }

type secureCall struct {
	*tls.Conn
	call
	scratch []byte
}

func gatherSecure(address string, viewers int) (*secureCrowd, error) {
	w := &secureCrowd{}
	for range viewers {
		conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", address,
			&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}) // whose certificate it is does not matter here
		if err != nil {
			w.leave()
			return nil, err
		}
		w.calls = append(w.calls, &secureCall{Conn: conn, scratch: make([]byte, 64<<10)})
		if s := conn.ConnectionState(); s.CipherSuite != agreed {
			w.leave()
			return nil, fmt.Errorf("the server chose %s, not %s", tls.CipherSuiteName(s.CipherSuite), tls.CipherSuiteName(agreed))
		}
	}
	return w, nil
}

func (w *secureCrowd) leave() {
	for _, c := range w.calls {
		c.Close()
	}
}

// again has all viewers ask the same over and over for a while, and returns how many answers came.
func (w *secureCrowd) again(ctx context.Context, request []byte, for_ time.Duration) (answers int, err error) {
	until := time.Now().Add(for_)
	var all sync.WaitGroup
	var mu sync.Mutex
	for _, c := range w.calls {
		all.Go(func() {
			n := 0
			var failed error
			for time.Now().Before(until) && ctx.Err() == nil && failed == nil {
				if failed = c.once(request); failed == nil {
					n++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			answers, err = answers+n, errors.Join(err, failed)
		})
	}
	all.Wait()
	return answers, errors.Join(err, ctx.Err())
}

func (c *secureCall) once(request []byte) error {
	c.head, c.left, c.status = c.head[:0], 0, 0
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Conn.Write(request); err != nil {
		return err
	}
	for c.status == 0 || c.left > 0 {
		n, err := c.Conn.Read(c.scratch)
		if err != nil {
			return err
		}
		if c.status != 0 {
			c.left -= n
			continue
		}
		c.head = append(c.head, c.scratch[:n]...)
		if err := c.readHead(); err != nil {
			return err
		}
	}
	if c.left < 0 {
		return errors.New("more came than was asked for")
	}
	return nil
}
