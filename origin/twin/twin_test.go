package twin

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/shoal-live/shoal/origin/media"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// live returns streams of which "demo" is live.
func live(t testing.TB) *stream.Streams {
	t.Helper()
	metrics, err := stream.NewMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := stream.New(stream.Config{
		Dir: t.TempDir(), PartDuration: 333 * time.Millisecond, SegmentDuration: 2 * time.Second, Grace: time.Minute, WindowSegments: 10,
	}, metrics, slog.New(slog.DiscardHandler))
	s, err := all.Publish("demo", "rtmp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	v, err := media.NewH264(testclip.Parameters())
	if err == nil {
		err = s.SetTracks([]media.Track{v})
	}
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, 0)
	return all
}

// send publishes the clip once.
func send(t testing.TB, s *stream.Session, from time.Duration) {
	t.Helper()
	for n, units := range testclip.Units() {
		at := from + time.Duration(n)*testclip.Interval
		u := media.ParseH264(units)
		if err := s.Write(media.Frame{Video: true, DTS: at, PTS: at, Key: u.Key, Bytes: u.Bytes}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAsk(t *testing.T) {
	answer := ""
	status := http.StatusOK
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/streams" {
			t.Errorf("%s was asked for", r.URL.Path)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer other.Close()
	for _, c := range []struct {
		name   string
		answer string
		status int
		fails  bool
		ahead  bool
	}{
		{"asked", `{"instance":"z","streams":[{"name":"demo","epoch":4000000000,"nextMsn":70,"asked":true}]}`, 200, false, true},
		{"goes first", `{"instance":"a","streams":[{"name":"demo","epoch":4000000000,"nextMsn":70}]}`, 200, false, true},
		{"goes second", `{"instance":"z","streams":[{"name":"demo","epoch":4000000000,"nextMsn":70}]}`, 200, false, false},
		{"ourselves", `{"instance":"m","streams":[{"name":"demo","epoch":4000000000,"nextMsn":70,"asked":true}]}`, 200, false, false},
		{"another stream", `{"instance":"a","streams":[{"name":"other","epoch":4000000000,"nextMsn":70}]}`, 200, false, false},
		{"too many discontinuities", `{"instance":"z","streams":[{"name":"demo","epoch":4000000000,"nextMsn":70,"discontinuity":9000000000,"asked":true}]}`, 200, false, false},
		{"no list", `nothing`, 200, true, false},
		{"an error", ``, 503, true, false},
	} {
		all := live(t)
		answer, status = c.answer, c.status
		twin, err := New(Config{URL: other.URL, Instance: "m", Streams: all, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if err := twin.ask(t.Context()); (err != nil) != c.fails {
			t.Errorf("%s: %v", c.name, err)
		}
		send(t, all.Get("demo").Session(), time.Duration(len(testclip.Units()))*testclip.Interval)
		d := all.Get("demo").Describe()
		if ahead := d.NextMSN > 71 && d.Epoch > 4000000000; ahead != c.ahead {
			t.Errorf("%s: epoch %d, next %d", c.name, d.Epoch, d.NextMSN)
		}
		twin.client.CloseIdleConnections()
	}
}

func TestURL(t *testing.T) {
	for _, url := range []string{"", "10.0.0.1:8081", "ftp://host", "http://host/?x=1", "://"} {
		if _, err := New(Config{URL: url}); !errors.Is(err, ErrURL) {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"instance":"a","streams":[{"name":"demo","epoch":1,"nextMsn":70,"discontinuity":2,"asked":true}]}`)
	f.Add(fmt.Sprintf(`{"streams":[%s]}`, strings.Repeat("{},", 3)))
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = parse(strings.NewReader(text))
	})
}
