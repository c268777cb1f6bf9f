package rtc

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
)

// TestAside: what pion takes for an error stands in our log's words, and only where debug is wanted.
func TestAside(t *testing.T) {
	for level, want := range map[slog.Level]int{slog.LevelDebug: 1, slog.LevelInfo: 0} {
		var out bytes.Buffer
		log := Aside{Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level}))}
		said := log.NewLogger("twcc_sender_interceptor")
		said.Infof("nothing of interest")
		said.Errorf("failed: %v", io.ErrClosedPipe)
		s := out.String()
		if strings.Count(s, "\n") != want || strings.Count(s, `msg="webrtc: pion" scope=twcc_sender_interceptor says="failed: io: read/write on closed pipe"`) != want {
			t.Errorf("at %v: %q", level, s)
		}
	}
}
