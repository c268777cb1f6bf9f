package edge

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestAheadIsTheSame asks for one of everything, twice, in every way, of a server and of a front: whether an answer is at hand or not, and
// whoever writes it, its status, its fields, its bytes and what is counted are the same.
func TestAheadIsTheSame(t *testing.T) {
	uris := []string{partPath, "/live/demo/v0/1700000000/s12.m4s", "/live/demo/v0/1700000000/s99.m4s", "/live/demo/v0/1700000000/s500.m4s",
		playlistPath, playlistPath + "?_HLS_msn=13&_HLS_part=2", playlistPath + "?_HLS_part=2&_HLS_msn=13", playlistPath + "?_HLS_skip=YES",
		playlistPath + "?_HLS_msn=99", playlistPath + "?_HLS_part=1", partPath + "?a=b", "/live/demo/index.m3u8", "/api/v1/streams/demo", "/live/demo/thumb.jpg",
		"/", "/watch/demo", "/assets/shoal-player.js", "/healthz", "/api/v1/swarm", "/nowhere", "/live/de%6do/index.m3u8", "//"}
	fields := []string{"", "Accept-Encoding: gzip\r\n", "Accept-Encoding: gzip;q=0\r\n", "Range: bytes=5-9\r\n", "Range: bytes=99999999-\r\n",
		"If-None-Match: *\r\n", "If-None-Match: \"x\"\r\n", "Range: bytes=5-9\r\nIf-Range: \"x\"\r\n", "Connection: keep-alive\r\nOrigin: http://a\r\n"}
	answersOf := func(t *testing.T, begin func(*Edge) (net.Conn, func())) (answers []string, counted map[string]float64) {
		registry := prometheus.NewRegistry()
		e := newEdge(t, Config{Registry: registry, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			whole := httptest.NewRecorder()
			stage(whole, r)
			maps.Copy(w.Header(), whole.Header())
			w.Header().Set("Content-Length", strconv.Itoa(whole.Body.Len())) // else it depends on how soon the rest comes
			w.WriteHeader(whole.Code)
			w.Write(whole.Body.Bytes())
		})})
		viewer, end := begin(e)
		reader := bufio.NewReader(viewer)
		for range 2 {
			for _, uri := range uris {
				for _, method := range []string{"GET", "HEAD"} {
					for _, field := range fields {
						io.WriteString(viewer, method+" "+uri+" HTTP/1.1\r\nHost: a\r\n"+field+"\r\n")
						r, err := http.ReadResponse(reader, &http.Request{Method: method})
						if err != nil {
							t.Fatalf("%s %s: %v", method, uri, err)
						}
						body, err := io.ReadAll(r.Body)
						if err != nil {
							t.Fatalf("%s %s: %v", method, uri, err)
						}
						r.Header.Del("Retry-After")                                        // which is chance
						if strings.Contains(uri, "s99") || strings.Contains(uri, "s500") { // a body may be known to be whole, or not yet
							r.Header.Del("Content-Length")
							r.TransferEncoding = nil
						}
						var b bytes.Buffer
						r.Header.Write(&b)
						answers = append(answers, strings.Join([]string{method, uri, field, r.Status, b.String(), strings.Join(r.TransferEncoding, ","), string(body)}, "\n"))
						e.flights.Wait()
						if strings.Contains(uri, "s500") || uri == "/live/demo/thumb.jpg" {
							time.Sleep(2 * time.Second) // so that both ask the origin each time
						}
					}
				}
			}
			time.Sleep(1500 * time.Millisecond)
		}
		end()
		counted = map[string]float64{}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, m := range family.Metric {
				counted[family.GetName()+m.String()] = 1
			}
		}
		return answers, counted
	}
	var got, want []string
	var gotCounted, wantCounted map[string]float64
	var cache *counting
	synctest.Test(t, func(t *testing.T) { want, wantCounted = answersOf(t, serve) })
	synctest.Test(t, func(t *testing.T) {
		got, gotCounted = answersOf(t, func(e *Edge) (net.Conn, func()) {
			cache = &counting{Edge: e}
			return serveAhead(e, cache)
		})
	})
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%.900s\n-- by the server:\n%.900s", got[i], want[i])
		}
	}
	if !maps.Equal(gotCounted, wantCounted) {
		for _, m := range [2]map[string]float64{gotCounted, wantCounted} {
			t.Log(strings.Join(slices.Sorted(maps.Keys(m)), "\n"))
		}
		t.Error("other things were counted")
	}
	if cache.hits.Load() < 40 {
		t.Errorf("%d were at hand", cache.hits.Load())
	}
}

// TestHitsAge: what is made ready for one second is not sent in another.
func TestHitsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(stage)})
		cache := &counting{Edge: e}
		viewer, end := serveAhead(e, cache)
		defer end()
		reader := bufio.NewReader(viewer)
		time.Sleep(500 * time.Millisecond) // the clock's seconds are not those of the object's age
		began := time.Now()
		for i := range 30 {
			io.WriteString(viewer, "GET "+partPath+" HTTP/1.1\r\nHost: a\r\n\r\n")
			r, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, r.Body); n != int64(len(partBytes)) || err != nil {
				t.Fatal(n, err)
			}
			now := time.Now()
			if age := r.Header.Get("Age"); age != seconds(now.Sub(began)) {
				t.Errorf("%d: Age %s after %v", i, age, now.Sub(began))
			}
			if date, _ := http.ParseTime(r.Header.Get("Date")); !date.Equal(now.Truncate(time.Second)) {
				t.Errorf("%d: Date %v at %v", i, date, now)
			}
			time.Sleep(300 * time.Millisecond)
		}
		if cache.hits.Load() != 29 {
			t.Errorf("%d were at hand", cache.hits.Load())
		}
		if got := testutil.ToFloat64(e.meters.hitBytes.WithLabelValues("demo")); got != 29*float64(len(partBytes)) {
			t.Errorf("%v bytes counted", got)
		}
	})
}

// TestHitKnowsTheConfig fails when a Config has something new: what is at hand goes out past ServeHTTP, so whatever decides there who is
// answered, or how, must decide in Hit too. See to that, then add the field here.
func TestHitKnowsTheConfig(t *testing.T) {
	known := []string{"Origins", "Parents", "Disk", "DiskBytes", "MemoryBytes", "ObjectBytes", "MaxHeld", "MaxFlights", "TrackerURLs", "RTMPURL", "RTMPPort", "P2P", "Demo", "Files", "Tokens", "Audience", "Transport", "Registry", "Log",
		"RequestsPerAddress", "TrustedProxies", "AccessLog", "AccessLogAddresses"} // see plainly
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if !slices.Contains(known, field.Name) {
			t.Errorf("Config.%s is new: what does it mean for what is answered from memory, by Hit in hit.go?", field.Name)
		}
	}
}
