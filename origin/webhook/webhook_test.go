package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver is a transport and what is behind it.
type receiver struct {
	mu    sync.Mutex
	away  error         // what an attempt fails with
	takes time.Duration // to answer
	got   []Event
}

func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	away, takes := r.away, r.takes
	r.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-q.Context().Done():
		return nil, q.Context().Err()
	}
	if away != nil {
		return nil, away
	}
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, e)
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: q}, nil
}

func (r *receiver) set(away error, takes time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away, r.takes = away, takes
}

func (r *receiver) events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event(nil), r.got...)
}

// start runs hooks of one URL; end ends them, and is called in any case.
func start(t *testing.T, r http.RoundTripper, log io.Writer) (h *Hooks, end func()) {
	t.Helper()
	h, err := New(Config{URLs: []string{"https://example.com/hook?token=secret"}, Transport: r, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { h.Run(ctx); close(done) }()
	return h, func() { cancel(); <-done }
}

// Clause: webhooks
func TestReceiverIsAwayForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r := &receiver{away: errors.New("connection refused")}
		h, end := start(t, r, &log)
		for n := range 20 {
			h.Send(Event{Event: PublishStart, Stream: fmt.Sprint("s", n)})
			time.Sleep(30 * time.Second)
		}
		if len(r.events()) != 0 {
			t.Fatal("it was away")
		}
		r.set(nil, 0)
		time.Sleep(longPause)
		synctest.Wait()
		got := r.events()
		ids := map[string]bool{}
		for n, e := range got {
			ids[e.ID] = true
			if e.Stream != fmt.Sprint("s", n) || e.Event != PublishStart || e.Time.IsZero() {
				t.Errorf("event %d is %+v", n, e)
			}
		}
		if len(got) != 20 || len(ids) != 20 {
			t.Errorf("%d events with %d ids", len(got), len(ids))
		}
		if s := log.String(); strings.Count(s, "\n") != 2 || !strings.Contains(s, "does not take events") || !strings.Contains(s, "takes events again") || strings.Contains(s, "token") {
			t.Error(s)
		}
		if n := testutil.ToFloat64(h.metrics.failures); n < 10 || n > 30 {
			t.Errorf("%v attempts in 10 minutes", n)
		}
		end()
	})
}

// Clause: webhooks
func TestSendNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{takes: time.Hour}
		h, end := start(t, r, io.Discard)
		began := time.Now()
		for n := range 3 * mostWaiting {
			h.Send(Event{Event: PublishStart, Stream: fmt.Sprint("s", n)})
			synctest.Wait()
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
		if n := testutil.ToFloat64(h.metrics.events.WithLabelValues(dropped)); n != 2*mostWaiting {
			t.Errorf("%v were counted as dropped", n)
		}
		r.set(nil, 0)
		time.Sleep(longPause)
		synctest.Wait()
		got := r.events()
		if len(got) != mostWaiting || got[0].Stream != "s0" || got[1].Stream != fmt.Sprint("s", 2*mostWaiting+1) || got[len(got)-1].Stream != fmt.Sprint("s", 3*mostWaiting-1) {
			t.Errorf("%d came, not the first and the newest in order", len(got))
		}
		end()
	})
}

// Clause: webhooks
func TestHopelessEventsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, end := start(t, &receiver{away: errors.New("no such host")}, io.Discard)
		h.Send(Event{Event: PublishEnd})
		time.Sleep(keepTrying + 2*longPause)
		synctest.Wait()
		if n := testutil.ToFloat64(h.metrics.events.WithLabelValues(dropped)); n != 1 {
			t.Errorf("%v dropped after an hour", n)
		}
		end()
	})
}

// Clause: webhooks
func TestEnd(t *testing.T) {
	for name, c := range map[string]struct {
		takes     time.Duration
		away      bool
		delivered int
		within    time.Duration
	}{
		"at once":       {0, false, 3, 0},
		"slowly":        {time.Second / 2, false, 3, 3 * time.Second / 2},
		"much too slow": {time.Minute, false, 0, lastWords},
		"away":          {0, true, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{away: errors.New("not yet")}
				h, end := start(t, r, io.Discard)
				for range 3 {
					h.Send(Event{Event: PublishEnd, Reason: "shutdown"})
				}
				synctest.Wait()
				if !c.away {
					r.set(nil, c.takes)
				}
				began := time.Now()
				end()
				if took := time.Since(began); took > c.within || len(r.events()) != c.delivered {
					t.Errorf("%d delivered within %v", len(r.events()), took)
				}
				if n := testutil.ToFloat64(h.metrics.events.WithLabelValues(dropped)); int(n) != 3-c.delivered {
					t.Errorf("%v were counted as dropped", n)
				}
			})
		})
	}
}

// TestSigned sends over a real connection, twice since the first answer is an error, to a receiver that checks what it gets.
//
// Clause: webhooks
func TestSigned(t *testing.T) {
	secret, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan *http.Request, 2)
	bodies := make(chan []byte, 2)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if asked <- r; len(asked) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
		bodies <- b
	}))
	defer receiver.Close()
	h, err := New(Config{URLs: []string{receiver.URL}, Secret: secret, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { h.Run(ctx); close(done) }()
	h.Send(Event{Event: PublishEnd, Stream: "show", Protocol: "whip", Reason: "ended"})
	first, second := <-bodies, <-bodies
	if string(first) != string(second) {
		t.Error("the same event has two bodies")
	}
	r1, r2 := <-asked, <-asked
	if r1.Header.Get("Webhook-Id") != r2.Header.Get("Webhook-Id") {
		t.Error("the same event has two ids")
	}
	unix, err := time.Parse(time.RFC3339, "1970-01-01T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	var seconds int64
	if _, err := fmt.Sscan(r2.Header.Get("Webhook-Timestamp"), &seconds); err != nil {
		t.Fatal(err)
	}
	if got, want := r2.Header.Get("Webhook-Signature"), secret.Sign(r2.Header.Get("Webhook-Id"), unix.Add(time.Duration(seconds)*time.Second), second); got != want {
		t.Errorf("signed %s, want %s", got, want)
	}
	var e Event
	if err := json.Unmarshal(second, &e); err != nil || e.Stream != "show" || e.Protocol != "whip" || e.Reason != "ended" || e.ID != r2.Header.Get("Webhook-Id") {
		t.Errorf("%s: %v", second, err)
	}
	cancel()
	<-done
}

// TestSign has the example of the specification.
//
// Clause: webhooks
func TestSign(t *testing.T) {
	secret, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
	if err != nil {
		t.Fatal(err)
	}
	got := secret.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, bad := range []string{"", "short", "whsec_", "whsec_!!!!!!!!!!!!!!!!!!!!!!!!", "whsec_c2hvcnQ="} {
		if _, err := ParseSecret(bad); !errors.Is(err, ErrSecret) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestURLs(t *testing.T) {
	for text, ok := range map[string]bool{"https://example.com/x": true, "http://127.0.0.1:9/": true, "ftp://example.com": false, "/hook": false, "": false, "http://": false} {
		if _, err := New(Config{URLs: []string{text}}); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseSecret(f *testing.F) {
	f.Add("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseSecret(text); err == nil && len(s) < 16 {
			t.Fatal(len(s))
		}
	})
}

func ExampleHooks() {
	done := make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e Event
		_ = json.NewDecoder(r.Body).Decode(&e)
		fmt.Println(e.Event, e.Stream, e.Reason)
		close(done)
	}))
	defer receiver.Close()
	hooks, err := New(Config{URLs: []string{receiver.URL}})
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { hooks.Run(ctx); close(ended) }()
	hooks.Send(Event{Event: PublishEnd, Stream: "show", Reason: "lost"})
	<-done
	cancel()
	<-ended
	// Output: publish.end show lost
}
