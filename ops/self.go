package ops

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Self is what a service tells of itself at /api/v1/service of its admin listener.
type Self struct {
	Is       []string           `json:"is"` // some of origin, edge, tracker
	Version  string             `json:"version"`
	Since    time.Time          `json:"since"`
	Missing  string             `json:"missing"`  // why it is not ready; empty: it is
	Trackers []string           `json:"trackers"` // URLs at which those tell of their swarms that an edge names to viewers; of others none
	Figures  map[string]float64 `json:"figures"`  // its metrics, without their labels: each is the sum of its series
}

// Describe serves a Self, of what is given at each request anew.
func Describe(self Self, missing func() error, metrics prometheus.Gatherer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := self
		if err := missing(); err != nil {
			now.Missing = err.Error()
		}
		families, err := metrics.Gather()
		if err != nil {
			http.Error(w, "metrics: "+err.Error(), http.StatusInternalServerError)
			return
		}
		now.Figures = figures(families)
		answerJSON(w, now)
	})
}

// figures sums up what can be: counters, and what is so many of something; a sum of ratios is nothing.
func figures(families []*dto.MetricFamily) map[string]float64 {
	all := map[string]float64{}
	for _, f := range families {
		name := f.GetName()
		if strings.HasPrefix(name, "go_") || strings.HasSuffix(name, "_ratio") || strings.HasSuffix(name, "_share") || strings.HasPrefix(name, "shoal_swarm_") && !strings.HasSuffix(name, "_total") {
			continue
		}
		for _, m := range f.GetMetric() {
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				all[name] += m.GetCounter().GetValue()
			case dto.MetricType_GAUGE:
				all[name] += m.GetGauge().GetValue()
			}
		}
	}
	return all
}

func answerJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(value)
}
