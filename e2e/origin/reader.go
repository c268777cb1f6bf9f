//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/shoal-live/shoal/origin/hls"
)

const pollPlayable = 10 * time.Millisecond

var errPlaylist = errors.New("origin: not the playlist of an unbroken stream")

// newClient returns an HTTP client that asks as an edge does.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100}}
}

// A reader fetches of one stream every playlist, by blocking reloads, and every part, as an edge does whose viewers
// wait at the live edge.
type reader struct {
	client *http.Client
	base   string // of the stream: http://HOST/live/NAME
	sent   *sent

	playable time.Duration // after the publisher's first byte
	ages     []time.Duration
	longest  time.Duration // part
	parts    int
	bytes    int
	zero     uint64 // decode time of the broadcast's first frame
}

// place is a part's.
type place struct {
	msn  uint64
	part int
}

// begin waits until the stream can be played, as one who asked already before it was there; it notes when that was.
func (r *reader) begin(ctx context.Context) (newest []byte, err error) {
	for {
		for _, path := range []string{"/index.m3u8", "/v0/index.m3u8"} {
			var status int
			if newest, status, err = r.get(ctx, path); err != nil {
				return nil, err
			}
			if status != http.StatusOK {
				newest = nil
				break
			}
		}
		if newest != nil {
			r.playable = time.Duration(time.Now().UnixNano() - r.sent.began.Load())
			return newest, nil
		}
		select {
		case <-time.After(pollPlayable):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// run reads until ctx ends.
func (r *reader) run(ctx context.Context) error {
	playlist, err := r.begin(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	var next place
	for first := true; ; first = false {
		now := time.Now()
		parts, hint, err := read(playlist)
		if err != nil {
			return err
		}
		fresh := slices.DeleteFunc(parts, func(p place) bool {
			return p.msn < next.msn || p.msn == next.msn && p.part < next.part
		})
		if err := unbroken(next, fresh, hint); err != nil && !first {
			return err
		}
		for i, p := range fresh {
			newest := !first && i == len(fresh)-1
			if err := r.fetch(ctx, playlist, p, now, newest); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
		}
		next = hint
		path := fmt.Sprintf("/v0/index.m3u8?_HLS_msn=%d&_HLS_part=%d", hint.msn, hint.part)
		var status int
		playlist, status, err = r.get(ctx, path)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%w: %s: status %d: %s", errPlaylist, path, status, playlist)
		}
		if err != nil {
			return err
		}
	}
}

// read finds in a playlist the parts that are listed and the one hinted at.
func read(playlist []byte) (parts []place, hint place, err error) {
	for line := range strings.Lines(string(playlist)) {
		part := strings.HasPrefix(line, "#EXT-X-PART:")
		hinted := strings.HasPrefix(line, "#EXT-X-PRELOAD-HINT:")
		if strings.HasPrefix(line, "#EXT-X-DISCONTINUITY\n") || strings.HasPrefix(line, "#EXT-X-GAP") || strings.HasPrefix(line, "#EXT-X-ENDLIST") {
			return nil, hint, fmt.Errorf("%w: %s", errPlaylist, line)
		}
		if !part && !hinted {
			continue
		}
		_, uri, _ := strings.Cut(line, `URI="`)
		uri, _, _ = strings.Cut(uri, `"`)
		n, ok := hls.ParseName(uri[strings.LastIndexByte(uri, '/')+1:])
		if !ok || n.Kind != hls.KindPart {
			return nil, hint, fmt.Errorf("%w: %s", errPlaylist, line)
		}
		if hinted {
			hint = place{n.Number, n.Part}
		} else {
			parts = append(parts, place{n.Number, n.Part})
		}
	}
	if len(parts) == 0 || hint == (place{}) {
		return nil, hint, fmt.Errorf("%w: no parts, or no hint", errPlaylist)
	}
	return parts, hint, nil
}

// unbroken tells whether parts follow each other, the one hinted at before and the one hinted at now. A hint at a part of a
// segment that ended without it comes true with the first part of the next.
func unbroken(hinted place, parts []place, hint place) error {
	follows := func(p, before place) bool {
		return p == place{before.msn, before.part + 1} || p == place{before.msn + 1, 0}
	}
	broken := len(parts) == 0 || parts[0] != hinted && parts[0] != place{hinted.msn + 1, 0}
	for i := 1; i < len(parts); i++ {
		broken = broken || !follows(parts[i], parts[i-1])
	}
	if broken || !follows(hint, parts[len(parts)-1]) {
		return fmt.Errorf("%w: after a hint at %v come %v and a hint at %v", errPlaylist, hinted, parts, hint)
	}
	return nil
}

// fetch fetches a part that the playlist listed at a moment, and notes how old it was then.
func (r *reader) fetch(ctx context.Context, playlist []byte, p place, listed time.Time, newest bool) error {
	name := hls.Name{Kind: hls.KindPart, Number: p.msn, Part: p.part}.String()
	at := bytes.Index(playlist, []byte("/"+name+`"`))
	epoch := playlist[bytes.LastIndexByte(playlist[:at], '"')+1 : at]
	b, status, err := r.get(ctx, "/v0/"+string(epoch)+"/"+name)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%w: %s: status %d", errPlaylist, name, status)
	}
	from, frames, err := decodeTime(b)
	if err != nil {
		return err
	}
	if p == (place{}) {
		r.zero = from
	}
	r.parts++
	r.bytes += len(b)
	r.longest = max(r.longest, time.Duration(frames)*frame)
	if newest {
		number := int((from - r.zero + 1500) / 3000) // of 90,000 ticks a second, from stamps in whole milliseconds
		r.ages = append(r.ages, r.sent.age(number, listed))
	}
	return nil
}

func (r *reader) get(ctx context.Context, path string) ([]byte, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, nil)
	if err != nil {
		return nil, 0, err
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return b, answer.StatusCode, err
}

// decodeTime finds the decode time and the number of frames of the first track, the video, of a part.
func decodeTime(part []byte) (from uint64, frames int, err error) {
	tfdt, trun := bytes.Index(part, []byte("tfdt")), bytes.Index(part, []byte("trun"))
	if tfdt < 0 || trun < tfdt || len(part) < trun+12 || part[tfdt+4] != 1 {
		return 0, 0, fmt.Errorf("%w: a part without decode time", errPlaylist)
	}
	return binary.BigEndian.Uint64(part[tfdt+8:]), int(binary.BigEndian.Uint32(part[trun+8:])), nil
}
