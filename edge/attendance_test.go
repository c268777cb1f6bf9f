package edge

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/edge/http1"
	"github.com/shoal-live/shoal/headcount"
)

// asks is how a player asks for what comes after p: what to write behind the playlist's path, and how long it waits before.
type asks func(p position) (query string, pause time.Duration)

func byParts(p position) (string, time.Duration) {
	r := p.next(reload{held: true, part: 0})
	return "?" + string(r.append(nil)), 0
}

func byDeltas(p position) (string, time.Duration) {
	query, _ := byParts(p)
	return query + "&_HLS_skip=YES", 0
}

func bySegments(p position) (string, time.Duration) {
	return fmt.Sprintf("?_HLS_msn=%d", p.last+1), 0
}

// byLastParts is as hls.js asks that is not to be at low latency.
func byLastParts(p position) (string, time.Duration) {
	return fmt.Sprintf("?_HLS_msn=%d&_HLS_part=5", p.last+1), 0
}

func byTheClock(p position) (string, time.Duration) { return "", p.target }

// house is an edge of a broadcast, and who watches.
type house struct {
	*Edge
	broadcast *broadcast
	end       context.CancelFunc
	all       sync.WaitGroup
}

// openHouse opens a house. Its broadcast grows by a part each 333 ms until stop.
func openHouse(t *testing.T) (h *house, stop func()) {
	b := newBroadcast(12, 2)
	h = &house{Edge: newEdge(t, Config{Transport: newSource(b.ServeHTTP), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}), broadcast: b}
	run(t, h.Edge)
	var ctx context.Context
	ctx, h.end = context.WithCancel(t.Context())
	h.all.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(333 * time.Millisecond)
			if ctx.Err() == nil {
				b.grow()
			}
		}
	})
	return h, h.end
}

// watch has so many watch, each by a connection of its own, until leave.
func (h *house) watch(t *testing.T, n int, ahead bool, how asks, fields string) (leave func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			var viewer net.Conn
			var end func()
			if ahead {
				viewer, end = serveAhead(h.Edge, h.Edge)
			} else {
				viewer, end = serve(h.Edge)
			}
			defer end()
			ask := asker(t, viewer)
			for query, pause := "", time.Duration(0); ctx.Err() == nil; {
				time.Sleep(pause)
				r, body := ask(playlistPath+query, fields)
				p := readPosition([]byte(body))
				if r.StatusCode != http.StatusOK { // as players do
					query, pause = "", time.Second
					continue
				}
				query, pause = how(p)
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

func (h *house) counted() float64 {
	return testutil.ToFloat64(h.attendances.viewers.WithLabelValues("demo"))
}

// TestAttendance: viewers are counted however they ask, and whether the front answers or not; who is in a swarm and who fills a cache are not.
//
// Clause: viewer-counts
func TestAttendance(t *testing.T) {
	member := "Accept: " + headcount.Member + "\r\n"
	for name, c := range map[string]struct {
		how    asks
		fields string
		n      int
		want   float64
	}{
		"by parts": {byParts, "", 5, 5}, "by deltas": {byDeltas, "", 5, 5}, "by segments": {bySegments, "", 5, 5}, "by last parts": {byLastParts, "", 5, 5},
		"by the clock": {byTheClock, "", 5, 5}, "one": {byParts, "", 1, 1}, "one by the clock": {byTheClock, "", 1, 1}, "of another mind": {byParts, "Accept: */*\r\n", 2, 2},
		"in the swarm": {byParts, member, 5, 0}, "in the swarm, by the clock": {byTheClock, member, 5, 0},
		"an edge": {byParts, "CDN-Loop: shoal-0123456789abcdef\r\n", 1, 0}, "a CDN": {byTheClock, "CDN-Loop: a-cdn\r\n", 3, 0},
	} {
		for _, ahead := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", ahead ", ahead), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h, stop := openHouse(t)
					leave := h.watch(t, c.n, ahead, c.how, c.fields)
					for range 3 {
						time.Sleep(leastWindow + 3*time.Second)
						if got := h.counted(); got != c.want {
							t.Errorf("%v are counted, want %v", got, c.want)
						}
					}
					leave()
					time.Sleep(leastWindow + 2*lookInterval)
					if got := h.counted(); got != 0 {
						t.Errorf("%v are counted of those who have left", got)
					}
					stop()
					h.all.Wait()
				})
			})
		}
	}
}

// TestAttendanceOfLongSegments: whoever asks once in so long a segment is one, however long the looks take.
func TestAttendanceOfLongSegments(t *testing.T) {
	const viewers = 6
	listed := target{kind: mediaPlaylist}
	for _, target := range []time.Duration{2 * time.Second, 10 * time.Second, 12 * time.Second, 30 * time.Second, time.Minute} {
		for _, lasted := range []time.Duration{lookInterval, lookInterval + pulse, 3 * lookInterval} {
			o := newObject(listed, "")
			o.position = position{present: true, target: target}
			close(o.done)
			a := new(attendance)
			for now, asked := time.Duration(0), time.Duration(0); now < 10*time.Minute; {
				for ; asked <= now; asked += target / viewers { // one after the other
					watcher{of: a}.served(o)
				}
				now += lasted
				if a.look(lasted); now > 5*time.Minute && (a.here.Load() < viewers-1 || a.here.Load() > viewers+1) {
					t.Fatalf("segments of %v, looks of %v: %d are counted of %d", target, lasted, a.here.Load(), viewers)
				}
			}
		}
	}
}

// TestAttendanceOfLongSegmentsByParts: who asks by parts is not counted for longer than the window, however long segments are.
func TestAttendanceOfLongSegmentsByParts(t *testing.T) {
	o := newObject(target{kind: mediaPlaylist}, "")
	o.position = position{present: true, target: 9 * time.Second, step: time.Second}
	close(o.done)
	a := new(attendance)
	for range 40 {
		watcher{of: a, parted: true}.served(o)
		a.look(lookInterval)
	}
	if got := a.here.Load(); got != 1 {
		t.Errorf("%d are counted of one", got)
	}
	for range leastWindow / lookInterval {
		a.look(lookInterval)
	}
	if got := a.here.Load(); got != 0 {
		t.Errorf("%d are counted of one who has left", got)
	}
}

// TestAttendanceWaits: where nothing new comes, who waits for it is there.
func TestAttendanceWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, stop := openHouse(t)
		time.Sleep(time.Second)
		stop()
		h.all.Wait()
		query, _ := byParts(readPosition(get(h, playlistPath).Body.Bytes()))
		leave := hold(h.Edge, playlistPath+query, 7)
		time.Sleep(2 * lookInterval)
		if got := h.counted(); got != 0 {
			t.Errorf("%v are counted who have just come, as who has left a swarm", got)
		}
		time.Sleep(heldLooks * lookInterval)
		if got := h.counted(); got != 7 {
			t.Errorf("%v are counted of 7 who wait", got)
		}
		leave()
	})
}

// TestAttendanceOfNobody: a playlist that nobody asks for has no attendance, and no series.
func TestAttendanceOfNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, stop := openHouse(t)
		get(h, playlistPath)
		time.Sleep(2 * lookInterval)
		if h.attendances.count.Load() != 1 || testutil.CollectAndCount(h.attendances.viewers) != 1 {
			t.Error("nobody was noted")
		}
		time.Sleep((stillLooks + 20) * lookInterval)
		if n := h.attendances.count.Load(); n != 0 || testutil.CollectAndCount(h.attendances.viewers) != 0 {
			t.Errorf("%d are kept", n)
		}
		stop()
		h.all.Wait()
	})
}

// TestAttendanceOfNothing: who makes up names, and whoever waits for a playlist that turns out not to be there, takes no room.
func TestAttendanceOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, stop := openHouse(t)
		for i := range 100 {
			path := fmt.Sprintf("/live/nothing%d/v0/index.m3u8", i)
			if code := get(h, path).Code; code != http.StatusNotFound {
				t.Fatalf("%s: %d", path, code)
			}
			get(h, path+"?_HLS_msn=1")
			gone, leave := context.WithCancel(t.Context())
			leave()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path+"x", nil).WithContext(gone))
		}
		if n := h.attendances.count.Load(); n != 0 {
			t.Errorf("%d are kept of playlists that there are not", n)
		}
		o := newObject(target{kind: mediaPlaylist, stream: "later", path: "/live/later/v0/index.m3u8"}, "/live/later/v0/index.m3u8")
		waits := h.watcherOf(httptest.NewRequest(http.MethodGet, "/", nil), o)
		waits.hold()
		time.Sleep(2 * lookInterval)
		if n := h.attendances.count.Load(); n != 1 {
			t.Errorf("%d are kept of one that is waited for", n)
		}
		close(o.done)
		waits.leave()
		waits.served(o)
		time.Sleep(2 * lookInterval)
		if n := h.attendances.count.Load(); n != 0 {
			t.Errorf("%d are kept of what was waited for and is not there", n)
		}
		stop()
		h.all.Wait()
	})
}

// TestHeadcountOfStrangers: what an edge says is heeded where it is trusted, and not of whom a trusted proxy brings.
func TestHeadcountOfStrangers(t *testing.T) {
	for name, c := range map[string]struct {
		from, behind string
		want         int
	}{
		"an edge": {"10.1.2.3", "", 40}, "a stranger": {"192.0.2.1", "", 0}, "a stranger behind a proxy": {"10.1.2.3", "192.0.2.1", 0}, "an edge behind a proxy": {"10.1.2.3", "10.1.2.4", 40},
		"a stranger who says to be an edge": {"192.0.2.1", "10.1.2.3", 0}, "a stranger behind a proxy that tells his port": {"10.1.2.3", "192.0.2.1:4000", 0},
		"an edge behind a proxy that tells its port": {"10.1.2.3", "10.1.2.4:4000", 40}, "behind a proxy that does not know": {"10.1.2.3", "unknown", 0},
		"behind one that hides some": {"10.1.2.3", "10.1.2.4, _hidden", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			h, stop := openHouse(t)
			get(h, playlistPath)
			r := httptest.NewRequest(http.MethodGet, playlistPath, nil)
			r.RemoteAddr = c.from + ":1234"
			r.Header.Set(headcount.Field, "shoal-a;40")
			head := http1.Head{Target: []byte(playlistPath), Whole: true, Headcount: []byte("shoal-b;40")}
			if c.behind != "" {
				r.Header.Set("X-Forwarded-For", c.behind)
				head.ForwardedFor = []byte(c.behind)
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			if got := h.attendances.told.Of(playlistPath, time.Now()); got != c.want {
				t.Errorf("%s: %d are counted, want %d", name, got, c.want)
			}
			if _, ok := h.Hit(netip.MustParseAddr(c.from), &head, time.Now()); !ok {
				t.Fatal("it is not at hand")
			}
			if got := h.attendances.told.Of(playlistPath, time.Now()); got != 2*c.want {
				t.Errorf("%s, ahead: %d are counted, want %d", name, got, 2*c.want)
			}
			stop()
			h.all.Wait()
		})
	}
}

// TestHeadcountGoesOn: an edge says with each request for a playlist how many watch it, with those whom edges say that it trusts, and nobody else.
func TestHeadcountGoesOn(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h, stop := openHouse(t)
			said := func() string {
				s := h.origins.transport.(*source)
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.seen[len(s.seen)-1].Header.Get(headcount.Field)
			}
			leave := h.watch(t, 3, ahead, byParts, "CDN-Loop: shoal-0123456789abcdef\r\nShoal-Viewers: stranger;1000\r\n")
			watching := h.watch(t, 2, ahead, byParts, "")
			time.Sleep(leastWindow + 3*time.Second)
			if want := headcount.Said(h.origins.self[0], 2); said() != want {
				t.Errorf("it says %q, want %q", said(), want)
			}
			h.heed(netip.MustParseAddr("10.1.2.3"), "shoal-a;40", target{kind: mediaPlaylist, path: playlistPath}, time.Now())
			time.Sleep(time.Second)
			if want := headcount.Said(h.origins.self[0], 42); said() != want {
				t.Errorf("it says %q, want %q", said(), want)
			}
			if got := h.counted(); got != 2 {
				t.Errorf("%v are counted here", got)
			}
			leave()
			watching()
			stop()
			h.all.Wait()
		})
	}
}
