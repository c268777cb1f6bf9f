//go:build linux

package main

import "fmt"

// aim is what is asked of the edge in a case of hits, in times what the others do; 0: nothing.
type aim struct{ nginx, varnish float64 }

var aims = map[string]aim{
	"playlist 2 kB":     {nginx: 0.95},
	"playlist 2 kB TLS": {nginx: 0.9},
	"83 kB":             {nginx: 1.7, varnish: 0.95},
	"250 kB":            {nginx: 1.7, varnish: 0.95},
	"250 kB TLS":        {nginx: 0.9},
	"1 MB":              {varnish: 0.9},
}

const (
	herdAim    = 160 // milliseconds, of 1,000 viewers
	dripAim    = 80
	releaseAim = 250   // of 10,000
	heldAim    = 30000 // bytes each
)

// missed says what was measured and is not as asked, a line each. Numbers of viewers that nobody asked for are not judged.
func (r *report) missed() (lines []string) {
	miss := func(format string, values ...any) { lines = append(lines, fmt.Sprintf(format, values...)) }
	for _, c := range r.Cases {
		a := aims[c.Name]
		if c.OfNginx > 0 && c.OfNginx < a.nginx {
			miss("%s: %.2f times nginx, of %.2f", c.Name, c.OfNginx, a.nginx)
		}
		if c.OfVarnish > 0 && c.OfVarnish < a.varnish {
			miss("%s: %.2f times Varnish, of %.2f", c.Name, c.OfVarnish, a.varnish)
		}
	}
	if h := r.Herd; h != nil && h.Viewers == 1000 && (h.Fills > 1 || h.P99Millis > herdAim) {
		miss("cold: %d fills, p99 %.0f ms, of 1 and %d", h.Fills, h.P99Millis, herdAim)
	}
	if h := r.Drip; h != nil && h.Viewers == 1000 && (h.Fills > 1 || h.P99Millis > dripAim) {
		miss("dripped: %d fills, %.0f ms, of 1 and %d", h.Fills, h.P99Millis, dripAim)
	}
	if h := r.Release; h != nil && h.Held == 10000 && (h.OriginRequests > 1 || h.P99Millis > releaseAim || h.BytesEach > heldAim) {
		miss("released: %d requests, p99 %.0f ms, %d bytes each, of 1, %d and %d", h.OriginRequests, h.P99Millis, h.BytesEach, releaseAim, heldAim)
	}
	return lines
}
