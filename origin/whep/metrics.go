package whep

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the counters of WHEP. Labels are stream names and reasons, never addresses.
type Metrics struct {
	Viewers  prometheus.Gauge
	Bytes    *prometheus.CounterVec // stream
	Skips    *prometheus.CounterVec // stream
	Refusals *prometheus.CounterVec // reason
}

// Reasons of refusals.
const (
	refusedKey    = "key"    // no key, or not this stream's
	refusedFormat = "format" // an offer that cannot be answered, or a stream that cannot be played
	refusedLimit  = "limit"  // too many at once
	refusedIdle   = "idle"   // there is nothing to see
)

// NewMetrics makes the counters and registers them unless registry is nil.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		Viewers: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shoal_origin_whep_viewers", Help: "Viewers connected by WHEP.",
		}),
		Bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_whep_bytes_total", Help: "Bytes of media sent to viewers by WHEP.",
		}, []string{"stream"}),
		Skips: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_whep_skips_total", Help: "Times that a viewer by WHEP got no pictures until the next key frame, as it was too slow or lost one.",
		}, []string{"stream"}),
		Refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_whep_refusals_total", Help: "Viewers by WHEP turned away.",
		}, []string{"reason"}),
	}
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.Viewers, m.Bytes, m.Skips, m.Refusals} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("whep: metrics: %w", err)
		}
	}
	return m, nil
}
