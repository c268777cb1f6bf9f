package hls

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

// Clause: hls-part-without-msn, hls-skip
func TestParseReload(t *testing.T) {
	for query, want := range map[string]struct {
		r  Reload
		ok bool
	}{
		"":                                {Reload{Part: -1}, true},
		"token=x":                         {Reload{Part: -1}, true},
		"_HLS_msn=5":                      {Reload{MSN: 5, Part: -1, Set: true}, true},
		"_HLS_skip=YES":                   {Reload{Part: -1, Skip: true}, true},
		"_HLS_skip=v2&_HLS_msn=5":         {Reload{MSN: 5, Part: -1, Set: true, Skip: true}, true},
		"_HLS_skip=yes":                   {Reload{Part: -1}, true},
		"_HLS_msn=5&_HLS_part=2":          {Reload{MSN: 5, Part: 2, Set: true}, true},
		"_HLS_part=2":                     {},
		"_HLS_msn=":                       {},
		"_HLS_msn=-1":                     {},
		"_HLS_msn=1.5":                    {},
		"_HLS_msn=5&_HLS_part=x":          {},
		"_HLS_msn=5&_HLS_part=":           {},
		"_HLS_msn=99999999999999999999":   {},
		"_HLS_msn=5&_HLS_part=9999999999": {},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ParseReload(q)
		if (err == nil) != want.ok || err == nil && r != want.r {
			t.Errorf("%q: %+v %v", query, r, err)
		}
	}
}

func FuzzParseReload(f *testing.F) {
	f.Add("_HLS_msn=5&_HLS_part=2&_HLS_skip=YES")
	f.Add("_HLS_part=2")
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		r, err := ParseReload(q)
		if err != nil {
			return
		}
		again := url.Values{}
		if r.Set {
			again.Set("_HLS_msn", fmt.Sprint(r.MSN))
		}
		if r.Part >= 0 {
			again.Set("_HLS_part", fmt.Sprint(r.Part))
		}
		if r.Skip {
			again.Set("_HLS_skip", "YES")
		}
		if same, err := ParseReload(again); err != nil || same != r {
			t.Fatalf("%q reads as %+v, which reads as %+v: %v", query, r, same, err)
		}
	})
}

// Clause: hls-blocking, hls-old-msn, hls-too-far
func TestReload(t *testing.T) {
	// MSN 0 to 3 are complete, of MSN 4 there are parts 0 and 1.
	for _, c := range []struct {
		r    Reload
		want string
	}{
		{Reload{}, "now"},
		{Reload{MSN: 0, Part: -1, Set: true}, "now"},
		{Reload{MSN: 3, Part: -1, Set: true}, "now"},
		{Reload{MSN: 3, Part: 5, Set: true}, "now"},
		{Reload{MSN: 3, Part: 6, Set: true}, "now"}, // part 0 of 4
		{Reload{MSN: 4, Part: 0, Set: true}, "now"},
		{Reload{MSN: 4, Part: 1, Set: true}, "now"},
		{Reload{MSN: 4, Part: 2, Set: true}, "4.2"},
		{Reload{MSN: 4, Part: -1, Set: true}, "4.5"},
		{Reload{MSN: 5, Part: 0, Set: true}, "5.0"},
		{Reload{MSN: 5, Part: -1, Set: true}, "5.5"},
		{Reload{MSN: 6, Part: -1, Set: true}, "future"},
		{Reload{MSN: 6, Part: 0, Set: true}, "future"},
		{Reload{MSN: 4, Part: 50, Set: true}, "future"},
		{Reload{MSN: 5, Part: 50, Set: true}, "future"},
		{Reload{MSN: 1 << 60, Part: -1, Set: true}, "future"},
	} {
		t.Run(fmt.Sprint(c.r.MSN, ".", c.r.Part), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := NewWindow(config, 0, nil)
				a := newAuthor(w)
				a.segments(4)
				a.write(false)
				a.write(false)
				got := make(chan string, 1)
				go func() {
					v, err := w.Wait(t.Context(), c.r)
					switch {
					case errors.Is(err, ErrFuture):
						got <- "future"
					case err != nil:
						got <- err.Error()
					case v.Open != nil:
						got <- fmt.Sprint(v.Open.MSN, ".", len(v.Open.Parts)-1)
					default:
						got <- fmt.Sprint(v.Next-1, ".5")
					}
				}()
				synctest.Wait()
				select {
				case g := <-got:
					if c.want == "now" && g == "4.1" || c.want == g {
						return
					}
					t.Fatalf("answered at once with %s, want %s", g, c.want)
				default:
				}
				for range 12 {
					last := fmt.Sprint(a.msn, ".", a.part)
					a.write(a.part == 5)
					synctest.Wait()
					select {
					case g := <-got:
						if g != c.want || g != last {
							t.Fatalf("answered at %s with %s, want %s", last, g, c.want)
						}
						return
					default:
					}
				}
				t.Fatal("never answered")
			})
		})
	}
}

// TestPastTheLastPart: who asks for a part that a complete segment does not have waits for the first of the next, which is not there
// yet; who asks for its last is answered at once.
//
// Clause: hls-past-last-part
func TestPastTheLastPart(t *testing.T) {
	for part, waits := range map[int]bool{5: false, 6: true, 7: true} {
		synctest.Test(t, func(t *testing.T) {
			w := NewWindow(config, 0, nil)
			a := newAuthor(w)
			a.segments(4)
			got := make(chan *View, 1)
			go func() {
				v, err := w.Wait(t.Context(), Reload{MSN: 3, Part: part, Set: true})
				if err != nil {
					t.Error(err)
				}
				got <- v
			}()
			synctest.Wait()
			if waited := len(got) == 0; waited != waits {
				t.Errorf("part %d of six: waits %v, want %v", part, waited, waits)
			}
			a.write(false)
			if v := <-got; waits && (v.Open == nil || v.Open.MSN != 4 || len(v.Open.Parts) != 1) {
				t.Errorf("part %d of six: answered with %+v, want part 0 of segment 4", part, v.Open)
			}
		})
	}
}

// Clause: hls-timeout
func TestReloadTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0, nil)
		newAuthor(w).segments(2)
		start := time.Now()
		rw := httptest.NewRecorder()
		w.ServePlaylist(rw, httptest.NewRequest("GET", "/?_HLS_msn=2&_HLS_part=0", nil), nil)
		if rw.Code != http.StatusServiceUnavailable || time.Since(start) != 6*time.Second {
			t.Fatal(rw.Code, time.Since(start))
		}
		if cc := rw.Header().Get("Cache-Control"); cc != "no-store" {
			t.Fatal(cc)
		}
	})
}

// Clause: hls-endlist
func TestEndReleases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0, nil)
		newAuthor(w).segments(2)
		done := make(chan int)
		go func() {
			rw := httptest.NewRecorder()
			w.ServePlaylist(rw, httptest.NewRequest("GET", "/?_HLS_msn=2&_HLS_part=0", nil), nil)
			done <- rw.Code
		}()
		synctest.Wait()
		w.End()
		if code := <-done; code != http.StatusOK {
			t.Fatal(code)
		}
	})
}

func TestAskerGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(config, 0, nil)
		newAuthor(w).segments(1)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := w.Wait(ctx, Reload{MSN: 1, Set: true}); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	})
}
