package transcode

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestProgress runs scripts: "MILLIS in PTS", "MILLIS more", "MILLIS out RUNG CLOCK = PTS" (or "= none"), "MILLIS judge VERDICT LAG".
func TestProgress(t *testing.T) {
	for name, script := range map[string]string{
		"it begins slowly and catches up": `
			0 in 1000
			33 in 1033
			1000 more
			2000 more
			3000 more
			4000 more
			5000 more
			6000 more
			7000 more
			8000 more
			9000 more
			9000 judge fine 9000
			9100 out 0 1000 = 1000
			9100 out 1 1000 = 1000
			9110 out 0 1033 = 1033
			9110 judge late 9077
			9120 out 1 1033 = 1033
			9130 judge fine 0`,
		"it never begins": `
			0 in 1000
			1000 more
			2000 more
			3000 more
			4000 more
			5000 more
			6000 more
			7000 more
			8000 more
			9000 more
			9999 judge fine 9999
			10000 more
			10001 judge hung 10001`,
		"with nothing to do it is not hung": `
			0 in 1000
			10 out 0 1000 = 1000
			10 out 1 1000 = 1000
			60000 judge fine 0`,
		"it stops": `
			0 in 1000
			100 out 0 1000 = 1000
			100 out 1 1000 = 1000
			6000 in 7000
			7000 more
			8000 more
			9000 more
			8900 judge late 2900
			9001 judge hung 3001`,
		"the source pauses, with pictures that wait for the next ones": `
			0 in 1000
			100 out 0 1000 = 1000
			100 out 1 1000 = 1000
			6000 in 7000
			6010 in 7033
			6500 judge fine 500
			60000 judge fine 1010
			70000 in 7066
			70000 judge fine 0
			70250 judge fine 250
			71000 more
			72000 more
			72900 judge late 2900
			73000 more
			73001 judge hung 3001`,
		"one rung is behind for long": `
			0 in 1000
			50 out 0 1000 = 1000
			50 out 1 1000 = 1000
			6000 in 7000
			6050 out 0 7000 = 7000
			7000 more
			8000 more
			8100 in 9100
			8100 judge late 2100
			8150 out 0 9100 = 9100
			9000 more
			10000 more
			10100 in 11100
			10150 out 0 11100 = 11100
			11000 more
			12000 more
			12099 judge late 6099
			12100 judge slow 6100`,
		"a hiccup is forgiven": `
			0 in 1000
			50 out 0 1000 = 1000
			50 out 1 1000 = 1000
			6000 in 7000
			7000 more
			8000 more
			8200 judge late 2200
			8900 out 0 7000 = 7000
			8900 out 1 7000 = 7000
			8950 judge fine 0
			9000 in 10000
			10000 more
			11000 more
			11100 judge late 2100
			11200 out 0 10000 = 10000
			11950 judge late 2950
			11955 more
			11960 out 1 10000 = 10000
			13200 judge fine 0`,
		"pictures come in the order they are shown": `
			0 in 1000
			0 in 1100
			0 in 1033
			0 in 1066
			50 out 0 1000 = 1000
			50 out 0 1033 = 1033
			50 out 0 1066 = 1066
			50 out 0 1100 = 1100
			50 out 0 1100 = none
			50 judge fine 50
			60 out 1 1100 = 1100
			60 judge fine 0`,
		"a picture of nothing that went in": `
			0 in 1000
			50 out 0 1500 = none
			50 out 0 998 = none
			50 out 0 999 = 1000`,
		"the clock goes round": `
			0 in 2147483647
			0 in 2147483680
			50 out 0 0 = 2147483647
			50 out 0 32 = 2147483680`,
	} {
		t.Run(name, func(t *testing.T) {
			zero := time.Unix(1_000_000, 0)
			p := newProgress(usual(), 2, zero)
			for line := range strings.Lines(strings.TrimSpace(script)) {
				var at, pts, rung, clock int64
				var word, rest string
				if _, err := fmt.Sscan(line, &at, &word); err != nil {
					t.Fatal(line, err)
				}
				rest = strings.TrimSpace(line)
				now := zero.Add(time.Duration(at) * time.Millisecond)
				got := rest
				switch word {
				case "in":
					fmt.Sscanf(rest, "%d in %d", &at, &pts)
					p.in(time.Duration(pts)*time.Millisecond, now)
				case "more":
					p.more(now)
				case "out":
					fmt.Sscanf(rest, "%d out %d %d", &at, &rung, &clock)
					got = fmt.Sprintf("%d out %d %d = none", at, rung, clock)
					if shown, ok := p.out(int(rung), uint32(clock), now); ok {
						got = fmt.Sprintf("%d out %d %d = %d", at, rung, clock, shown.Milliseconds())
					}
				case "judge":
					got = fmt.Sprintf("%d judge %s %d", at, []string{"fine", "late", "slow", "hung"}[p.judge(now)], p.lag(now).Milliseconds())
				}
				if got != rest {
					t.Fatalf("%q, want %q", got, rest)
				}
			}
		})
	}
}

func TestProgressIsBounded(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	p := newProgress(usual(), 1, now)
	for i := range 3 * maxPending {
		p.in(time.Duration(i)*time.Second, now)
	}
	if len(p.pending) != maxPending {
		t.Error(len(p.pending))
	}
}
