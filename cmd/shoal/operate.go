package main

import (
	"net"
	"net/http"
	"time"

	"github.com/shoal-live/shoal/edge"
	"github.com/shoal-live/shoal/ops"
	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/tracker"
)

// operate returns what answers at the admin listener: the operator's page, what the pages of other services ask this one, and the handler for the rest.
func (d *desk) operate(handler http.Handler, services []service) (*ops.Board, error) {
	self := ops.Self{Is: []string{}, Trackers: edge.FiguresOf(d.trackers), Version: build(), Since: time.Now()}
	for _, s := range services {
		if noun := nounOf(s); noun != "" {
			self.Is = append(self.Is, noun)
		}
	}
	d.paths.Handle("/api/v1/service", ops.Describe(self, func() error { return ready(services) }, d.registry))
	d.board.Own = handler
	if host, _, err := net.SplitHostPort(d.door.address); err == nil && host != "" { // the banner says so
		d.board.Hosts = append(d.board.Hosts, host)
	}
	return ops.New(d.board)
}

// nounOf names a kind of service.
func nounOf(s service) string {
	switch s.(type) {
	case *origin.Origin:
		return "origin"
	case *edge.Edge:
		return "edge"
	case *tracker.Tracker, withStats:
		return "tracker"
	}
	return ""
}

// watchAt is where the operator's page finds the pages for viewers, of the address on which they are served: of any host of this machine the
// page takes the one by which it was asked for itself.
func watchAt(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return ":" + port
	}
	return "http://" + address
}
