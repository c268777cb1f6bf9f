package origin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shoal-live/shoal/origin/rtc"
	"github.com/shoal-live/shoal/origin/rtmp"
	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/whep"
	"github.com/shoal-live/shoal/origin/whip"
)

// Origin takes broadcasts and serves them as LL-HLS.
type Origin struct {
	// static
	config  Config
	keys    *Keys
	metrics *stream.Metrics
	streams *stream.Streams
	rtmp    *rtmp.Server
	webrtc  *rtc.Port
	whip    *whip.Endpoint
	whep    *whep.Endpoint // nil: off
	mux     *http.ServeMux

	listening atomic.Bool
	port      atomic.Pointer[port] // RTMP's, once open

	mu      sync.Mutex
	checked time.Time // when the disk was tried last ...
	disk    error     // ... and with what outcome
}

// port is a listener that closes with the context it was opened in, unless keep is called before and returns true.
type port struct {
	net.Listener
	keep func() bool
}

// diskCheck is how long an outcome holds: anybody may ask whether the origin is ready, as often as they like.
const diskCheck = 2 * time.Second

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
	o := &Origin{config: config, keys: keys, metrics: metrics}
	all := config.streams()
	all.Live = o.beside
	o.streams = stream.New(all, metrics, config.Log)
	o.rtmp = rtmp.New(rtmp.Config{
		Addr: config.RTMPAddr, Authorize: keys.Stream, Streams: o.streams, Metrics: metrics, Log: config.Log,
	})
	o.webrtc = rtc.New(rtc.Config{
		Addr: config.WebRTCAddr, PublicIPs: config.PublicIPs, Shed: metrics.Refusals.WithLabelValues(stream.RefusedLimit).Inc, Log: config.Log,
	})
	if o.whip, err = whip.New(whip.Config{
		Port: o.webrtc, Keyframes: config.SegmentDuration, ICEServers: config.ICEServers,
		Authorize: keys.Stream, Streams: o.streams, Metrics: metrics, Log: config.Log,
	}); err != nil {
		return nil, err
	}
	if err := o.openWHEP(); err != nil {
		return nil, err
	}
	o.mux = o.routes()
	return o, nil
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

// beside does what goes with a broadcast until it ends.
func (o *Origin) beside(ctx context.Context, st *stream.Stream) {
	if o.whep != nil {
		o.whep.Live(ctx, st)
	}
}

// Listen opens the RTMP port ahead of Run, for who must know its number before; it closes when ctx is done.
func (o *Origin) Listen(ctx context.Context) error {
	ln, err := o.rtmp.Listen(ctx)
	if err != nil {
		return err
	}
	o.port.Store(&port{ln, context.AfterFunc(ctx, func() { _ = ln.Close() })})
	return nil
}

// Run listens for broadcasters until ctx is done. It returns when every broadcast is closed.
func (o *Origin) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	release, err := lock(o.config.Data)
	if err != nil {
		return err
	}
	defer release()
	if o.port.Load() == nil {
		if err := o.Listen(ctx); err != nil {
			return err
		}
	}
	ln := o.port.Load()
	if !ln.keep() {
		return nil // it was ended before it began
	}
	if err := o.webrtc.Listen(); err != nil {
		return errors.Join(err, ln.Close())
	}
	o.listening.Store(true)
	defer o.listening.Store(false)
	o.config.Log.Info("origin takes broadcasts", "rtmp", ln.Addr().String()) // the port of WebRTC has said where it is

	var all sync.WaitGroup
	all.Go(func() { o.streams.Run(ctx) })
	all.Go(func() { o.whip.Run(ctx) })
	if o.whep != nil {
		all.Go(func() { o.whep.Run(ctx) })
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

// Ready tells why the origin cannot take broadcasts, or nil. A disk that fills up shows within diskCheck.
func (o *Origin) Ready() error {
	if !o.listening.Load() {
		return errors.New("origin: not listening for broadcasters")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := time.Now(); o.checked.IsZero() || now.Sub(o.checked) >= diskCheck {
		o.checked, o.disk = now, o.tryDisk()
	}
	return o.disk
}

func (o *Origin) tryDisk() error {
	if err := os.MkdirAll(o.config.Data, 0o700); err != nil {
		return fmt.Errorf("origin: data: %w", err)
	}
	f, err := os.CreateTemp(o.config.Data, ".ready-*")
	if err != nil {
		return fmt.Errorf("origin: data: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
