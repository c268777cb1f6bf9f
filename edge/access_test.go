package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestAccessLog asks for one of everything and reads the log: a line each, and nothing in it that leads to a viewer.
//
// Clause: edge-log
func TestAccessLog(t *testing.T) {
	for _, addresses := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			e := newEdge(t, Config{Transport: newSource(stage), AccessLog: &out, AccessLogAddresses: addresses})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { e.Run(ctx); close(ended) }()
			synctest.Wait()
			for _, c := range []struct{ method, uri string }{
				{"GET", partPath + "?token=hidden"}, {"GET", partPath}, {"HEAD", partPath}, {"GET", "/live/demo/v0/1700000000/s500.m4s"},
				{"GET", "/nowhere%0a{\"forged\":1}"}, {"DELETE", "/whip/demo/hidden"}, {"GET", "/x" + strings.Repeat("a", 1000)},
				{strings.Repeat("M", 1000), "/"},
			} {
				ask(e, c.method, c.uri, "Authorization", "Bearer hidden", "Cookie", "hidden")
				time.Sleep(time.Millisecond)
			}
			stop()
			<-ended
			var got []string
			for text := range strings.Lines(out.String()) {
				var l line
				if err := json.Unmarshal([]byte(text), &l); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				got = append(got, fmt.Sprint(l.Method, " ", l.Path[:min(len(l.Path), 40)], " ", l.Status, " ", l.Bytes, " ", l.Cache, " ", l.Protocol, " ", l.Address))
			}
			from := ""
			if addresses {
				from = "192.0.2.1"
			}
			want := []string{
				"GET " + partPath + " 200 65536 miss HTTP/1.1 " + from, "GET " + partPath + " 200 65536 hit HTTP/1.1 " + from,
				"HEAD " + partPath + " 200 0 hit HTTP/1.1 " + from, "GET /live/demo/v0/1700000000/s500.m4s 500 0 miss HTTP/1.1 " + from,
				"GET /nowhere\n{\"forged\":1} 404 39 " + " HTTP/1.1 " + from, "DELETE /whip/demo/* 404 0  HTTP/1.1 " + from,
				"GET /x" + strings.Repeat("a", 38) + " 404 39  HTTP/1.1 " + from,
				strings.Repeat("M", 32) + " / 501 1027  HTTP/1.1 " + from,
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if strings.Contains(out.String(), "hidden") || addresses != strings.Contains(out.String(), "192.0.2.1") || out.Len() > 4000 {
				t.Errorf("the log says too much:\n%s", out.String())
			}
		})
	}
}

// TestBrokenAnswersAreLogged: what is not whole is marked as such, and is still not whole.
func TestBrokenAnswersAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{AccessLog: io.Discard, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write(partBytes[:10])
			time.Sleep(time.Second)
			panic(io.ErrUnexpectedEOF)
		})})
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler {
					t.Error("the answer was not broken off")
				}
			}()
			e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", partPath, nil))
		}()
		if l := <-e.access.lines; !l.Broken || l.Status != 200 || l.Bytes != 10 {
			t.Errorf("%+v", l)
		}
		if n := testutil.ToFloat64(e.meters.sentBytes.WithLabelValues("demo", kindMedia)); n != 10 {
			t.Errorf("%v bytes are counted, want 10", n)
		}
		e.flights.Wait()
	})
}

// TestWhoLeavesIsLogged: a viewer that waits for what is held, and leaves, has a line of its own, whoever holds it.
//
// Clause: edge-log
func TestWhoLeavesIsLogged(t *testing.T) {
	for name, c := range map[string]struct {
		ahead  bool
		others int // that are held already, and stay
	}{"by the server": {}, "by the handler": {ahead: true}, "by the front": {ahead: true, others: 1}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBroadcast(12, 2)
			e := newEdge(t, Config{Transport: newSource(b.ServeHTTP), AccessLog: io.Discard, AccessLogAddresses: true})
			get(e, playlistPath)
			<-e.access.lines
			uri := playlistPath + "?_HLS_msn=13&_HLS_part=2"
			var others sync.WaitGroup
			for range c.others {
				others.Go(func() { get(e, uri) })
			}
			synctest.Wait()
			begin := serve
			if c.ahead {
				begin = func(e *Edge) (net.Conn, func()) { return serveAhead(e, e) }
			}
			viewer, end := begin(e)
			began := time.Now().UTC()
			io.WriteString(viewer, "GET "+uri+" HTTP/1.1\r\nHost: a\r\n\r\n")
			synctest.Wait()
			time.Sleep(time.Second)
			viewer.Close()
			synctest.Wait()
			select {
			case l := <-e.access.lines:
				want := line{Time: began, Method: "GET", Path: playlistPath, Status: statusGone, Millis: 1000, Protocol: "HTTP/1.1", Broken: true}
				if l != want {
					t.Errorf("%s: %+v, want %+v", name, l, want)
				}
			default:
				t.Errorf("%s: it has no line", name)
			}
			b.grow()
			others.Wait()
			end()
			if n := len(e.access.lines); n != c.others {
				t.Errorf("%s: %d lines of %d others", name, n, c.others)
			}
			e.flights.Wait()
		})
	}
}

// stuck is a disk that takes nothing until it is let, and then fails.
type stuck chan struct{}

func (s stuck) Write(b []byte) (int, error) {
	<-s
	return 0, errors.New("no space left on device")
}

// TestAccessLogThatCannotBeWritten: viewers do not wait for the log, and what it loses is counted.
//
// Clause: edge-log
func TestAccessLogThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := make(stuck)
		e := newEdge(t, Config{Transport: newSource(stage), AccessLog: disk})
		ctx, stop := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		ended.Go(func() { e.Run(ctx) })
		const asked = 3 * accessQueue
		began := time.Now()
		for range asked {
			get(e, partPath, "Range", "bytes=0-0")
		}
		synctest.Wait()
		if took := time.Since(began); took != 0 {
			t.Errorf("viewers waited %v", took)
		}
		if lost := testutil.ToFloat64(e.meters.unlogged); lost < asked-2*accessQueue || lost >= asked {
			t.Errorf("%v of %d are lost", lost, asked)
		}
		close(disk)
		stop()
		ended.Wait()
	})
}

// small is a disk with room for so many bytes.
type small struct {
	bytes.Buffer
	room int
}

func (s *small) Write(b []byte) (int, error) {
	n := min(len(b), s.room)
	s.room -= n
	s.Buffer.Write(b[:n])
	if n < len(b) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

// TestAccessLogOnAFullDisk: that it is full is said once, and when there is room again the lines that are written are whole, but for one that was
// cut off.
func TestAccessLogOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		disk := &small{room: 500}
		e := newEdge(t, Config{Transport: newSource(stage), AccessLog: disk, Log: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, stop := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		ended.Go(func() { e.Run(ctx) })
		for i := range 10 {
			for range 5 {
				get(e, partPath)
			}
			time.Sleep(accessFlush)
			synctest.Wait()
			switch i {
			case 5:
				disk.room = 20 // so much, and it is full once more
			case 7:
				disk.room = 1 << 20
			}
		}
		stop()
		ended.Wait()
		if n := strings.Count(log.String(), "cannot be written"); n != 1 {
			t.Errorf("said %d times:\n%s", n, &log)
		}
		all := strings.Split(strings.TrimSuffix(disk.String(), "\n"), "\n")
		const since = 10 // there was room
		for _, text := range all[max(0, len(all)-since):] {
			if !json.Valid([]byte(text)) {
				t.Errorf("no line: %s", text)
			}
		}
		if len(all) < since+1 {
			t.Errorf("%d lines", len(all))
		}
	})
}

// TestGoneBroadcaster: a broadcaster that left before the origin has answered is in the log as a viewer is.
func TestGoneBroadcaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{AccessLog: io.Discard, Transport: roundTrip(func(q *http.Request) (*http.Response, error) {
			<-q.Context().Done()
			return nil, context.Cause(q.Context())
		})})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		func() {
			defer func() {
				if why := recover(); why != http.ErrAbortHandler {
					t.Errorf("it ended by %v", why)
				}
			}()
			e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/whip/demo", nil).WithContext(ctx))
		}()
		if l := <-e.access.lines; l.Status != statusGone || !l.Broken || l.Method != http.MethodPost || l.Millis != 1000 {
			t.Errorf("%+v", l)
		}
	})
}
