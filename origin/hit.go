package origin

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
	"github.com/shoal-live/shoal/swarm/wire"
)

// Answer is an answer to a GET as HTTP/1.1 sends it. It is not written to.
type Answer struct {
	Head []byte          // with the empty line
	Body []byte          // as it lies in the window
	Wait <-chan struct{} // not nil: it is not there, but may be once this is closed
}

// Hit returns the answer to a GET of a target where it is at hand, the same that ServeHTTP gives, or where to wait for it: what edges ask for
// all the time, which are playlists and parts. What else there is, and what is wrong, is for ServeHTTP. Packed tells
// whether a text may be compressed.
func (o *Origin) Hit(target []byte, packed bool, now time.Time) (Answer, bool) {
	path, query, _ := strings.Cut(string(target), "?")
	path, ok := strings.CutPrefix(path, "/live/")
	name, path, found := strings.Cut(path, "/")
	if !ok || !found {
		return Answer{}, false
	}
	rendition, path, _ := strings.Cut(path, "/")
	index, ok := indexOf(rendition)
	if !ok {
		return Answer{}, false
	}
	if path == "index.m3u8" {
		if packed {
			return Answer{}, false
		}
		return o.hitPlaylist(name, index, query, now)
	}
	epoch, file, _ := strings.Cut(path, "/")
	return o.hitMedia(name, index, epoch, file, now)
}

// hitPlaylist is Hit for a media playlist.
func (o *Origin) hitPlaylist(name string, index int, query string, now time.Time) (Answer, bool) {
	values, _ := url.ParseQuery(query) // as http.Request reads it
	reload, err := hls.ParseReload(values)
	st := o.streams.Get(name)
	if err != nil || st == nil || !st.Known() && !st.Starting() {
		return Answer{}, false
	}
	win := st.Window(index)
	if win == nil {
		return Answer{}, false
	}
	st.Ask()
	body, cache, wait := win.PlaylistAtHand(reload, func() []hls.Report { return reports(st, index) })
	if body == nil {
		return Answer{Wait: wait}, wait != nil
	}
	b := begin(now, 512)
	b = field(b, "Cache-Control", cache)
	b = length(b, len(body))
	b = field(b, "Content-Type", hls.TypePlaylist)
	b = field(b, "Vary", "Accept-Encoding")
	return Answer{Head: end(b), Body: body}, true
}

// hitMedia is Hit for what is in memory as one piece.
func (o *Origin) hitMedia(name string, index int, epoch, file string, now time.Time) (Answer, bool) {
	n, ok := hls.ParseName(file)
	st := o.streams.Get(name)
	if !ok || st == nil || !st.Known() && !st.Starting() {
		return Answer{}, false
	}
	win := st.Window(index)
	if win == nil || epoch != strconv.FormatUint(uint64(win.Epoch()), 10) {
		return Answer{}, false
	}
	m, wait := win.MediaAtHand(n)
	if len(m.Slices) != 1 {
		return Answer{Wait: wait}, wait != nil
	}
	body := m.Slices[0]
	b := begin(now, 512+len(m.Pieces))
	b = field(b, "Accept-Ranges", "bytes")
	b = field(b, "Cache-Control", hls.CacheForever)
	b = length(b, len(body))
	b = field(b, "Content-Type", n.Type())
	b = field(b, "ETag", win.Tag(n))
	if m.Pieces != "" {
		b = field(b, wire.PiecesHeader, m.Pieces)
	}
	return Answer{Head: end(b), Body: body}, true
}

// begin begins the head of an answer that will be about so long.
func begin(now time.Time, long int) []byte {
	b := append(make([]byte, 0, long), "HTTP/1.1 200 OK\r\nDate: "...)
	b = append(now.UTC().AppendFormat(b, http.TimeFormat), "\r\n"...)
	b = field(b, "Access-Control-Allow-Origin", "*")
	return field(b, "Access-Control-Expose-Headers", exposed)
}

func field(b []byte, name, value string) []byte {
	return append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
}

func length(b []byte, n int) []byte {
	return append(strconv.AppendInt(append(b, "Content-Length: "...), int64(n), 10), "\r\n"...)
}

func end(b []byte) []byte { return append(field(b, "X-Content-Type-Options", "nosniff"), "\r\n"...) }
