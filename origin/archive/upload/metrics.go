package upload

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	files        prometheus.Counter
	bytes        prometheus.Counter
	failures     *prometheus.CounterVec // reason
	resumed      prometheus.Counter
	waitingFiles prometheus.Gauge
	waitingBytes prometheus.Gauge
	stuck        prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		files: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shoal_origin_upload_files_total", Help: "Recording files that are in storage.",
		}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shoal_origin_upload_bytes_total", Help: "Bytes that storage has taken.",
		}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shoal_origin_upload_failures_total", Help: "Attempts to upload a file that failed.",
		}, []string{"reason"}),
		resumed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shoal_origin_upload_resumed_total", Help: "Uploads in parts that went on where they were.",
		}),
		waitingFiles: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shoal_origin_upload_waiting_files", Help: "Finished recording files that are not in storage yet.",
		}),
		waitingBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shoal_origin_upload_waiting_bytes", Help: "Their bytes.",
		}),
		stuck: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shoal_origin_upload_stuck_files", Help: "Of these, those that no retry brings into storage.",
		}),
	}
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.files, m.bytes, m.failures, m.resumed, m.waitingFiles, m.waitingBytes, m.stuck} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
