package edge

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// tally counts what fills do beside filling.
type tally struct {
	ahead       *prometheus.CounterVec
	resumed     prometheus.Counter
	mismatches  prometheus.Counter
	diskReads   prometheus.Counter
	diskWrites  prometheus.Counter
	diskDropped *prometheus.CounterVec
	diskBytes   prometheus.Gauge
	diskOff     prometheus.Gauge
	short       prometheus.Gauge
	shed        *prometheus.CounterVec
}

// Why an answer is given up.
const (
	shedReaders = "readers" // who reads too slowly
	shedFiles   = "files"   // none is left
)

func newTally(registry prometheus.Registerer, out func() int) (*tally, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "shoal_edge_" + name, Help: help})
	}
	t := &tally{
		ahead: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_edge_ahead_fills_total",
			Help: "Fills of parts begun by their preload hint, before a viewer asked."}, []string{"stream"}),
		resumed:    counter("resumed_fills_total", "Answers that broke off and were gone on with from the byte reached."),
		mismatches: counter("false_fills_total", "Answers refused because their bytes are not those of the stream's signed record."),
		diskReads:  counter("disk_reads_total", "Fills from the disk tier."),
		diskWrites: counter("disk_writes_total", "Objects written to the disk tier."),
		diskDropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_edge_disk_dropped_total",
			Help: "Objects that the disk tier did not take, or lost."}, []string{"reason"}),
		diskBytes: prometheus.NewGauge(prometheus.GaugeOpts{Name: "shoal_edge_disk_bytes", Help: "Bytes the disk tier holds."}),
		diskOff: prometheus.NewGauge(prometheus.GaugeOpts{Name: "shoal_edge_disk_off",
			Help: "1 while the disk tier rests after an error of the disk; it is tried again by itself."}),
		short: prometheus.NewGauge(prometheus.GaugeOpts{Name: "shoal_edge_memory_short",
			Help: "1 while the process is short of memory, and the cache keeps half of what it may."}),
		shed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_edge_shed_total",
			Help: "Answers given up for want of memory or files."}, []string{"reason"}),
	}
	for _, reason := range []string{shedReaders, shedFiles} {
		t.shed.WithLabelValues(reason)
	}
	if registry == nil {
		return t, nil
	}
	outs := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "shoal_edge_upstreams_out",
		Help: "Origins and parents that do not answer now."}, func() float64 { return float64(out()) })
	for _, c := range []prometheus.Collector{t.ahead, t.resumed, t.mismatches, t.diskReads, t.diskWrites, t.diskDropped, t.diskBytes, t.diskOff, t.short, t.shed, outs} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("edge: metrics: %w", err)
		}
	}
	return t, nil
}
