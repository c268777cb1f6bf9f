package rtmp

import (
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin/stream"
	"github.com/shoal-live/shoal/origin/testclip"
)

// TestUnpublishOpen: who says that it is over, and keeps the connection open, is understood at once, though what comes in little
// pieces is read together; and after a pause it is heard as before.
//
// Clause: rtmp-unpublish
func TestUnpublishOpen(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (*house, *caster){
		"RTMP": func(t *testing.T) (*house, *caster) { h := open(t); return h, h.cast(t) },
		"RTMPS": func(t *testing.T) (*house, *caster) {
			h, dial := openSecure(t)
			b, _ := h.greet(t, dial(), "live", "secret")
			return h, b
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it is mostly waiting
			h, b := open(t)
			d := clipDress()
			b.begin(d)
			tick := time.NewTicker(testclip.Interval / 8)
			defer tick.Stop()
			for n := range 180 {
				at := time.Duration(n) * testclip.Interval
				b.play(d, at, at+testclip.Interval)
				<-tick.C
				if n == 90 {
					pausing := time.NewTimer(2 * rest)
					<-pausing.C
				}
			}
			began := time.Now()
			b.write(ask("FCUnpublish", float64(6), nil, "secret"))
			h.described(t, "interrupted", func(d stream.Description) bool { return d.State == stream.Interrupted && d.LastMSN >= 2 })
			if took := time.Since(began); took > silence/2 { // so long it would take if the silence had to tell
				t.Errorf("it took %v", took)
			}
		})
	}
}
