//go:build linux

package main

import (
	"context"
	"io"
	"net/url"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"

	"github.com/shoal-live/shoal/origin/testclip"
)

const (
	reconnect     = 200 * time.Millisecond
	writePatience = 5 * time.Second
)

// cast broadcasts the clip to an origin until ctx ends, and connects anew when the connection ends.
func cast(ctx context.Context, to *house) {
	for ctx.Err() == nil {
		_ = castOnce(ctx, to)
		wait(ctx, reconnect)
	}
}

func castOnce(ctx context.Context, to *house) error {
	conn := &gortmplib.Client{URL: &url.URL{Scheme: "rtmp", Host: to.rtmp, Path: "/live/" + to.key}, Publish: true}
	if err := conn.Initialize(ctx); err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, conn.Close)()
	sps, pps := testclip.Parameters()
	track := &gortmplib.Track{Codec: &codecs.H264{SPS: sps, PPS: pps}}
	w := &gortmplib.Writer{Conn: conn, Tracks: []*gortmplib.Track{track}}
	if err := w.Initialize(); err != nil {
		return err
	}
	raw := conn.NetConn()
	go io.Copy(io.Discard, raw) // acknowledgements; it ends with the connection
	units := testclip.Units()
	units = units[:len(units)/testclip.GOP*testclip.GOP]
	began := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		at := time.Duration(n) * testclip.Interval
		wait(ctx, time.Until(began.Add(at)))
		raw.SetWriteDeadline(time.Now().Add(writePatience))
		if err := w.WriteH264(track, at, at, units[n%len(units)]); err != nil {
			return err
		}
	}
	return nil
}

func wait(ctx context.Context, long time.Duration) {
	select {
	case <-time.After(long):
	case <-ctx.Done():
	}
}
