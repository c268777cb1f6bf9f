package origin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/headcount"
	"github.com/shoal-live/shoal/origin/archive"
	"github.com/shoal-live/shoal/origin/archive/upload"
	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/rtmp"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/thumbnail"
	"github.com/shoal-live/shoal/origin/transcode"
	"github.com/shoal-live/shoal/origin/twin"
	"github.com/shoal-live/shoal/origin/webhook"
	"github.com/shoal-live/shoal/origin/whep"
	"github.com/shoal-live/shoal/origin/whip"
)

// Origin takes broadcasts and serves them as LL-HLS.
type Origin struct {
	// static
	config   Config
	instance string     // a name of this process
	began    time.Time  // when it was made
	twin     *twin.Twin // nil: none
	keys     *Keys
	metrics  *stream.Metrics
	streams  *stream.Streams
	ladder   *transcode.Ladder
	rtmp     *rtmp.Server
	webrtc   *rtc.Port
	whip     *whip.Endpoint
	whep     *whep.Endpoint // nil: off
	hooks    *webhook.Hooks
	archive  *archive.Archive // nil: nothing is recorded
	uploader *upload.Uploader // nil: recordings stay here
	pictures *thumbnail.Pictures
	mux      *http.ServeMux

	listening atomic.Bool
	port      atomic.Pointer[port] // RTMP's, once open
	turns     sync.Map             // *sync.Mutex by stream: whose broadcast the webhooks are told of
	heads     headcount.Sum        // of viewers at edges, by stream

	mu      sync.Mutex
	checked time.Time // when the disk was tried last ...
	disk    error     // ... and with what outcome
}

// port is a listener that closes with the context it was opened in, unless keep is called before and returns true.
type port struct {
	net.Listener
	keep func() bool
	free func() error // gives the data directory back
}

// New returns an origin that does nothing until Run, but for answering HTTP.
func New(config Config) (*Origin, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	keys, err := OpenKeys(config.Data)
	if err != nil {
		return nil, err
	}
	metrics, err := stream.NewMetrics(config.Registry)
	if err != nil {
		return nil, fmt.Errorf("origin: metrics: %w", err)
	}
	hooks, err := webhook.New(webhook.Config{
		URLs: config.Webhooks, Secret: config.WebhookSecret, Registry: config.Registry, Log: config.Log,
	})
	if err != nil {
		return nil, ofConfig(err, webhook.ErrURL)
	}
	rungs, err := transcode.Parse(config.Ladder)
	if err != nil {
		return nil, err
	}
	ladder, err := transcode.New(transcode.Config{Rungs: rungs, Registry: config.Registry, Log: config.Log})
	if err != nil {
		return nil, err
	}
	o := &Origin{config: config, instance: rand.Text(), began: time.Now(), keys: keys, metrics: metrics, hooks: hooks, ladder: ladder}
	if err := o.openArchive(); err != nil {
		return nil, err
	}
	if err := o.openStreams(); err != nil {
		return nil, err
	}
	if err := o.openIngest(); err != nil {
		return nil, err
	}
	if err := o.openWHEP(); err != nil {
		return nil, err
	}
	o.mux = o.routes()
	return o, nil
}

// openStreams makes what holds the streams, and what looks after an origin beside this one.
func (o *Origin) openStreams() (err error) {
	c := &o.config
	streams := c.streams()
	streams.Live = o.beside
	if o.archive != nil {
		streams.Past = o.past
	}
	o.streams = stream.New(streams, o.metrics, c.Log)
	if c.Twin == "" {
		return nil
	}
	if o.twin, err = twin.New(twin.Config{URL: c.Twin, Instance: o.instance, Streams: o.streams, Log: c.Log}); err != nil {
		return ofConfig(err, twin.ErrURL)
	}
	return nil
}

// openIngest makes the ways that broadcasters come by.
func (o *Origin) openIngest() (err error) {
	c := &o.config
	if o.rtmp, err = rtmp.New(rtmp.Config{
		Addr: c.RTMPAddr, Secure: c.RTMPSAddr, CertFile: c.TLSCert, KeyFile: c.TLSKey,
		Authorize: o.keys.Stream, Streams: o.streams, Metrics: o.metrics, Log: c.Log,
	}); err != nil {
		return err
	}
	o.webrtc = rtc.New(rtc.Config{
		Addr: c.WebRTCAddr, PublicIPs: c.PublicIPs, Shed: o.metrics.Refusals.WithLabelValues(stream.RefusedLimit).Inc, Log: c.Log,
	})
	o.whip, err = whip.New(whip.Config{
		Port: o.webrtc, Keyframes: c.SegmentDuration, ICEServers: c.ICEServers,
		Authorize: o.keys.Stream, Streams: o.streams, Metrics: o.metrics, Log: c.Log,
	})
	return err
}

// openWHEP makes the way to watch here, unless there is to be none.
func (o *Origin) openWHEP() error {
	if o.config.WHEP == "off" {
		return nil
	}
	counted, err := whep.NewMetrics(o.config.Registry)
	if err != nil {
		return err
	}
	authorize := o.keys.Stream
	if o.config.WHEP == "open" {
		authorize = nil
	}
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		ffmpeg = "" // AAC is not heard then, and viewers are told why
	}
	o.whep, err = whep.New(whep.Config{
		Port: o.webrtc, ICEServers: o.config.ICEServers, Authorize: authorize, Streams: o.streams, Viewers: o.config.WHEPTotal, PerStream: o.config.WHEPViewers,
		FFmpeg: ffmpeg, Metrics: counted, Log: o.config.Log,
	})
	return err
}

// Listen takes the data directory and opens the RTMP port ahead of Run, for who must know before whether it can, and its number; both are given back when
// ctx is done.
func (o *Origin) Listen(ctx context.Context) error {
	free, err := lock(o.config.Data)
	if err != nil {
		return err
	}
	if n := sweep(o.config.Data, o.began); n > 0 {
		o.config.Log.Info("files that a killed process had half written are removed", "files", n)
	}
	ln, err := o.rtmp.Listen(ctx)
	if err != nil {
		return errors.Join(err, free())
	}
	o.port.Store(&port{ln, context.AfterFunc(ctx, func() { _, _ = ln.Close(), free() }), free})
	return nil
}

// Run listens for broadcasters until ctx is done. It returns when every broadcast is closed.
func (o *Origin) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.port.Load() == nil {
		if err := o.Listen(ctx); err != nil {
			return err
		}
	}
	ln := o.port.Load()
	if !ln.keep() {
		return nil // it was ended before it began
	}
	defer ln.free()
	secure, err := o.rtmp.ListenSecure(ctx)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	if err := o.webrtc.Listen(); err != nil {
		if secure != nil {
			err = errors.Join(err, secure.Close())
		}
		return errors.Join(err, ln.Close())
	}
	o.listening.Store(true)
	defer o.listening.Store(false)
	o.config.Log.Info("origin takes broadcasts", "rtmp", ln.Addr().String(), "rtmps", o.config.RTMPSAddr) // the port of WebRTC has said where it is

	hooked, unhook := context.WithCancel(context.WithoutCancel(ctx)) // they tell of the broadcasts that end now
	var told sync.WaitGroup
	told.Go(func() { o.hooks.Run(hooked) })
	defer told.Wait()
	defer unhook()
	var all sync.WaitGroup
	all.Go(func() { o.streams.Run(ctx) })
	all.Go(func() { o.whip.Run(ctx) })
	if o.twin != nil {
		all.Go(func() { o.twin.Run(ctx) })
	}
	all.Go(func() { o.watchKeys(ctx) })
	if secure != nil {
		all.Go(func() { _ = o.rtmp.Run(ctx, secure) }) // it ends early only where its listener is closed
	}
	if o.whep != nil {
		all.Go(func() { o.whep.Run(ctx) })
	}
	if o.archive != nil {
		all.Go(func() { o.archive.Run(ctx) })
	}
	if o.uploader != nil {
		all.Go(func() { o.uploader.Run(ctx) })
	}
	err = o.rtmp.Run(ctx, ln)
	cancel()
	all.Wait()
	return errors.Join(err, o.webrtc.Close())
}

// RTMPAddr returns the address that RTMP is taken on, nil before Listen or Run.
func (o *Origin) RTMPAddr() net.Addr {
	if ln := o.port.Load(); ln != nil {
		return ln.Addr()
	}
	return nil
}
