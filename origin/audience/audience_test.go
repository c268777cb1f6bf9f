package audience

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// trackers is a transport: what each host answers, "" for one that hangs.
type trackers struct {
	answers map[string]string
	asked   atomic.Int32
}

func (k *trackers) RoundTrip(r *http.Request) (*http.Response, error) {
	k.asked.Add(1)
	answer := k.answers[r.URL.Host]
	if answer == "" {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// Clause: api, viewer-counts
func TestOf(t *testing.T) {
	one := `{"scope":"tracker","streams":[{"name":"show","viewers":3,"outside":1,"newcomers":2,"offload":0.9,"copies":1.5,"latencySeconds":2}]}`
	two := `{"streams":[{"name":"show","viewers":1,"offload":0.5,"copies":0.5,"latencySeconds":4},{"name":"other","viewers":0}],"off":["other","show","shy"]}`
	for name, c := range map[string]struct {
		urls    []string
		answers map[string]string
		want    string
		takes   time.Duration
	}{
		"one":           {[]string{"http://a"}, map[string]string{"a": one}, "map[show:{3 0.9 1.5 2 false 1 2}]", 0},
		"two":           {[]string{"http://a", "http://b"}, map[string]string{"a": one, "b": two}, "map[other:{0 0 0 0 true 0 0} show:{4 0.8 2 2.5 true 1 2} shy:{0 0 0 0 true 0 0}]", 0},
		"one of two":    {[]string{"http://a", "http://b"}, map[string]string{"a": one}, "map[]", patience},
		"no figures":    {[]string{"http://a"}, map[string]string{"a": "<html>"}, "map[]", 0},
		"odd outside":   {[]string{"http://a"}, map[string]string{"a": `{"streams":[{"viewers":1,"outside":2}]}`}, "map[]", 0},
		"odd newcomers": {[]string{"http://a"}, map[string]string{"a": `{"streams":[{"viewers":1,"newcomers":-1}]}`}, "map[]", 0},
		"odd figures":   {[]string{"http://a"}, map[string]string{"a": `{"streams":[{"viewers":-1}]}`}, "map[]", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, err := New(c.urls, &trackers{answers: c.answers}, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				got := a.Of(t.Context())
				if fmt.Sprint(got) != c.want || (got == nil) != (c.want == "map[]") || time.Since(began) != c.takes {
					t.Errorf("%v after %v, want %s", got, time.Since(began), c.want)
				}
			})
		})
	}
}

// TestSeldom: the trackers are asked once in a while, however often we are; and a hung one is not waited for each time.
//
// Clause: api
func TestSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		k := &trackers{answers: map[string]string{"a": `{"streams":[{"name":"show","viewers":7}]}`}}
		a, err := New([]string{"http://a"}, k, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			if a.Of(t.Context())["show"].Viewers != 7 {
				t.Fatal("not known")
			}
		}
		if k.asked.Load() != 1 {
			t.Errorf("asked %d times", k.asked.Load())
		}
		k.answers["a"] = ""
		gone, cancel := context.WithCancel(t.Context())
		cancel() // who asks may go: others wait for the same answer
		time.Sleep(holds)
		began := time.Now()
		for range 1000 {
			if a.Of(gone) != nil {
				t.Fatal("old figures, or wrong ones")
			}
		}
		if took := time.Since(began); took != patience || k.asked.Load() != 2 {
			t.Errorf("took %v, asked %d times", took, k.asked.Load())
		}
		time.Sleep(holdsNone)
		k.answers["a"] = `{"streams":[]}`
		if a.Of(t.Context()) == nil || strings.Count(log.String(), "\n") != 2 {
			t.Error("not back, or not said: ", log.String())
		}
	})
}

func TestURLs(t *testing.T) {
	for text, ok := range map[string]bool{"https://example.com/api/v1/swarm": true, "ws://example.com": false, "/api": false, "": false} {
		if _, err := New([]string{text}, nil, nil); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"streams":[{"name":"show","viewers":1,"offload":0.5}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if list, err := parse(b); err == nil {
			add([][]told{list, list})
		}
	})
}

func ExampleAudience() {
	tracker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"streams":[{"name":"show","viewers":12,"offload":0.87}]}`)
	}))
	defer tracker.Close()
	a, _ := New([]string{tracker.URL + "/api/v1/swarm"}, nil, slog.Default())
	fmt.Println(a.Of(context.Background())["show"].Viewers)
	// Output: 12
}
