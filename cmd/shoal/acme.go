package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/caddyserver/certmagic"
)

// acme is how certificates are had from a CA (RFC 8555): for which domains, and from whom.
type acme struct {
	domains list
	email   string
	ca      string // its directory; empty: Let's Encrypt
	root    string // PEM file of whom to believe that it is the CA; empty: the system's
	data    string // folder
}

func (a *acme) flags(flags *flagSet) {
	flags.Var(&a.domains, "acme-domain", "`domains` that certificates are asked for by ACME, with commas, instead of -tls-cert; they have to lead here, ports 443 to -https or 80 to -http")
	flags.StringVar(&a.email, "acme-email", "", "mail `address` that the CA writes to when something is amiss with a certificate")
	flags.StringVar(&a.ca, "acme-dir", "", "`URL` of the CA's ACME directory (default Let's Encrypt's)")
	flags.StringVar(&a.root, "acme-root", "", "PEM `file` of the certificate that a CA of your own is known by")
	if flags.Lookup("data") == nil {
		flags.String("data", defaultData, "`folder` where certificates of -acme-domain are kept")
	}
}

// check refuses what cannot be a domain, or a CA.
func (a *acme) check(flags *flagSet) error {
	for _, domain := range a.domains {
		if net.ParseIP(domain) == nil && !certmagic.SubjectQualifiesForPublicCert(domain) && a.ca == "" || strings.ContainsAny(domain, "*/: ") {
			return flags.refuse("acme-domain", "want names that a CA can reach, like live.example.com; give another CA by -acme-dir for names of your own network")
		}
	}
	if u, err := url.Parse(a.ca); a.ca != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		return flags.refuse("acme-dir", "want a URL like https://CA/directory")
	}
	if a.root != "" {
		if _, err := a.roots(); err != nil {
			return flags.fail("acme-root", "%v", err)
		}
	}
	a.data = flags.Lookup("data").Value.String()
	return errors.Join(flags.addresses("tcp", "https"), flags.folder("data"))
}

var errNoCertificate = errors.New("there is no certificate in it; want PEM")

func (a *acme) roots() (*x509.CertPool, error) {
	if a.root == "" {
		return nil, nil
	}
	b, err := os.ReadFile(a.root)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, errNoCertificate
	}
	return pool, nil
}

// begin has the library keep certificates for as long as its task runs. What it keeps is in the folder acme of the data, and so is what proves
// to the CA that the domain is ours: of several edges with one folder any may be asked for that.
func (a *acme) begin(public, own door, log *slog.Logger) (*securing, error) {
	roots, err := a.roots()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(a.data, "acme")
	if err := writable(folder); err != nil {
		return nil, fmt.Errorf("-acme-domain: certificates are kept in %s, which cannot be written: %w; name another folder by -data", folder, err)
	}
	var config *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return config, nil },
		Logger:           faults(log),
	})
	config = certmagic.New(cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: folder}, Logger: faults(log), DefaultServerName: a.domains[0],
		OnEvent: func(_ context.Context, event string, about map[string]any) error {
			switch event {
			case "cert_obtained":
				log.Info("a certificate has come from the CA", "domain", about["identifier"])
			case "cert_failed":
				log.Error("no certificate from the CA; it is tried again. The domain has to lead here: its port 443 to -https, or 80 to -http",
					"domain", about["identifier"], "error", about["error"])
			}
			return nil
		},
	})
	issuer := certmagic.NewACMEIssuer(config, certmagic.ACMEIssuer{
		CA: cmp.Or(a.ca, certmagic.LetsEncryptProductionCA), Email: a.email, Agreed: true, TrustedRoots: roots, Logger: faults(log),
		AltHTTPPort: public.port(), AltTLSALPNPort: own.port(), // which are ours already: so nothing is opened for challenges
	})
	config.Issuers = []certmagic.Issuer{issuer}
	with := config.TLSConfig() // its protocol is that of a challenge; those of HTTP are added by who serves
	with.MinVersion = tls.VersionTLS12
	return &securing{
		config: with,
		plain: func(handler http.Handler) http.Handler {
			return issuer.HTTPChallengeHandler(handler)
		},
		run: func(ctx context.Context) error {
			defer cache.Stop()
			if err := config.ManageAsync(ctx, a.domains); err != nil && ctx.Err() == nil {
				return err
			}
			<-ctx.Done()
			return nil
		},
	}, nil
}

// writable makes a folder, if it is not there, and a file in it.
func writable(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, ".try-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// port returns the number of a door's port.
func (d door) port() int {
	_, port, _ := net.SplitHostPort(d.address)
	n, _ := strconv.Atoi(port)
	return n
}
