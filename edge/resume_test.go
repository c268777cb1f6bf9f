package edge

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// reach is where the first origin's answer breaks off.
const reach = 20_000

// TestGoesOnFromTheByteReached: when an answer breaks off, the next origin is asked for the rest, and nobody who waits notices.
func TestGoesOnFromTheByteReached(t *testing.T) {
	other := bytes.Clone(partBytes)
	other[reach/2]++
	part := func(w http.ResponseWriter, tag string, from int, body []byte, total int) {
		w.Header().Set("ETag", tag)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)-from))
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, total))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(body[from:])
	}
	for _, c := range []struct {
		name    string
		tag     string // of the first origin; empty: none
		unsized bool   // the first does not tell the size
		second  func(w http.ResponseWriter, from int)
		asked   string // origins, in order
		ranges  string // that the second is asked for
	}{
		{"the rest", `"x"`, false, func(w http.ResponseWriter, from int) { part(w, `"x"`, from, partBytes, len(partBytes)) }, "ab", `bytes=20000- "x"`},
		{"the rest, no size before", `"x"`, true, func(w http.ResponseWriter, from int) { part(w, `"x"`, from, partBytes, len(partBytes)) }, "ab", `bytes=20000- "x"`},
		{"the rest, no tags", "", false, func(w http.ResponseWriter, from int) { part(w, "", from, partBytes, len(partBytes)) }, "ab", "bytes=20000- "},
		{"a weak tag is none", `W/"x"`, false, func(w http.ResponseWriter, from int) { part(w, `W/"x"`, from, partBytes, len(partBytes)) }, "ab", "bytes=20000- "},
		{"the whole", `"x"`, false, func(w http.ResponseWriter, from int) {
			w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
			w.Write(partBytes)
		}, "ab", `bytes=20000- "x"`},
		{"the whole, with other bytes", "", false, func(w http.ResponseWriter, from int) { w.Write(other) }, "aba", "bytes=20000- "},
		{"the whole, shorter", "", false, func(w http.ResponseWriter, from int) {
			w.Header().Set("Content-Length", "21000")
			w.Write(partBytes[:21000])
		}, "aba", "bytes=20000- "},
		{"the rest, and no tag any more", `"x"`, false, func(w http.ResponseWriter, from int) { part(w, "", from, partBytes, len(partBytes)) }, "aba", `bytes=20000- "x"`},
		{"more than the rest", "", true, func(w http.ResponseWriter, from int) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(partBytes)-1, len(partBytes)))
			w.WriteHeader(http.StatusPartialContent)
			w.Write(append(bytes.Clone(partBytes[from:]), partBytes...))
		}, "ab", "bytes=20000- "},
		{"the whole, longer", "", false, func(w http.ResponseWriter, from int) {
			w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)+1))
			w.Write(append(bytes.Clone(partBytes), 'x'))
		}, "aba", "bytes=20000- "},
		{"another tag", `"x"`, false, func(w http.ResponseWriter, from int) { part(w, `"y"`, from, partBytes, len(partBytes)) }, "aba", `bytes=20000- "x"`},
		{"another size", `"x"`, false, func(w http.ResponseWriter, from int) { part(w, `"x"`, from, partBytes, len(partBytes)+1) }, "aba", `bytes=20000- "x"`},
		{"another range", `"x"`, false, func(w http.ResponseWriter, from int) { part(w, `"x"`, from-1, partBytes, len(partBytes)) }, "aba", `bytes=20000- "x"`},
		{"not here", `"x"`, false, func(w http.ResponseWriter, from int) { w.WriteHeader(http.StatusNotFound) }, "aba", `bytes=20000- "x"`},
		{"cannot", `"x"`, false, func(w http.ResponseWriter, from int) { w.WriteHeader(http.StatusInternalServerError) }, "aba", `bytes=20000- "x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked []string
				ranges := ""
				faults := 0
				src := newSource(func(w http.ResponseWriter, r *http.Request) {
					name := strings.TrimSuffix(r.URL.Host, ".test")
					asked = append(asked, name)
					from, _ := strconv.Atoi(strings.Trim(r.Header.Get("Range"), "bytes=-"))
					if name == "b" {
						ranges = r.Header.Get("Range") + " " + r.Header.Get("If-Range")
						c.second(w, from)
						return
					}
					if from > 0 {
						part(w, c.tag, from, partBytes, len(partBytes))
						return
					}
					w.Header().Set("ETag", c.tag)
					if !c.unsized {
						w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)))
					}
					w.Write(partBytes[:reach])
					time.Sleep(time.Second)
					faults++
					panic(io.ErrUnexpectedEOF)
				})
				e := newEdge(t, Config{Transport: src, Origins: []string{"http://a.test", "http://b.test"}})
				var all sync.WaitGroup
				for i := range 20 {
					all.Go(func() {
						defer func() {
							if recover() != nil {
								t.Error("an answer broke off")
							}
						}()
						w := get(e, partPath, "Range", []string{"", "bytes=100-"}[i%2])
						if want := partBytes[i%2*100:]; !bytes.Equal(w.Body.Bytes(), want) {
							t.Errorf("%d, %d bytes of %d", w.Code, w.Body.Len(), len(want))
						}
					})
				}
				all.Wait()
				e.flights.Wait()
				// Both answer "not here" within one round: the first is asked in that.
				if got := strings.Join(asked, ""); got != c.asked {
					t.Errorf("asked %s, want %s", got, c.asked)
				}
				if ranges != c.ranges || faults != 1 {
					t.Errorf("asked for %q, want %q; %d faults", ranges, c.ranges, faults)
				}
				if n := testutil.ToFloat64(e.tally.resumed); n < 1 {
					t.Errorf("%v resumed", n)
				}
				w := get(e, partPath)
				if len(asked) != len(c.asked) || !bytes.Equal(w.Body.Bytes(), partBytes) {
					t.Errorf("from memory: %d, %d bytes, asked %v", w.Code, w.Body.Len(), asked)
				}
				if e.cache.bytes > int64(2*overhead+2*len(partBytes)) || e.cache.bytes < int64(overhead+len(partBytes)) {
					t.Errorf("%d bytes are counted", e.cache.bytes)
				}
			})
		})
	}
}

// TestOneOriginIsAskedOnceMore: an answer that breaks off is gone on with at the same origin, if there is one only; not for ever.
func TestOneOriginIsAskedOnceMore(t *testing.T) {
	for _, c := range []struct {
		name   string
		breaks int
		broken bool
	}{{"once", 1, false}, {"twice", 2, true}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked []string
				src := newSource(func(w http.ResponseWriter, r *http.Request) {
					asked = append(asked, r.Header.Get("Range"))
					if len(asked) > c.breaks {
						http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(partBytes))
						return
					}
					from := (len(asked) - 1) * reach
					w.Header().Set("Content-Length", fmt.Sprint(len(partBytes)-from))
					if from > 0 {
						w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(partBytes)-1, len(partBytes)))
						w.WriteHeader(http.StatusPartialContent)
					}
					w.Write(partBytes[from:][:reach])
					panic(io.ErrUnexpectedEOF)
				})
				e := newEdge(t, Config{Transport: src})
				broken := func() (broken bool) {
					defer func() { broken = broken || recover() != nil }()
					return !bytes.Equal(get(e, partPath).Body.Bytes(), partBytes)
				}()
				if want := []string{"", "bytes=20000-"}; broken != c.broken || !slices.Equal(asked, want) {
					t.Errorf("broken %v, asked for %q", broken, asked)
				}
			})
		})
	}
}

// TestErrorsAreNotGoneOnWith: the text of an error that breaks off is not gone on with, by media least of all.
func TestErrorsAreNotGoneOnWith(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusServiceUnavailable} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := ""
				e := newEdge(t, Config{Origins: []string{"http://a.test"}, Transport: newSource(func(w http.ResponseWriter, r *http.Request) {
					asked += r.Header.Get("Range") + ";"
					if strings.Count(asked, ";") == 1 {
						w.WriteHeader(status)
						w.Write([]byte("not h"))
						panic(io.ErrUnexpectedEOF)
					}
					http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(partBytes))
				})})
				w := &reader{}
				if !watch(e, partPath, w) || !bytes.Equal(w.got, partBytes) || asked != ";;" {
					t.Errorf("%d bytes, asked for %q", len(w.got), asked)
				}
			})
		})
	}
}

func FuzzRestOf(f *testing.F) {
	f.Add("bytes 5-9/10", int64(5))
	f.Add("bytes 5-9/*", int64(5))
	f.Add("bytes 5--1/0", int64(5))
	f.Fuzz(func(t *testing.T, header string, from int64) {
		if size, ok := restOf(header, from); ok && (from < 0 || size <= from) {
			t.Fatalf("%q from %d: %d", header, from, size)
		}
	})
}
