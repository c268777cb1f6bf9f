package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// serveQUIC opens the UDP port of a door and returns the task that answers HTTP/3 on it, and the handler with which answers by TCP say that it is
// there.
func serveQUIC(d door, config *tls.Config, handler http.Handler, log *slog.Logger) (announcing http.Handler, serves task, err error) {
	conn, err := net.ListenPacket("udp", d.address)
	if err != nil {
		return nil, nil, explain(err, d)
	}
	own := config.Clone()
	own.NextProtos = nil
	server := &http3.Server{
		Handler: handler, TLSConfig: own, MaxHeaderBytes: maxHeader, IdleTimeout: idleTime, Port: d.port(),
		QUICConfig: &quic.Config{MaxIncomingStreams: streamsAtOnce, HandshakeIdleTimeout: headerTime / 2, MaxIdleTimeout: bodyTime},
		Logger:     slog.New(slog.DiscardHandler),
	}
	// 24 hours, as the server's own header has it; but that is known only once it serves.
	said := fmt.Sprintf(`h3=":%d"; ma=86400`, d.port())
	announcing = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Alt-Svc", said)
		handler.ServeHTTP(w, r)
	})
	return announcing, func(ctx context.Context) error {
		defer conn.Close()
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(conn) }()
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
