package archive

import "github.com/prometheus/client_golang/prometheus"

// Reasons why recorders stop.
const (
	reasonFull  = "full"
	reasonError = "error"
)

type metrics struct {
	bytes    *prometheus.CounterVec // stream
	segments *prometheus.CounterVec // stream
	lost     *prometheus.CounterVec // stream
	stopped  prometheus.Gauge
	stops    *prometheus.CounterVec // reason
	deleted  prometheus.Counter
	free     prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_recording_bytes_total", Help: "Bytes of media written to disk.",
		}, []string{"stream"}),
		segments: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_recording_segments_total", Help: "Segments that are whole on disk.",
		}, []string{"stream"}),
		lost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_recording_lost_segments_total", Help: "Segments that left memory before they were on disk.",
		}, []string{"stream"}),
		stopped: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shoal_origin_recording_stopped", Help: "Renditions that cannot be written to disk now.",
		}),
		stops: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_recording_stops_total", Help: "Times that writing a rendition stopped.",
		}, []string{"reason"}),
		deleted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shoal_origin_recording_deleted_files_total", Help: "Files deleted since they were too old.",
		}),
		free: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shoal_origin_recording_free_bytes", Help: "Room on the disk that recordings are on.",
		}),
	}
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.bytes, m.segments, m.lost, m.stopped, m.stops, m.deleted, m.free} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
