package stream

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the counters of an origin. Labels are stream names and protocols, never addresses.
type Metrics struct {
	IngestBytes *prometheus.CounterVec // stream, protocol
	Live        prometheus.Gauge
	Parts       *prometheus.CounterVec // stream
	Segments    *prometheus.CounterVec // stream
	Gaps        *prometheus.CounterVec // stream
	Refusals    *prometheus.CounterVec // reason
}

// counters are those that move with each part, found once.
type counters struct{ parts, segments prometheus.Counter }

func (m *Metrics) of(name string) counters {
	return counters{m.Parts.WithLabelValues(name), m.Segments.WithLabelValues(name)}
}

// Reasons of refusals.
const (
	RefusedKey       = "key"       // unknown publish key
	RefusedBusy      = "busy"      // the stream has a broadcaster
	RefusedFormat    = "format"    // codecs or messages that cannot be carried
	RefusedHandshake = "handshake" // not the protocol at all, or too slow
	RefusedLimit     = "limit"     // too many at once
)

// NewMetrics makes the counters and registers them unless registry is nil.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		IngestBytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_ingest_bytes_total", Help: "Bytes received from broadcasters.",
		}, []string{"stream", "protocol"}),
		Live: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shoal_origin_streams", Help: "Streams with a broadcaster connected.",
		}),
		Parts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_parts_total", Help: "Parts made.",
		}, []string{"stream"}),
		Segments: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_segments_total", Help: "Segments completed.",
		}, []string{"stream"}),
		Gaps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_gap_segments_total", Help: "Segments that a rendition beside the source lacks.",
		}, []string{"stream"}),
		Refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_publish_refusals_total", Help: "Broadcasters turned away.",
		}, []string{"reason"}),
	}
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.IngestBytes, m.Live, m.Parts, m.Segments, m.Gaps, m.Refusals} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
