package sim

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the reports of testdata anew")

func play(t *testing.T, c Config) Report {
	t.Helper()
	r, err := Run(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encode(t *testing.T, r Report) []byte {
	t.Helper()
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// TestReports compares small runs with what they were before. Whoever changes the scheduler, the cells or the world
// changes them: run `go test ./swarm/sim -update` and read the difference.
func TestReports(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			got := encode(t, play(t, Config{Viewers: 16, Seed: 7, Seconds: 20, Scenario: s.Name}))
			file := filepath.Join("testdata", s.Name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("not as in %s; if the change is meant, run go test ./swarm/sim -update\n%s", file, got)
			}
		})
	}
}

func TestSameSeedSameReport(t *testing.T) {
	c := Config{Viewers: 30, Seed: 3, Seconds: 10, Scenario: "churn"}
	first, second := encode(t, play(t, c)), encode(t, play(t, c))
	if !bytes.Equal(first, second) {
		t.Errorf("two runs differ:\n%s\n%s", first, second)
	}
	c.Seed++
	if bytes.Equal(first, encode(t, play(t, c))) {
		t.Error("another seed made no difference")
	}
}

// TestLaws are what must hold in every world, whatever the scheduler does.
func TestLaws(t *testing.T) {
	worlds := Scenarios()
	for _, s := range Scenarios() {
		if !s.Kept {
			worlds = append(worlds, s.but(s.Name+"-kept-", "", func(s *Scenario) { s.Kept = true }))
		}
	}
	for _, s := range worlds {
		for seed := uint64(1); seed <= 3; seed++ {
			t.Run(fmt.Sprint(s.Name, seed), func(t *testing.T) {
				w := newWorld(s, 20, 15, seed, true)
				w.run()
				r := w.report(Config{Viewers: 20, Seconds: 15})
				if r.BadBytesPlayed != 0 || r.BadBytesRelayed != 0 {
					t.Errorf("%d unverified bytes played, %d passed on", r.BadBytesPlayed, r.BadBytesRelayed)
				}
				if s.Polluter > 0 && r.BadBytesSent == 0 && seed == 1 {
					t.Error("no polluter polluted: the test tests nothing")
				}
				if s.Liar > 0 && r.Withheld == 0 && seed == 1 {
					t.Error("no liar lied: the test tests nothing")
				}
				if r.unheld != 0 {
					t.Errorf("%d actions on what the viewer does not hold", r.unheld)
				}
				if r.NotPlaying != 0 {
					t.Errorf("%d viewers never saw a picture", r.NotPlaying)
				}
				control := newWorld(s, 20, 15, seed, false)
				control.run()
				c := control.report(Config{Viewers: 20, Seconds: 15})
				if r.Stalls > c.Stalls {
					t.Errorf("%d stalls with peers, %d without", r.Stalls, c.Stalls)
				}
				if c.DuplicateRatio != 0 {
					t.Error("who has no peers asked for the same twice")
				}
				w.checkMemory(t)
			})
		}
	}
}

// checkMemory looks at what the viewers hold at the end.
func (w *world) checkMemory(t *testing.T) {
	t.Helper()
	for _, v := range w.viewers {
		// 30 s are kept for peers, and a playlist's length on top.
		if most := 30*3 + 2*window; v.chunks.n > most {
			t.Errorf("viewer %d holds %d chunks, want at most %d", v.id, v.chunks.n, most)
		}
		if v.parkedN > parkedBytes {
			t.Errorf("viewer %d parks %d bytes", v.id, v.parkedN)
		}
		for _, h := range v.halves.all() {
			if h.queued > sendLimit+64<<10 {
				t.Errorf("viewer %d has %d bytes on the way to one peer", v.id, h.queued)
			}
		}
		if n := v.halves.n; n > 64 {
			t.Errorf("viewer %d has %d links", v.id, n)
		}
	}
}

// TestPlenty is the world in which nothing is in the way: there the swarm must reach what arithmetic allows.
func TestPlenty(t *testing.T) {
	plenty := steady.but("plenty", "", func(s *Scenario) {
		s.Uplink, s.UplinkSigma, s.ToldSigma, s.Unreachable, s.Metered, s.Loss = 50, 0, 0, 0, 0, 0
	})
	for _, n := range []int{2, 8, 24} {
		r := play(t, Config{Viewers: n, Seed: 7, Seconds: 20, World: &plenty})
		if r.Offload < 0.98*r.Ceiling || r.Copies > 1.1 || r.Stalls > 0 {
			t.Errorf("%d viewers: offload %g of %g, %g copies, %d stalls", n, r.Offload, r.Ceiling, r.Copies, r.Stalls)
		}
	}
}

// TestTight is the world in which uplinks do not suffice: what they can carry they carry, and nobody waits for the rest.
func TestTight(t *testing.T) {
	for _, n := range []int{12, 24, 50} {
		for seed := uint64(1); seed <= 4; seed++ {
			w := newWorld(scenarios[1], n, 30, seed, true)
			w.run()
			if r := w.report(Config{Viewers: n, Seconds: 30}); r.Offload < 0.6 || r.Stalls > 0 {
				t.Errorf("%d viewers, seed %d: offload %g, %d stalls", n, seed, r.Offload, r.Stalls)
			}
		}
	}
}

// TestKillSwitch turns P2P off in the middle of the stream. Nobody stalls, two seconds later nothing goes between peers, and the
// edge alone carries all; and when it is on again, peers carry again.
func TestKillSwitch(t *testing.T) {
	s, err := scenario("switch")
	if err != nil {
		t.Fatal(err)
	}
	sent := func(at int) (bytes uint64, stalls int) {
		w := newWorld(s, 24, at-s.Warmup, 7, true)
		w.run()
		for _, v := range w.viewers {
			bytes += v.core.Stats().BytesToPeers
		}
		return bytes, w.report(Config{Viewers: 24, Seconds: at - s.Warmup}).Stalls
	}
	before, _ := sent(s.Off)
	quiet, _ := sent(s.Off + 2)
	still, stalls := sent(s.On)
	after, stallsAfter := sent(s.On + 20)
	if before == 0 || quiet != still || after <= still || stalls+stallsAfter != 0 {
		t.Errorf("to peers: %d bytes before, %d until 2 s after P2P was turned off, %d until it was turned on, %d after 20 s more; %d and %d stalls",
			before, quiet, still, after, stalls, stallsAfter)
	}
}

// TestUploadIsBounded: nobody sends faster to peers than the operator allows, though all have more and are asked for more; the
// edge brings the rest.
func TestUploadIsBounded(t *testing.T) {
	for _, bound := range []float64{0.1, 0.25, 0.5, 1} {
		s := steady.but("bound", "", func(s *Scenario) { s.Bound = bound })
		w := newWorld(s, 24, 30, 7, true)
		w.run()
		most := bound * float64(s.Bitrate) / 8 * float64(s.Warmup+30)
		worst, all := 0.0, 0.0
		for _, v := range w.viewers {
			used := float64(v.core.Stats().BytesToPeers) / most
			worst, all = max(worst, used), all+used
		}
		r := w.report(Config{Viewers: 24, Seconds: 30})
		t.Logf("bound %g: used in the mean %.2f, at most %.2f; offload %.3f, %d stalls", bound, all/24, worst, r.Offload, r.Stalls)
		if worst > 1 || all == 0 || r.Stalls > 0 {
			t.Errorf("bound %g: a viewer sent %.2f of what it might, all %.2f in the mean, with %d stalls", bound, worst, all/24, r.Stalls)
		}
	}
}

func TestRefusesWhatCannotBePlayed(t *testing.T) {
	for name, c := range map[string]Config{
		"scenario": {Scenario: "no such"}, "viewers": {Viewers: -1}, "seconds": {Seconds: 1},
	} {
		if _, err := Run(c); err == nil {
			t.Errorf("%s: no error for %+v", name, c)
		}
	}
}

func BenchmarkSteady200(b *testing.B) {
	for b.Loop() {
		if _, err := Run(Config{Viewers: 200, Seed: 7, Seconds: 60}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleRun() {
	r, err := Run(Config{Viewers: 8, Seed: 1, Seconds: 5})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Scenario, r.Viewers, "viewers, ceiling", r.Ceiling, "bad bytes played:", r.BadBytesPlayed)
	// Output: steady 8 viewers, ceiling 0.875 bad bytes played: 0
}
