package transcode

import "github.com/prometheus/client_golang/prometheus"

// metrics are the counters of all ladders of an origin.
type metrics struct {
	children   prometheus.Gauge
	renditions *prometheus.GaugeVec   // stream
	lag        *prometheus.GaugeVec   // stream
	restarts   *prometheus.CounterVec // stream, reason
	dropped    *prometheus.CounterVec // stream
}

// Reasons of restarts.
const (
	reasonDied  = "died"
	reasonHung  = "hung"
	reasonSlow  = "slow"
	reasonTrial = "trial" // a rung that was left out is tried again
)

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		children: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shoal_origin_transcode_children", Help: "ffmpeg processes that make renditions now.",
		}),
		renditions: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shoal_origin_transcode_renditions", Help: "Renditions made beside the source now; 0: passthrough.",
		}, []string{"stream"}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shoal_origin_transcode_lag_seconds", Help: "How long the oldest frame has waited to be transcoded.",
		}, []string{"stream"}),
		restarts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_transcode_restarts_total", Help: "Times an ffmpeg was lost or stopped before its stream was over.",
		}, []string{"stream", "reason"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_transcode_dropped_frames_total", Help: "Frames of the source that ffmpeg did not take in time.",
		}, []string{"stream"}),
	}
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.children, m.renditions, m.lag, m.restarts, m.dropped} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
