package main

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/shoal-live/shoal/edge"
	"github.com/shoal-live/shoal/ops"
	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/tracker"
)

// operate returns what answers at the admin listener: the operator's page, what the pages of other services ask this one, and the handler for the rest.
func (d *desk) operate(handler http.Handler, services []service) (*ops.Board, error) {
	self := ops.Self{Is: []string{}, Trackers: figuresOf(d.trackers), Version: build(), Since: time.Now()}
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

// figuresOf returns where trackers tell anybody of their swarms, of the URLs by which viewers join them: none of one that is a path alone, which is where a
// proxy has it.
func figuresOf(trackers []string) []string {
	all := []string{}
	for _, tracker := range trackers {
		if u, err := url.Parse(tracker); err == nil && (u.Scheme == "ws" || u.Scheme == "wss") {
			u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
			u.Path, u.RawQuery = "/api/v1/swarm", ""
			all = append(all, u.String())
		}
	}
	return all
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
