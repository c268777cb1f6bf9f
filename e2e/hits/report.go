//go:build linux

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// report is what was measured. Phases that did not run are not in it.
type report struct {
	Cases   []hitCase `json:"cases"`
	Herd    *herd     `json:"herd,omitempty"`
	Drip    *herd     `json:"drip,omitempty"`
	Release *release  `json:"release,omitempty"`
}

// hitCase is requests for a second of one core of a server's processor time, and how that compares.
type hitCase struct {
	Name      string               `json:"name"`
	Shoal     float64              `json:"shoal"`
	Nginx     float64              `json:"nginx"`
	Varnish   float64              `json:"varnish,omitempty"`
	OfNginx   float64              `json:"ofNginx"` // the median of the turns' ratios
	OfVarnish float64              `json:"ofVarnish,omitempty"`
	Tuned     float64              `json:"nginxTuned,omitempty"` // with files kept open
	OfTuned   float64              `json:"ofNginxTuned,omitempty"`
	Bare      float64              `json:"nginxBare,omitempty"` // without sendfile
	OfBare    float64              `json:"ofNginxBare,omitempty"`
	Turns     map[string][]float64 `json:"turns"`
}

// herd is how long a crowd waits, from its question (herd) or from the origin's first byte (drip): medians of the rounds. Fills are
// the most that one round took.
type herd struct {
	Viewers          int     `json:"viewers"`
	Fills            int     `json:"fills"`
	P99Millis        float64 `json:"p99Millis"`
	NginxFills       int     `json:"nginxFills"`
	NginxP99Millis   float64 `json:"nginxP99Millis"`
	VarnishFills     int     `json:"varnishFills"`
	VarnishP99Millis float64 `json:"varnishP99Millis"`

	waits map[string][]time.Duration
}

type release struct {
	Held               int     `json:"held"`
	OriginRequests     int     `json:"originRequests"`
	P50Millis          float64 `json:"p50Millis"` // from the part's birth
	P99Millis          float64 `json:"p99Millis"`
	BytesEach          int     `json:"bytesEach"`          // of resident memory while they are held, garbage collected
	UnsettledBytesEach int     `json:"unsettledBytesEach"` // as it was
	ProcessorMillis    float64 `json:"processorMillis"`
}

func (r *report) addCase(name string, turns map[string][]float64) {
	c := hitCase{
		Name: name, Turns: turns, OfNginx: ratio(turns["shoal"], turns["nginx"]), OfVarnish: ratio(turns["shoal"], turns["varnish"]),
		OfTuned: ratio(turns["shoal"], turns["nginx-tuned"]), OfBare: ratio(turns["shoal"], turns["nginx-bare"]),
	}
	for server, at := range map[string]*float64{
		"shoal": &c.Shoal, "nginx": &c.Nginx, "varnish": &c.Varnish, "nginx-tuned": &c.Tuned, "nginx-bare": &c.Bare,
	} {
		if len(turns[server]) > 0 {
			*at = median(append([]float64(nil), turns[server]...))
		}
	}
	r.Cases = append(r.Cases, c)
}

// ratio returns the median of the ratios of turns that followed one another.
func ratio(a, b []float64) float64 {
	if len(a) == 0 || len(a) != len(b) {
		return 0
	}
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}

func (h *herd) add(server string, fills int, wait time.Duration) {
	if h.waits == nil {
		h.waits = map[string][]time.Duration{}
	}
	h.waits[server] = append(h.waits[server], wait)
	middle := millis(median(append([]time.Duration(nil), h.waits[server]...)))
	switch server {
	case "shoal":
		h.Fills, h.P99Millis = max(h.Fills, fills), middle
	case "nginx":
		h.NginxFills, h.NginxP99Millis = max(h.NginxFills, fills), middle
	case "varnish":
		h.VarnishFills, h.VarnishP99Millis = max(h.VarnishFills, fills), middle
	}
}

// table prints the report for people.
func (r *report) table(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, c := range r.Cases {
		fmt.Fprintf(w, "%s\t%.0f requests a core-second\tnginx %.0f, %.2f times\ttuned %.0f, %.2f times\tbare %.0f, %.2f times\tVarnish %.0f, %.2f times\n",
			c.Name, c.Shoal, c.Nginx, c.OfNginx, c.Tuned, c.OfTuned, c.Bare, c.OfBare, c.Varnish, c.OfVarnish)
	}
	for name, h := range map[string]*herd{"cold, until it is whole": r.Herd, "dripped, the last one's first byte": r.Drip} {
		if h != nil {
			fmt.Fprintf(w, "%s\t%d viewers, %d fills, %.0f ms\tnginx %d fills, %.0f ms\tVarnish %d fills, %.0f ms\n", name,
				h.Viewers, h.Fills, h.P99Millis, h.NginxFills, h.NginxP99Millis, h.VarnishFills, h.VarnishP99Millis)
		}
	}
	if h := r.Release; h != nil {
		fmt.Fprintf(w, "released\t%d viewers, %d requests upstream\tp50 %.0f ms, p99 %.0f ms\t%d bytes each (%d before garbage was collected), %.0f ms of the processor\n",
			h.Held, h.OriginRequests, h.P50Millis, h.P99Millis, h.BytesEach, h.UnsettledBytesEach, h.ProcessorMillis)
	}
}
