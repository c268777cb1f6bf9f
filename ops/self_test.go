package ops

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestSelf: figures are sums over labels, and no ratio is summed.
func TestSelf(t *testing.T) {
	registry := prometheus.NewRegistry()
	sent := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_edge_sent_bytes_total"}, []string{"stream"})
	ratio := prometheus.NewGauge(prometheus.GaugeOpts{Name: "shoal_swarm_offload_ratio"})
	latency := prometheus.NewGauge(prometheus.GaugeOpts{Name: "shoal_swarm_latency_seconds"})
	held := prometheus.NewGauge(prometheus.GaugeOpts{Name: "shoal_edge_held_requests"})
	registry.MustRegister(sent, ratio, latency, held)
	sent.WithLabelValues("a").Add(3)
	sent.WithLabelValues("b").Add(4)
	held.Set(5)
	rw := httptest.NewRecorder()
	Describe(Self{Is: []string{"edge"}, Version: "v"}, func() error { return errors.New("no origin answers") }, registry).
		ServeHTTP(rw, httptest.NewRequest(http.MethodGet, "/api/v1/service", nil))
	var self Self
	if err := json.Unmarshal(rw.Body.Bytes(), &self); err != nil {
		t.Fatal(err)
	}
	if self.Missing != "no origin answers" || len(self.Figures) != 2 || self.Figures["shoal_edge_sent_bytes_total"] != 7 || self.Figures["shoal_edge_held_requests"] != 5 {
		t.Errorf("%+v", self)
	}
}
