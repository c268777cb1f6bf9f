//go:build linux

package main

import (
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"

	"github.com/shoal-live/shoal/e2e/process"
	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

const stream = "demo"

// house is one process of the program, and how to start it again where it was.
type house struct {
	*process.Process
	program           string
	args              []string
	http, rtmp, admin string
	data              string
	key               string // to publish the stream
}

func (h *house) start(ctx context.Context) (err error) {
	h.Process, err = process.StartServer(ctx, h.url("/healthz"), h.program, h.args...)
	return err
}

func (h *house) url(path string) string { return "http://" + h.http + path }

func (h *house) close() {
	h.Stop()
	if h.data != "" {
		os.RemoveAll(h.data)
	}
}

func (h *house) addresses(of ...*string) error {
	for _, address := range of {
		var err error
		if *address, err = redistest.FreeAddress(); err != nil {
			return err
		}
	}
	return nil
}

// openEdge starts an edge, with flags besides those for its doors.
func openEdge(ctx context.Context, s stand, flags ...string) (*house, error) {
	h := &house{program: s.program}
	if err := h.addresses(&h.http, &h.admin); err != nil {
		return nil, err
	}
	h.args = append([]string{"edge", "-http", h.http, "-admin", h.admin, "-log", "warn"}, flags...)
	return h, h.start(ctx)
}

// newOrigin makes an origin's place, with a publish key; it is not started.
func newOrigin(s stand) (h *house, err error) {
	h = &house{program: s.program}
	var webrtc string
	if err := h.addresses(&h.http, &h.rtmp, &h.admin, &webrtc); err != nil {
		return nil, err
	}
	if h.data, err = os.MkdirTemp("", "shoal-failover-"); err != nil {
		return nil, err
	}
	keys, err := origin.OpenKeys(h.data)
	if err != nil {
		return nil, err
	}
	if h.key, err = keys.Add(stream); err != nil {
		return nil, err
	}
	h.args = []string{"origin", "-data", h.data, "-http", h.http, "-rtmp", h.rtmp, "-webrtc", webrtc, "-admin", h.admin, "-log", "warn"}
	return h, nil
}

// metric returns the sum of a metric's values.
func (h *house) metric(name string) (sum float64) {
	answer, err := http.Get("http://" + h.admin + "/metrics")
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	for _, m := range regexp.MustCompile(`(?m)^`+name+`(?:\{[^}]*\})? (\S+)$`).FindAllSubmatch(text, -1) {
		v, _ := strconv.ParseFloat(string(m[1]), 64)
		sum += v
	}
	return sum
}

func sorted(m map[string]float64) []string { return slices.Sorted(maps.Keys(m)) }
