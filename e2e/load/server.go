//go:build linux

package main

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/shoal-live/shoal/e2e/process"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

// server is a tracker under load, a process of its own.
type server struct {
	*process.Process
	address string // where viewers go
	admin   string // its admin listener, "" if it has none
	path    string // of the WebSocket
}

// startShoal starts shoal tracker as it is shipped.
func startShoal(ctx context.Context, program string) (*server, error) {
	address, err := redistest.FreeAddress()
	if err != nil {
		return nil, err
	}
	admin, err := redistest.FreeAddress()
	if err != nil {
		return nil, err
	}
	p, err := process.StartServer(ctx, "http://"+address+"/readyz", program, "tracker", "-http", address, "-admin", admin, "-stun", "")
	return &server{Process: p, address: address, admin: admin, path: "/tracker"}, err
}

// startPeer starts bittorrent-tracker with WebSockets alone.
func startPeer(ctx context.Context, script string) (*server, error) {
	address, err := redistest.FreeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	p, err := process.StartServer(ctx, "http://"+address+"/stats", "node", script, port)
	return &server{Process: p, address: address, path: "/"}, err
}

// collect has the process collect its garbage, by the profiler of the admin listener.
func (s *server) collect() error {
	r, err := http.Get("http://" + s.admin + "/debug/pprof/heap?gc=1")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return err
}
