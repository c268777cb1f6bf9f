package ops

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// TestSilentOnesStreams: of the streams of a service that is silent nobody says that they are live, but when somebody did; nor does an edge, which goes on
// to tell what it has from there. Another that has one of them is believed.
func TestSilentOnesStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const demo = `{"name":"demo","state":"live"}`
		net := network{
			"a:1": {is: `["origin"]`, streams: `[` + demo + `,{"name":"old","state":"ended"}]`},
			"b:1": {is: `["origin"]`, streams: `[]`},
			"c:1": {is: `["edge"]`, streams: `[` + demo + `]`},
		}
		b := newBoard(t, Config{Own: &admin{is: `["tracker"]`, swarms: one("demo", 1)}, Others: []string{"c:1", "a:1", "b:1"}, Transport: net, Files: fstest.MapFS{}})
		began := time.Now()
		expect := func(when, want string) {
			t.Helper()
			var s state
			get(t, b, "/api/v1/ops", &s)
			got := ""
			for _, text := range s.Streams {
				got += string(text) + " "
			}
			for _, one := range s.Unknown {
				got += fmt.Sprintf("%s after %v ", one.Stream, one.At.Sub(began))
			}
			if got = strings.TrimSpace(got); got != want {
				t.Errorf("%s: %s, want %s", when, got, want)
			}
		}
		expect("all answer", demo+` {"name":"old","state":"ended"}`)
		net["a:1"].dead = true
		time.Sleep(5 * time.Second)
		const gone = demo + ` after 0s {"name":"old","state":"ended"} after 0s`
		expect("its edge goes on", gone)
		time.Sleep(10 * time.Second)
		net["c:1"].streams = ""
		expect("so does the edge end", gone)
		net["b:1"].streams = `[` + demo + `]`
		time.Sleep(10 * time.Second)
		expect("another origin has it", demo+` {"name":"old","state":"ended"} after 0s`)
		net["b:1"].streams = `[]`
		time.Sleep(10 * time.Second)
		expect("and has it no more", gone)
		net["b:1"].dead = true
		time.Sleep(time.Until(began.Add(time.Hour)))
		expect("nobody tells", gone)
		time.Sleep(10 * time.Second)
		expect("nor for an hour", "")
		net["a:1"].dead, net["a:1"].streams = false, `[{"name":"demo","state":"interrupted"}]`
		time.Sleep(10 * time.Second)
		expect("it is back", `{"name":"demo","state":"interrupted"}`)
	})
}
