package edge

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestPatience: for what nothing holds an origin has five seconds, and a held reload ends when the edge does.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(12, 2)
		e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/") {
				<-r.Context().Done()
				return
			}
			b.ServeHTTP(w, r)
		})})
		start := time.Now()
		if w := get(e, "/api/v1/streams"); w.Code != http.StatusBadGateway || time.Since(start) != apiPatience {
			t.Errorf("the API: %d after %v", w.Code, time.Since(start))
		}
		get(e, playlistPath)
		code := make(chan int)
		go func() { code <- get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2").Code }()
		synctest.Wait()
		start = time.Now()
		e.Drain()
		if c := <-code; c != http.StatusServiceUnavailable || time.Since(start) != 0 {
			t.Errorf("a held reload: %d, %v after the edge began to end", c, time.Since(start))
		}
		if e.Ready() == nil {
			t.Error("it is ready while it ends")
		}
		if e.stop(errStopping); get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2").Code != http.StatusServiceUnavailable {
			t.Error("a reload is held while the edge ends")
		}
	})
}

// TestDrainInBetween: who asks before the edge is to end, and is answered after, is told that the connection ends, be it that the answer has come before
// he waits for it.
//
// Clause: edge-drain
func TestDrainInBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(t, Config{Transport: newSource(newBroadcast(12, 2).ServeHTTP)})
		get(e, playlistPath)
		held, err := parseLive(playlistPath)
		if err != nil {
			t.Fatal(err)
		}
		held.reload = reload{held: true, msn: 13, part: 2}
		fresh := e.cache.look(playlistPath)
		o, began := e.open(held)
		synctest.Wait()
		e.Drain()
		synctest.Wait() // it has failed before its viewer waits for it
		for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
			"503": func(w http.ResponseWriter, r *http.Request) { e.hold(w, r, o, began) },
			"200": func(w http.ResponseWriter, r *http.Request) { e.answer(w, r, fresh, false) },
			"502": func(w http.ResponseWriter, r *http.Request) { e.refuse(w, r, "", http.StatusBadGateway, "") },
		} {
			w := httptest.NewRecorder()
			answer(w, httptest.NewRequest(http.MethodGet, playlistPath, nil))
			if got := fmt.Sprint(w.Code); got != name || w.Header().Get("Connection") != "close" {
				t.Errorf("%s, want %s: %v", got, name, w.Header())
			}
		}
	})
}

// TestFailuresAreForgotten: what fails is asked for anew, by the next or a moment later, and that is all that is known of it.
func TestFailuresAreForgotten(t *testing.T) {
	t.Run("an answer that breaks off, and then nobody answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			way := &outage{}
			way.source = newSource(func(w http.ResponseWriter, r *http.Request) {
				if way.total(partPath) == 1 {
					w.Write(partBytes[:1000])
					time.Sleep(time.Millisecond) // so that viewers have them
					way.fail("a.test", refused)
					panic(io.ErrUnexpectedEOF)
				}
				w.Write(partBytes)
			})
			e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}})
			if watch(e, partPath, new(reader)) {
				t.Error("it came to its end")
			}
			e.flights.Wait()
			way.fail("a.test", nil)
			if w := get(e, partPath); !bytes.Equal(w.Body.Bytes(), partBytes) {
				t.Errorf("then: %d, %d bytes", w.Code, w.Body.Len())
			}
		})
	})
	t.Run("nobody answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			way := newFreeze(func(w http.ResponseWriter, r *http.Request) { w.Write(partBytes) })
			way.lose("a.test", true)
			e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}})
			for range 10 {
				if w := get(e, partPath); w.Code != http.StatusBadGateway {
					t.Error(w.Code)
				}
			}
			if way.met() != 1 {
				t.Errorf("it was asked for %d times in a moment", way.met())
			}
		})
	})
	t.Run("the edge is busy", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			e := newEdge(t, Config{MaxFlights: 1, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
				<-release
				w.Write(partBytes)
			})})
			go get(e, segment(1))
			synctest.Wait()
			if w := get(e, segment(2)); w.Code != http.StatusServiceUnavailable {
				t.Error(w.Code)
			}
			close(release)
			synctest.Wait()
			if w := get(e, segment(2)); w.Code != http.StatusOK {
				t.Errorf("then: %d", w.Code)
			}
		})
	})
	t.Run("too large, of no known size", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			src := newSource(func(w http.ResponseWriter, r *http.Request) {
				w.Write(partBytes[:1000])
				time.Sleep(time.Millisecond)
				w.Write(partBytes[1000:])
			})
			e := newEdge(t, Config{Transport: src, ObjectBytes: 40000, Origins: []string{"http://a.test", "http://b.test"}})
			if watch(e, partPath, new(reader)) || src.total("") != 1 {
				t.Errorf("it was asked for %d times", src.total(""))
			}
		})
	})
}

// TestHeldAnswersAreKeptAsTheySay: what a held reload was answered is the newest playlist for others only as far as the origin allows.
func TestHeldAnswersAreKeptAsTheySay(t *testing.T) {
	for _, c := range []struct {
		control string
		asked   int // for the plain playlist, after the held one
		away    int // what it is answered while the origin is away
	}{{"max-age=2", 0, 200}, {"no-store", 1, 502}, {"max-age=2, must-revalidate", 0, 502}} {
		t.Run(c.control, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBroadcast(12, 2)
				way := newFreeze(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Cache-Control", c.control)
					if b.mu.Lock(); r.URL.RawQuery != "" {
						b.parts = 3
					}
					fmt.Fprint(w, playlist(b.last, b.parts))
					b.mu.Unlock()
				})
				e := newEdge(t, Config{Transport: way, Origins: []string{"http://a.test"}})
				get(e, playlistPath)
				if w := get(e, playlistPath+"?_HLS_msn=13&_HLS_part=2"); w.Code != http.StatusOK || w.Body.String() != playlist(12, 3) {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
				before := way.total(playlistPath)
				if w := get(e, playlistPath); w.Body.String() != playlist(12, 3) || way.total(playlistPath)-before != c.asked {
					t.Errorf("%d requests for the plain one", way.total(playlistPath)-before)
				}
				way.lose("a.test", true)
				time.Sleep(3 * time.Second)
				if w := get(e, playlistPath); w.Code != c.away {
					t.Errorf("while the origin is away: %d", w.Code)
				}
			})
		})
	}
}

// TestShortAnswers: less than was said, or more, is no answer.
func TestShortAnswers(t *testing.T) {
	const size = 50_000 // no size that a buffer grows to
	body := partBytes[:size]
	for _, c := range []struct {
		name string
		rest []byte // what comes after the first answer broke off
		want bool
	}{{"whole", body[reach:], true}, {"short", body[reach : size-1], false}, {"long", append(bytes.Clone(body[reach:]), "more"...), true}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				e := newEdge(t, Config{Origins: []string{"http://a.test"}, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
					if asked++; asked == 1 {
						w.Write(body[:reach])
						time.Sleep(time.Millisecond)
						panic(io.ErrUnexpectedEOF)
					}
					w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", reach, size-1, size))
					w.WriteHeader(http.StatusPartialContent)
					w.Write(c.rest)
				})})
				var got reader
				if whole := watch(e, partPath, &got); whole != c.want || !bytes.HasPrefix(body, got.got) || whole && len(got.got) != size || asked != 2 {
					t.Errorf("whole %v, %d bytes of %d after %d answers", whole, len(got.got), size, asked)
				}
			})
		})
	}
	t.Run("of a size that was told", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "5000")
				io.WriteString(w, playlist(12, 2))
			})})
			if w := get(e, playlistPath); w.Code != http.StatusBadGateway {
				t.Errorf("%d, %d bytes of 5000", w.Code, w.Body.Len())
			}
		})
	})
}

func TestRestOf(t *testing.T) {
	for header, want := range map[string]int64{
		"bytes 5-9/10": 10, "bytes 5-8/10": -1, "bytes 4-9/10": -1, "bytes 6-9/10": -1, "bytes 5-9/*": -1, "bytes 5-10/10": -1, "bytes */10": -1,
		"5-9/10": -1, "": -1, "bytes 5-4/5": -1, "bytes 50-59/60": -1,
	} {
		size, ok := restOf(header, 5)
		if ok != (want > 0) || ok && size != want {
			t.Errorf("%q: %d, %v", header, size, ok)
		}
	}
}

// TestTags: a tag goes out as the origin sent it if it is a strong one that no list of tags can be mistaken for; else media have one of their name.
func TestTags(t *testing.T) {
	own := mediaTag(partPath)
	for sent, want := range map[string]string{
		`"x"`: "x", `"a-b.c/d"`: "a-b.c/d", `W/"x"`: own, "": own, `"a,b"`: own, `"a b"`: own, "\"a\x7f\"": own, `"a"b"`: own,
	} {
		e := newEdge(t, Config{Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", sent)
			w.Write(partBytes)
		})})
		if w := get(e, partPath); w.Header().Get("ETag") != `"`+want+`"` {
			t.Errorf("%s: %s, want %q", sent, w.Header().Get("ETag"), want)
		}
		e.flights.Wait()
	}
}
