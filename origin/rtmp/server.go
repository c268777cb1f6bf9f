package rtmp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/shoal-live/shoal/certificate"
	"github.com/shoal-live/shoal/origin/stream"
)

const (
	maxConns      = 1024
	wrongKeyDelay = time.Second
	lastWords     = time.Second
)

// ErrKey says that no stream has this publish key, ErrNoKey that the broadcaster named none.
var (
	ErrKey   = errors.New("rtmp: unknown publish key")
	ErrNoKey = errors.New("rtmp: no publish key: it belongs into the broadcaster's field for the stream key")
)

// Config is what a Server needs.
type Config struct {
	Addr      string                                  // host:port to listen on
	Secure    string                                  // host:port for RTMPS; empty: none
	CertFile  string                                  // PEM, with the chain, for Secure; read anew when it changes
	KeyFile   string                                  // PEM
	Authorize func(key string) (name string, ok bool) // the stream a publish key belongs to
	Streams   *stream.Streams
	Metrics   *stream.Metrics
	Log       *slog.Logger
}

// Server accepts broadcasts.
type Server struct {
	config      Config
	certificate *certificate.Pair // nil: no RTMPS
	strangers   strangers
	conns       chan struct{}
	beats       time.Time // of connections
}

// New returns a server that does nothing until Run.
func New(config Config) (*Server, error) {
	s := &Server{config: config, conns: make(chan struct{}, maxConns), beats: time.Now()}
	if config.Secure == "" {
		return s, nil
	}
	switch {
	case config.CertFile == "":
		return nil, errors.New("rtmp: RTMPS needs a certificate: name its file, with the chain, by -tls-cert")
	case config.KeyFile == "":
		return nil, errors.New("rtmp: RTMPS needs the certificate's private key: name its file by -tls-key")
	}
	pair, err := certificate.Open(config.CertFile, config.KeyFile, config.Log)
	if err != nil {
		return nil, fmt.Errorf("rtmp: RTMPS: %w", err)
	}
	s.certificate = pair
	return s, nil
}

// Listen opens the port.
func (s *Server) Listen(ctx context.Context) (net.Listener, error) {
	return s.listen(ctx, s.config.Addr)
}

// ListenSecure opens the port of RTMPS; nil without one.
func (s *Server) ListenSecure(ctx context.Context) (net.Listener, error) {
	if s.certificate == nil {
		return nil, nil
	}
	ln, err := s.listen(ctx, s.config.Secure)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(ln, &tls.Config{GetCertificate: s.certificate.Get, MinVersion: tls.VersionTLS12}), nil
}

func (s *Server) listen(ctx context.Context, addr string) (net.Listener, error) {
	var l net.ListenConfig
	l.SetMultipathTCP(false) // of a socket of several paths the system tells nothing, and broadcasters use none
	ln, err := l.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("rtmp: %w", err)
	}
	return pacedListener{ln, s.beats}, nil
}

// Run serves connections of ln until ctx is done, and returns when all of them are closed. It may run for
// several listeners at once.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	for {
		c, err := ln.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("rtmp: %w", err)
			}
			s.config.Log.Warn("rtmp: accept", "error", err) // out of descriptors: wait for some to be freed
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		if !take(s.conns) {
			s.refuse(stream.RefusedLimit)
			_ = c.Close()
			continue
		}
		who := &stranger{from: network(c.RemoteAddr()), end: func() { _ = c.Close() }}
		if lost := s.strangers.enter(who); lost != nil {
			s.refuse(stream.RefusedLimit)
			lost.end()
		}
		all.Go(func() {
			defer func() { <-s.conns }()
			s.serve(ctx, c, who)
		})
	}
}

func take(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s *Server) refuse(reason string) { s.config.Metrics.Refusals.WithLabelValues(reason).Inc() }

// serve is one connection from its first byte to its last.
func (s *Server) serve(ctx context.Context, c net.Conn, who *stranger) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	defer c.Close()
	defer func() {
		// The parsers under us are not ours: whatever a broadcaster makes them do ends with its connection.
		if p := recover(); p != nil {
			s.config.Log.Error("rtmp: a broadcaster's bytes broke the parser", "panic", p)
		}
	}()

	defer s.strangers.leave(who)
	b := &bounded{Conn: c, left: introBytes, until: time.Now().Add(introduction)}
	d, err := greet(b)
	if err != nil {
		s.refuse(stream.RefusedHandshake)
		s.config.Log.Debug("rtmp: not a broadcaster", "error", err)
		return
	}
	session, err := s.admit(ctx, d)
	if err != nil {
		s.config.Log.Warn("rtmp: refused", "network", vicinity(c.RemoteAddr()), "error", err)
		return
	}
	s.strangers.leave(who)
	defer session.Close()
	b.admitted(session)
	d.admitted()
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	watch.Go(func() {
		select {
		case <-session.Replaced():
		case <-ctx.Done():
			return
		}
		if errors.Is(session.Why(), stream.ErrRevoked) { // it is told when it sends on
			select {
			case <-time.After(lastWords):
			case <-ctx.Done():
			}
		}
		cancel()
	})
	if err := d.start(); err != nil {
		return
	}
	err = newFeed(session, s.config.Log.With("stream", session.Stream().Name)).run(d)
	if err == nil {
		session.End()
		hearOut(c)
	} else if ctx.Err() == nil {
		s.config.Log.Info("rtmp: connection ended", "stream", session.Stream().Name, "error", err)
		switch {
		case errors.Is(err, errFormat):
			s.refuse(stream.RefusedFormat)
			_ = d.reject("NetStream.Publish.Rejected", err.Error())
			hangUp(c)
		case errors.Is(err, stream.ErrRevoked):
			_ = d.reject("NetStream.Publish.Rejected", "The key of this broadcast was removed: ask for another.")
			hangUp(c)
		}
	}
}

// hangUp lets the last words arrive.
func hangUp(c net.Conn) {
	if h, ok := c.(interface{ CloseWrite() error }); ok && h.CloseWrite() == nil {
		hearOut(c)
	}
}

// hearOut waits for the other side to close: closing on top of bytes not yet read throws away what was said, and looks to
// the other side like a failure.
func hearOut(c net.Conn) {
	if c.SetReadDeadline(time.Now().Add(lastWords)) == nil {
		_, _ = io.CopyN(io.Discard, c, 4<<20)
	}
}

// admit checks the key and takes the stream.
func (s *Server) admit(ctx context.Context, d *dialogue) (*stream.Session, error) {
	name, ok := s.config.Authorize(d.key)
	if !ok {
		s.refuse(stream.RefusedKey)
		select {
		case <-time.After(wrongKeyDelay):
		case <-ctx.Done():
		}
		if d.keyless {
			_ = d.reject("NetStream.Publish.BadName", "There is no publish key: enter it as the stream key in your settings.")
			return nil, ErrNoKey
		}
		_ = d.reject("NetStream.Publish.BadName", "Wrong publish key: check the stream key in your settings.")
		return nil, ErrKey
	}
	session, err := s.config.Streams.Publish(name, "rtmp")
	if err != nil {
		code, text := "NetStream.Publish.Rejected", "The origin cannot take this stream now: its log says why."
		if errors.Is(err, stream.ErrBusy) {
			s.refuse(stream.RefusedBusy)
			code, text = "NetStream.Publish.BadName", "Somebody is broadcasting to this stream already."
		}
		_ = d.reject(code, text)
		return nil, fmt.Errorf("rtmp: %s: %w", name, err)
	}
	session.OpenedBy(d.key)
	return session, nil
}
