// Command trackers tries several trackers of one swarm against faults: it runs real shoal trackers over a real redis-server,
// has viewers join, takes away one thing after the other, and looks at what the viewers are told.
//
// The viewers are sockets that do what a player's does: they keep their rosters, answer pings, and come back to another
// tracker when theirs is gone, after 0.2 to 1 s. Nothing of media is in it. A swarm is whole when every viewer is in a
// cell, all members of each cell were told the same, and nobody is in it who is not there.
//
// It prints one line a fault and, with -json, one object last; it ends with status 1 when a bound does not hold.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/shoal-live/shoal/tracker/store/redistest"
)

func main() {
	program := flag.String("shoal", "bin/shoal", "the program")
	viewers := flag.Int("viewers", 3000, "viewers")
	away := flag.Duration("away", 30*time.Second, "how long Redis is away")
	only := flag.String("only", "", "of the faults those whose names hold this text")
	asJSON := flag.Bool("json", false, "print one JSON object last")
	flag.Parse()
	os.Exit(run(*program, *viewers, *away, *only, *asJSON))
}

// result is what a fault did.
type result struct {
	Fault          string    `json:"fault"`
	Faults         int       `json:"faults"`                   // injected; none while the viewers join
	FewestPeers    float64   `json:"fewestPeers"`              // of any viewer while it lasted, as a share of before
	BackSeconds    float64   `json:"backSeconds"`              // until all viewers had a socket again
	WholeSeconds   float64   `json:"wholeSeconds"`             // until the swarm was whole, from when the fault was over
	Joins          int       `json:"joins"`                    // of newcomers while it lasted
	JoinsFailed    int       `json:"joinsFailed"`              // no roster within 4 s
	JoinP99Millis  float64   `json:"joinP99Millis"`            // until the roster came
	Introduced     float64   `json:"introducedShare"`          // of signals between viewers of two trackers, after it
	Bound          string    `json:"bound,omitempty"`          // what did not hold
	TrackerSeconds []float64 `json:"trackerSeconds,omitempty"` // of a processor, that each tracker had used
}

func run(program string, viewers int, away time.Duration, only string, asJSON bool) (status int) {
	l := &life{}
	defer l.end()
	defer func() {
		if f, ok := recover().(failure); ok {
			fmt.Fprintln(os.Stderr, "trackers:", string(f))
			status = 1
		}
	}()
	var results []result
	note := func(r result) {
		results = append(results, r)
		fmt.Printf("%-28s %d faults  peers kept %3.0f %%  back %4.1f s  whole %4.1f s  joins %d, failed %d, p99 %4.0f ms  introduced %.3f  %s\n",
			r.Fault, r.Faults, 100*r.FewestPeers, r.BackSeconds, r.WholeSeconds, r.Joins, r.JoinsFailed, r.JoinP99Millis, r.Introduced, r.Bound)
		if r.TrackerSeconds != nil {
			fmt.Printf("%28s seconds of a processor: %.2f\n", "", r.TrackerSeconds)
		}
		if r.Bound != "" {
			status = 1
		}
	}
	wanted := func(name string) bool { return strings.Contains(name, only) }
	onOneServer(l, program, viewers, away, wanted, note)
	if name := "sentinel failover"; wanted(name) {
		note(behindSentinels(name, l, program, viewers))
	}
	onCluster(l, program, viewers, away, wanted, note)
	onReplicas(l, program, viewers, wanted, note)
	if asJSON {
		json.NewEncoder(os.Stdout).Encode(map[string]any{"viewers": viewers, "trackers": 3, "faults": results})
	}
	return status
}

// fault is one that is done to a swarm.
type fault struct {
	name string
	do   func(name string) result
}

func onOneServer(l *life, program string, viewers int, away time.Duration, wanted func(string) bool, note func(result)) {
	server := redistest.Start(l)
	s := newSwarm(l, program, []string{server.URL(), server.URL(), server.URL()}, viewers)
	defer s.close()
	note(s.joined("joined"))
	for _, f := range []fault{
		{"FLUSHALL, ten times", func(name string) result { return s.flushed(name, server) }},
		{"redis killed", func(name string) result { return s.redisAway(name, away, server.Kill, server.Restart) }},
		{"redis frozen", func(name string) result { return s.redisAway(name, away, server.Freeze, server.Thaw) }},
		{"two trackers cut off", func(name string) result { return s.redisAway(name, away, s.cut(0, 1), s.heal(0, 1)) }},
		{"SIGTERM of the keeper", s.drained},
		{"kill -9 of the keeper", s.killed},
	} {
		if wanted(f.name) {
			note(f.do(f.name))
		}
	}
}

func behindSentinels(name string, l *life, program string, viewers int) result {
	url, master, _ := redistest.StartSentinel(l)
	s := newSwarm(l, program, []string{url, url, url}, viewers)
	defer s.close()
	s.joined("")
	return s.redisAway(name, 15*time.Second, master.Kill, func() {})
}

func onCluster(l *life, program string, viewers int, away time.Duration, wanted func(string) bool, note func(result)) {
	other, leased := "cluster master frozen", "cluster master with the lease frozen"
	if !wanted(other) && !wanted(leased) {
		return
	}
	url, masters := redistest.StartCluster(l)
	s := newSwarm(l, program, []string{url, url, url}, viewers)
	defer s.close()
	note(s.joined("cluster, joined"))
	holder := redistest.Holding(l, masters, "shoal:lease:demo")
	for _, m := range masters {
		name := other
		if m == holder {
			name = leased
		}
		if wanted(name) {
			note(s.redisAway(name, away, m.Freeze, m.Thaw))
		}
	}
}

// onReplicas has replicas of a Cluster take over from their masters: each in turn by request, then the one of the master that has the lease, when
// that is killed.
func onReplicas(l *life, program string, viewers int, wanted func(string) bool, note func(result)) {
	asked, killed := "cluster failover, three times", "cluster master with the lease killed"
	if !wanted(asked) && !wanted(killed) {
		return
	}
	url, masters := redistest.StartCluster(l)
	replicas := redistest.AddReplicas(l, masters)
	s := newSwarm(l, program, []string{url, url, url}, viewers)
	defer s.close()
	note(s.joined("cluster with replicas, joined"))
	if wanted(asked) {
		note(s.failedOver(asked, func() (faults int) {
			for i, r := range replicas {
				r.FailOver()
				faults++
				masters[i], replicas[i] = r, masters[i]
				time.Sleep(5 * time.Second)
			}
			return faults
		}))
	}
	if wanted(killed) {
		at := slices.Index(masters, redistest.Holding(l, masters, "shoal:lease:demo"))
		note(s.failedOver(killed, func() int {
			masters[at].Kill()
			replicas[at].AwaitMaster()
			time.Sleep(5 * time.Second)
			return 1
		}))
	}
}
