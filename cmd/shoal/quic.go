package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// serveQUIC opens the UDP port of a door and returns the task that answers HTTP/3 on it, and with which fields answers by TCP say that it is
// there. Its connections are guests of the house as any other.
func serveQUIC(d door, config *tls.Config, handler http.Handler, all *guests, log *slog.Logger) (said http.Header, serves task, err error) {
	conn, err := net.ListenPacket("udp", d.address)
	if err != nil {
		return nil, nil, explain(err, d)
	}
	own := config.Clone()
	own.NextProtos = nil
	transport := &quic.Transport{Conn: conn, ConnContext: all.visit, VerifySourceAddress: func(net.Addr) bool { return all.crowded() }}
	listener, err := transport.ListenEarly(http3.ConfigureTLSConfig(own), &quic.Config{
		MaxIncomingStreams: streamsAtOnce, HandshakeIdleTimeout: headerTime / 2, MaxIdleTimeout: bodyTime,
	})
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	server := &http3.Server{
		Handler: handler, MaxHeaderBytes: maxHeader, IdleTimeout: idleTime, Port: d.port(), Logger: slog.New(slog.DiscardHandler),
	}
	// 24 hours, as the server's own header has it; but that is known only once it serves.
	said = http.Header{"Alt-Svc": {fmt.Sprintf(`h3=":%d"; ma=86400`, d.port())}}
	return said, func(ctx context.Context) error {
		defer conn.Close()
		defer transport.Close()
		ended := make(chan error, 1)
		go func() { ended <- server.ServeListener(listener) }()
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
		}
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		if server.Shutdown(limit) != nil {
			server.Close()
		}
		<-ended
		return nil
	}, nil
}

// visit implements quic.Transport.ConnContext: who is turned away is refused before the handshake.
func (g *guests) visit(ctx context.Context, about *quic.ClientInfo) (context.Context, error) {
	from := netip.Addr{}
	if udp, ok := about.RemoteAddr.(*net.UDPAddr); ok {
		from = udp.AddrPort().Addr().Unmap()
	}
	if reason := g.enter(from); reason != "" {
		g.note(reason)
		return nil, fmt.Errorf("too many connections (%s)", reason)
	}
	context.AfterFunc(ctx, func() { g.exit(from) })
	return ctx, nil
}

// crowded tells whether so many are here that who comes by UDP has to show first that its address is its own.
func (g *guests) crowded() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count >= g.all/2
}
