package sim

import (
	"os"
	"testing"
	"time"
)

func TestTry(t *testing.T) {
	name := os.Getenv("SCENARIO")
	for _, s := range Scenarios() {
		if name != "" && name != s.Name {
			continue
		}
		begun := time.Now()
		r, err := Run(Config{Viewers: 24, Seed: 7, Seconds: 60, Scenario: s.Name})
		if err != nil {
			t.Fatal(err)
		}
		r.Table(os.Stdout)
		t.Logf("%s: %v, %d events, %d frames, unheld %d, dropped %d, parkedLost %d, cut %v, control events %d unheld %d notplaying %d left %d badsent %d", s.Name, time.Since(begun), r.events, r.frames, r.unheld, r.dropped, r.parkedLost, r.cut, r.Control.events, r.Control.unheld, r.NotPlaying, r.Left, r.BadBytesSent)
	}
}
