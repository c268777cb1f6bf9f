package edge

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Values of the label kind: what a viewer was sent.
const (
	kindMedia    = "media"    // init segments, segments and parts
	kindPlaylist = "playlist" //
	kindPage     = "page"     // pages, player files, and the texts of errors
	kindAPI      = "api"      // /api/v1/, /whip/ and /whep/
)

// shown returns the label of what is no error.
func (k kind) shown() string {
	switch k {
	case media:
		return kindMedia
	case api:
		return kindAPI
	case picture:
		return kindPage
	}
	return kindPlaylist
}

// unknown stands in the label stream for every name the origin has not vouched for, so that no viewer can make labels.
const unknown = "unknown"

// maxStreams bounds the streams told apart in metrics; later ones count as unknown.
const maxStreams = 4096

// meters are the edge's metrics. Bytes are those of bodies truly handed to viewers' connections.
type meters struct {
	fills      *prometheus.CounterVec
	hitBytes   *prometheus.CounterVec
	sentBytes  *prometheus.CounterVec
	requests   *prometheus.CounterVec
	held       prometheus.Gauge
	cacheBytes prometheus.Gauge
	slabBytes  prometheus.Gauge
	slabless   prometheus.Counter
	lingering  prometheus.Gauge
	evictions  prometheus.Counter
	unlogged   prometheus.Counter

	nobody  *streamMeter
	streams sync.Map // name -> *streamMeter

	// guarded by mu
	mu    sync.Mutex
	count int
}

// streamMeter holds the counters of one stream.
type streamMeter struct {
	label    string
	requests *prometheus.CounterVec
	fills    prometheus.Counter
	hit      prometheus.Counter
	sent     map[string]prometheus.Counter // by kind; read only
	whole    map[string]prometheus.Counter // requests answered with 200, by kind; read only
}

func newMeters(registry prometheus.Registerer) (*meters, error) {
	m := &meters{
		fills: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_edge_fills_total",
			Help: "Requests made to origins to fill the cache."}, []string{"stream"}),
		hitBytes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_edge_hit_bytes_total",
			Help: "Body bytes sent to viewers that cost the origin nothing: cached, or shared with another viewer's fill."}, []string{"stream"}),
		sentBytes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_edge_sent_bytes_total",
			Help: "Body bytes sent to viewers."}, []string{"stream", "kind"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shoal_edge_requests_total",
			Help: "Viewers' requests answered."}, []string{"stream", "kind", "code"}),
		held: prometheus.NewGauge(prometheus.GaugeOpts{Name: "shoal_edge_held_requests",
			Help: "Viewers waiting for a blocking playlist reload."}),
		slabBytes: prometheus.NewGauge(prometheus.GaugeOpts{Name: "shoal_edge_slab_bytes",
			Help: "Bytes of the cache that media is sent from without copying, and of what ends."}),
		slabless: prometheus.NewCounter(prometheus.CounterOpts{Name: "shoal_edge_slabs_lacking_total",
			Help: "Times that media asked for often had no room to be sent from without copying."}),
		cacheBytes: prometheus.NewGauge(prometheus.GaugeOpts{Name: "shoal_edge_cache_bytes",
			Help: "Bytes the cache holds, objects in flight included."}),
		lingering: prometheus.NewGauge(prometheus.GaugeOpts{Name: "shoal_edge_lingering_bytes",
			Help: "Bytes that have left the cache and are still being sent to viewers."}),
		evictions: prometheus.NewCounter(prometheus.CounterOpts{Name: "shoal_edge_evictions_total",
			Help: "Objects dropped to make room for others."}),
		unlogged: prometheus.NewCounter(prometheus.CounterOpts{Name: "shoal_edge_access_log_dropped_total",
			Help: "Answers that are not in the access log, which did not keep up."}),
	}
	if registry != nil {
		for _, c := range []prometheus.Collector{m.fills, m.hitBytes, m.sentBytes, m.requests, m.held, m.cacheBytes, m.slabBytes, m.slabless, m.lingering, m.evictions, m.unlogged} {
			if err := registry.Register(c); err != nil {
				return nil, fmt.Errorf("edge: metrics: %w", err)
			}
		}
	}
	m.nobody = m.makeStream(unknown)
	return m, nil
}

func (m *meters) makeStream(label string) *streamMeter {
	s := &streamMeter{label: label, requests: m.requests, fills: m.fills.WithLabelValues(label),
		hit: m.hitBytes.WithLabelValues(label), sent: make(map[string]prometheus.Counter),
		whole: make(map[string]prometheus.Counter)}
	for _, k := range []string{kindMedia, kindPlaylist, kindPage, kindAPI} {
		s.sent[k] = m.sentBytes.WithLabelValues(label, k)
		s.whole[k] = m.requests.WithLabelValues(label, k, "200")
	}
	return s
}

// learn gives a stream its own label: the origin has answered for it.
func (m *meters) learn(stream string) {
	if _, ok := m.streams.Load(stream); ok || stream == unknown {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.streams.Load(stream); ok || m.count >= maxStreams {
		return
	}
	m.count++
	m.streams.Store(stream, m.makeStream(stream))
}

// stream returns the counters for a name out of a request.
func (m *meters) stream(name string) *streamMeter {
	if s, ok := m.streams.Load(name); ok {
		return s.(*streamMeter)
	}
	return m.nobody
}

// passage is one answer on its way to a viewer, as the meters see it.
type passage struct {
	meter *streamMeter
	kind  string
	began bool // its request started the flight: its bytes are no hit
}

func (p passage) count(status int, bytes int64) {
	if status == http.StatusOK {
		p.meter.whole[p.kind].Inc()
	} else {
		p.meter.requests.WithLabelValues(p.meter.label, p.kind, strconv.Itoa(status)).Inc()
	}
	if bytes == 0 {
		return
	}
	p.meter.sent[p.kind].Add(float64(bytes))
	if !p.began {
		p.meter.hit.Add(float64(bytes))
	}
}
