package tracker

import (
	"bufio"
	"net"
	"testing"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// BenchmarkKillSwitch turns P2P off for 5,000 viewers in cells on real sockets, and reports how long it takes until the change is
// answered, and until the last of them has been told.
func BenchmarkKillSwitch(b *testing.B) {
	const viewers = 5000
	w := loadTracker(b)
	for b.Loop() {
		conns := make([]net.Conn, viewers)
		for i := range conns {
			conns[i] = w.rawViewer(b)
		}
		w.awaitViewers(viewers)
		time.Sleep(4 * tick) // the last deltas
		began := time.Now()
		w.set(func(c *Control) { c.P2P = false })
		answered := time.Since(began)
		for _, c := range conns {
			awaitOff(b, c)
		}
		b.ReportMetric(answered.Seconds()*1000, "ms-answered")
		b.ReportMetric(time.Since(began).Seconds()*1000, "ms-all-told")
		for _, c := range conns {
			c.Close()
		}
		w.set(func(c *Control) { c.P2P = true })
		for w.tracker.Streams()[0].Viewers > 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// awaitOff reads a viewer's messages up to the Control that takes it out.
func awaitOff(b *testing.B, conn net.Conn) {
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReaderSize(conn, 4<<10)
	for {
		kind, err := nextKind(r)
		if err != nil {
			b.Fatal("not told:", err)
		}
		if kind == wire.TypeControl {
			return
		}
	}
}
