//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	"github.com/bluenviron/gortmplib/pkg/message"
)

const (
	chunkSize    = 4096 // as OBS has it
	writeTimeout = 5 * time.Second
	remembered   = 4096 // frames whose sending is remembered
)

// sent is when the frames of a broadcast were sent, by their number; the newest are remembered.
type sent struct {
	began atomic.Int64 // Unix nanoseconds of the connection's first byte
	at    [remembered]atomic.Int64
}

func (s *sent) note(frame int, now time.Time) { s.at[frame%remembered].Store(now.UnixNano()) }

// age returns how long before now a frame was sent.
func (s *sent) age(frame int, now time.Time) time.Duration {
	return time.Duration(now.UnixNano() - s.at[frame%remembered].Load())
}

// A publisher broadcasts the clip in real time by RTMP. It is as cheap as one can be that sends each frame when it is
// due: one write for each, of bytes that were in memory.
type publisher struct {
	clip *clip
	key  int // of the clip, where it begins
	sent *sent
	out  []byte
}

// run broadcasts until ctx ends.
func (p *publisher) run(ctx context.Context, address, key string) error {
	conn := &gortmplib.Client{
		URL: &url.URL{Scheme: "rtmp", Host: address, Path: "/live/" + key}, Publish: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, network, address)
			p.sent.began.Store(time.Now().UnixNano())
			return c, err
		},
	}
	if err := conn.Initialize(ctx); err != nil {
		return fmt.Errorf("origin: publish: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, conn.Close)()
	if err := conn.Write(&message.SetChunkSize{Value: chunkSize}); err != nil {
		return err
	}
	w := &gortmplib.Writer{Conn: conn, Tracks: []*gortmplib.Track{
		{Codec: &codecs.H264{SPS: p.clip.sps, PPS: p.clip.pps}}, {Codec: &codecs.MPEG4Audio{Config: p.clip.sound}},
	}}
	if err := w.Initialize(); err != nil {
		return err
	}
	raw := conn.NetConn()
	go io.Copy(io.Discard, raw) // acknowledgements; it ends with the connection
	return p.play(ctx, raw)
}

// play sends each sample when it is due, by a schedule fixed at the start.
func (p *publisher) play(ctx context.Context, to net.Conn) error {
	film, began, frames := p.clip.from(p.key), time.Now(), 0
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		s, due := film.read()
		if wait := time.Until(began.Add(due)); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return nil
			case <-timer.C:
			}
		}
		now := time.Now()
		if s.video {
			p.sent.note(frames, now)
			frames++
		}
		err := to.SetWriteDeadline(now.Add(writeTimeout))
		if err == nil {
			_, err = to.Write(p.message(s, due))
		}
		if ctx.Err() != nil { // which closes the connection
			return nil
		}
		if err != nil {
			return fmt.Errorf("origin: send: %w", err)
		}
	}
}

// message is a sample as RTMP has it: an FLV tag's body, in chunks.
func (p *publisher) message(s sample, due time.Duration) []byte {
	stream, kind, head := byte(message.AudioChunkStreamID), byte(message.TypeAudio), []byte{0xaf, 1}
	if s.video {
		stream, kind, head = message.VideoChunkStreamID, byte(message.TypeVideo), []byte{0x27, 1, 0, 0, 0}
		if s.key {
			head[0] = 0x17
		}
	}
	stamp, size := uint32(due/time.Millisecond), uint32(len(head)+len(s.data))
	b := binary.BigEndian.AppendUint32(p.out[:0], stamp&0xffffff|uint32(stream)<<24)
	b = binary.BigEndian.AppendUint32(b, size<<8|uint32(kind))
	b = append(b, 1, 0, 0, 0)
	b = append(b, head...)
	room, data := chunkSize-len(head), s.data
	for len(data) > room {
		b = append(append(b, data[:room]...), 3<<6|stream)
		data, room = data[room:], chunkSize
	}
	p.out = append(b, data...)
	return p.out
}
