package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
)

const (
	retryDelay   = time.Second     // between two attempts to publish
	writeTimeout = 5 * time.Second // a server that takes nothing for so long is given up
)

// A Broadcast publishes the clip until its context ends.
type Broadcast struct {
	url  *url.URL
	log  *slog.Logger
	clip *clip
}

// New makes a broadcast to the RTMP server at address, host:port, under a publish key.
func New(address, key string, log *slog.Logger) (*Broadcast, error) {
	c, err := readClip(clipFile)
	if err != nil {
		return nil, err
	}
	return &Broadcast{
		url:  &url.URL{Scheme: "rtmp", Host: address, Path: "/live/" + key},
		log:  log,
		clip: c,
	}, nil
}

// Run publishes, and publishes again whenever the connection is lost, until ctx ends.
func (b *Broadcast) Run(ctx context.Context) error {
	for {
		err := b.publish(ctx)
		if ctx.Err() != nil {
			return nil
		}
		b.log.Warn("demo broadcast interrupted, trying again", "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryDelay):
		}
	}
}

// publish is one connection, from the dial to its end.
func (b *Broadcast) publish(ctx context.Context) error {
	connection := &gortmplib.Client{URL: b.url, Publish: true}
	if err := connection.Initialize(ctx); err != nil {
		return fmt.Errorf("demo: connect: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	drained := make(chan struct{})
	go func() { // the server's messages are of no use, but unread they would fill its queue
		defer close(drained)
		cancel(drain(connection))
	}()
	stop := context.AfterFunc(ctx, connection.Close) // ends a write that waits
	defer stop()
	err := b.play(ctx, connection)
	connection.Close()
	<-drained
	return err
}

func drain(connection *gortmplib.Client) error {
	for {
		if _, err := connection.Read(); err != nil {
			if errors.Is(err, io.EOF) {
				return errors.New("demo: the server closed the connection")
			}
			return fmt.Errorf("demo: read: %w", err)
		}
	}
}

// play sends sample after sample, each when its time has come by a schedule fixed at the start, so that nothing drifts.
func (b *Broadcast) play(ctx context.Context, connection *gortmplib.Client) error {
	video := &gortmplib.Track{Codec: &codecs.H264{SPS: b.clip.sps, PPS: b.clip.pps}}
	audio := &gortmplib.Track{Codec: &codecs.MPEG4Audio{Config: b.clip.sound}}
	writer := &gortmplib.Writer{Conn: connection, Tracks: []*gortmplib.Track{video, audio}}
	if err := writer.Initialize(); err != nil {
		return fmt.Errorf("demo: announce: %w", err)
	}

	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; n++ {
		sample, at := b.clip.at(n)
		if wait := time.Until(start.Add(at)); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-timer.C:
			}
		}
		if err := connection.NetConn().SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return fmt.Errorf("demo: send: %w", err)
		}
		var err error
		if sample.video != nil {
			err = writer.WriteH264(video, at, at, sample.video)
		} else {
			err = writer.WriteMPEG4Audio(audio, at, sample.audio)
		}
		if err != nil {
			return fmt.Errorf("demo: send: %w", err)
		}
	}
}
