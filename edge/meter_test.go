package edge

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	e := newEdge(t, Config{Transport: newSource(stage), Registry: registry})
	size := float64(len(partBytes))
	get(e, partPath) // starts the fill
	e.flights.Wait()
	get(e, partPath)
	get(e, partPath, "Range", "bytes=0-99")
	ask(e, "HEAD", partPath)
	get(e, playlistPath)
	for i := range 100 {
		get(e, fmt.Sprintf("/live/made-up-%d/index.m3u8", i))
		get(e, fmt.Sprintf("/watch/made-up-%d", i))
	}
	e.flights.Wait()
	for name, c := range map[string]struct {
		got  prometheus.Collector
		want float64
	}{
		"sent media":     {e.meters.sentBytes.WithLabelValues("demo", "media"), 2*size + 100},
		"hit":            {e.meters.hitBytes.WithLabelValues("demo"), size + 100},
		"sent playlist":  {e.meters.sentBytes.WithLabelValues("demo", "playlist"), float64(len(playlist(12, 2)))},
		"fills":          {e.meters.fills.WithLabelValues("demo"), 2},
		"unknown fills":  {e.meters.fills.WithLabelValues("unknown"), 200},
		"requests":       {e.meters.requests.WithLabelValues("demo", "media", "200"), 3},
		"range requests": {e.meters.requests.WithLabelValues("demo", "media", "206"), 1},
	} {
		if got := testutil.ToFloat64(c.got); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.Metric {
			for _, label := range m.Label {
				if strings.Contains(label.GetValue(), "made-up") || strings.Contains(label.GetValue(), "192.0.2.1") {
					t.Errorf("%s: label %s=%s is a viewer's making", family.GetName(), label.GetName(), label.GetValue())
				}
			}
		}
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	if _, err := New(Config{Registry: registry, Files: built}); err == nil {
		t.Error("two edges in one registry")
	}
}

// TestManyStreams: there are so many labels, however many streams an origin vouches for.
func TestManyStreams(t *testing.T) {
	m, err := newMeters(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxStreams + 10 {
		m.learn("s" + strconv.Itoa(i))
	}
	if m.count != maxStreams || m.stream("s0").label != "s0" || m.stream("s"+strconv.Itoa(maxStreams)).label != unknown {
		t.Errorf("%d streams are told apart, the last as %s", m.count, m.stream("s"+strconv.Itoa(maxStreams)).label)
	}
}
