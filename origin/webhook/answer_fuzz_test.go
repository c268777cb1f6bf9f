package webhook

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"
)

// answer is a receiver that answers the same to everything.
type answer struct {
	status int
	body   []byte
}

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"Location": {string(a.body)}}, Body: io.NopCloser(bytes.NewReader(a.body)), Request: r,
	}, nil
}

// FuzzAnswer has a receiver answer whatever: 2xx is an event that was taken, and after all else there is a pause, which is bounded.
func FuzzAnswer(f *testing.F) {
	f.Add(204, []byte(nil))
	f.Add(302, []byte("http://[::1"))
	f.Add(500, bytes.Repeat([]byte("x"), 2*mostAnswer))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		h, err := New(Config{URLs: []string{"https://example.com/hook"}, Transport: answer{status, body}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		h.Send(Event{Event: PublishStart})
		m, _ := h.hooks[0].first()
		pause := h.hooks[0].attempt(context.Background(), m)
		_, waits := h.hooks[0].first()
		if taken := status >= 200 && status <= 299; taken == waits || taken != (pause == 0) || pause > time.Minute {
			t.Errorf("%d: waits %v, pause %v", status, waits, pause)
		}
	})
}
