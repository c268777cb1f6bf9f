package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"

	"github.com/shoal-live/shoal/certificate"
	"github.com/shoal-live/shoal/edge/http1"
)

// secure is how viewers reach a service by TLS, beside its plain address: with a certificate of files, or with one that a CA gives by ACME.
type secure struct {
	door      door   // an empty address: not at all
	cert, key string // files; known once the flags are checked
	acme      acme
	quic      bool // HTTP/3 too, on the same port
}

// secureFlags defines its flags but for -tls-cert and -tls-key, which a service may have for more. Once the flags are parsed, check says what cannot
// be.
func secureFlags(flags *flagSet, cert, key *string) (s *secure, check func() error) {
	s = &secure{door: door{flag: "https"}}
	flags.StringVar(&s.door.address, "https", "", "`address` for viewers by TLS, with HTTP/2, like :8443; empty for none")
	flags.BoolVar(&s.quic, "http3", false, "HTTP/3 too, on the UDP port of -https")
	s.acme.flags(flags)
	return s, func() error {
		s.cert, s.key = *cert, *key
		listens, files := s.door.address != "", s.cert != "" || s.key != ""
		switch {
		case !listens && s.quic:
			return flags.refuse("http3", "HTTP/3 needs TLS: name its port by -https :8443")
		case !listens && len(s.acme.domains) > 0:
			return flags.refuse("acme-domain", "a certificate is of use with -https only: add -https :443")
		case !listens:
			return nil
		case files && len(s.acme.domains) > 0:
			return flags.refuse("acme-domain", "choose one: certificates of a CA by ACME, or the files of -tls-cert and -tls-key")
		case len(s.acme.domains) > 0:
			return s.acme.check(flags)
		case s.cert == "":
			return flags.refuse("https", "it needs a certificate: name its PEM file by -tls-cert, and that of its key by -tls-key; or your domain by -acme-domain")
		case s.key == "":
			return flags.refuse("https", "it needs the private key of -tls-cert: name its PEM file by -tls-key")
		}
		return flags.addresses("tcp", "https")
	}
}

// A securing is what there is of a secure while the program runs: the config of its listeners, and what has to run for it.
type securing struct {
	config *tls.Config
	run    task                            // nil: nothing
	plain  func(http.Handler) http.Handler // what the plain address answers first; nil: nothing
}

// begin reads the certificate, or has one be asked for.
func (s *secure) begin(public door, log *slog.Logger) (*securing, error) {
	if len(s.acme.domains) > 0 {
		return s.acme.begin(public, s.door, log)
	}
	pair, err := certificate.Open(s.cert, s.key, log)
	if err != nil {
		return nil, err
	}
	return &securing{config: &tls.Config{GetCertificate: pair.Get, MinVersion: tls.VersionTLS12}}, nil
}

// A house is the addresses of a service that viewers reach: the plain one, and the one with TLS, if there is.
type house struct {
	lobby  *lobby
	tasks  []task // that serve all but the plain address
	outer  func(http.Handler) http.Handler
	secure net.Addr // nil: there is none
}

// tls says where TLS is spoken, for the log.
func (h *house) tls() string {
	if h.secure == nil {
		return "off"
	}
	return h.secure.String()
}

// openHouse opens all addresses, or none.
func (d *desk) openHouse(public door, s *secure, handler http.Handler, cache http1.Cache) (*house, error) {
	plain, err := d.receive(public)
	if err != nil {
		return nil, err
	}
	h := &house{lobby: plain, outer: func(handler http.Handler) http.Handler { return handler }}
	if s.door.address == "" {
		return h, nil
	}
	public.address = withPort(public.address, plain.Addr())
	if err := d.openSecure(h, public, s, handler, cache); err != nil {
		plain.Close()
		return nil, err
	}
	return h, nil
}

func (d *desk) openSecure(h *house, public door, s *secure, handler http.Handler, cache http1.Cache) error {
	listener, err := s.door.listen()
	if err != nil {
		return err
	}
	at := *s
	at.door.address = withPort(s.door.address, listener.Addr())
	with, err := at.begin(public, d.log)
	if err != nil {
		listener.Close()
		return err
	}
	h.secure = listener.Addr()
	if with.plain != nil {
		h.outer = with.plain
	}
	if with.run != nil {
		h.tasks = append(h.tasks, with.run)
	}
	var said http.Header
	if s.quic {
		var serve task
		if said, serve, err = serveQUIC(at.door, with.config, handler, h.lobby.guests, d.log); err != nil {
			listener.Close()
			return err
		}
		h.tasks = append(h.tasks, serve)
	}
	h.tasks = append(h.tasks, aheadBy(with.config, said, cache)(h.lobby.lobby(listener, true), handler, d.log))
	return nil
}

// outlive runs a service for as long as those that serve it, which end with ctx: what they have begun they can finish.
func outlive(run task, servers ...task) task {
	return func(ctx context.Context) error {
		inner, end := context.WithCancel(context.WithoutCancel(ctx))
		defer end()
		return together(ctx, func(context.Context) error { return run(inner) }, func(ctx context.Context) error {
			defer end()
			return together(ctx, servers...)
		})
	}
}
