package stream

import (
	"strings"
	"testing"
	"time"
)

// TestVariantsAreControlledAlike: a player may change from one variant to another at any time, and finds the same server control, target
// duration and part target there.
//
// Clause: hls-server-control, hls-target
func TestVariantsAreControlledAlike(t *testing.T) {
	for name, c := range map[string]struct {
		config func(*Config)
		tags   int
		want   string
	}{
		"as usual": {func(*Config) {}, 3, "#EXT-X-SERVER-CONTROL:HOLD-BACK=6.00000,PART-HOLD-BACK=1.00200,CAN-BLOCK-RELOAD=YES\n"},
		"a window of hours": {func(c *Config) { c.WindowSegments, c.InMemory = 3600, 10 }, 3,
			"#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=26.00000,HOLD-BACK=6.00000,PART-HOLD-BACK=1.00200,CAN-BLOCK-RELOAD=YES\n"},
		"plain": {func(c *Config) { c.Plain = true }, 2, "#EXT-X-SERVER-CONTROL:HOLD-BACK=6.00000,CAN-BLOCK-RELOAD=YES\n"},
	} {
		t.Run(name, func(t *testing.T) {
			all := newStreams(t, t.TempDir())
			c.config(&all.config)
			s := publish(t, all, "demo")
			e := newEcho(t, s, 1, 2)
			broadcast(t, s, 0, 9*time.Second, e.run)
			e.follow(s, 2) // one that comes later
			broadcast(t, s, 9*time.Second, 13*time.Second, e.run)
			source := control(s.Stream(), 0)
			if strings.Count(source, "\n") != c.tags || !strings.Contains(source, c.want) || !strings.Contains(source, "#EXT-X-TARGETDURATION:2\n") {
				t.Errorf("the source has\n%s", source)
			}
			for _, index := range []int{1, 2} {
				if got := control(s.Stream(), index); got != source {
					t.Errorf("rendition %d has\n%snot\n%s", index, got, source)
				}
			}
			s.Close()
		})
	}
}

// control returns the lines of a rendition's playlist that must be those of the others.
func control(st *Stream, index int) string {
	v, _ := st.Window(index).View()
	text, _ := v.Playlist()
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		for _, tag := range []string{"#EXT-X-SERVER-CONTROL:", "#EXT-X-TARGETDURATION:", "#EXT-X-PART-INF:"} {
			if strings.HasPrefix(line, tag) {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}
