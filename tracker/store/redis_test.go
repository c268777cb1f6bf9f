package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/tracker/store"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

// When a replica takes over from a master of a Cluster, asked to or since the master died, the lease is whose it was, and what is sent
// to a tracker that listened there arrives.
func TestClusterFailsOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		take func(master, replica *redistest.Server)
	}{
		{"asked to", func(_, replica *redistest.Server) { replica.FailOver() }},
		{"killed", func(master, replica *redistest.Server) {
			master.Kill()
			replica.AwaitMaster()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, masters := redistest.StartCluster(t)
			replicas := redistest.AddReplicas(t, masters)
			open := opener(t, url)
			inbox := listener(t, open(), "{stream}") // with the lease
			s := open()
			hold(t, s, "a", long, claims(true, "{stream}"))
			at := slices.Index(masters, redistest.Holding(t, masters, "shoal:lease:{stream}"))
			redistest.Holding(t, replicas[at:at+1], "shoal:lease:{stream}") // it has it too
			c.take(masters[at], replicas[at])
			for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
				if holders, err := held(s, "b", long, claims(true, "{stream}")); err == nil && holders[0] != "a" {
					t.Fatalf("the lease is %q's", holders[0])
				}
				s.Send(context.Background(), []store.Letter{{To: "{stream}", Message: []byte("here")}})
				select {
				case <-inbox:
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
			t.Fatal("nothing arrives any more")
		})
	}
}

// A server that freezes or dies ends neither the process nor its listening: what is sent after it is back arrives.
func TestRedisComesBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		away, back func(*redistest.Server)
	}{
		{"killed", (*redistest.Server).Kill, (*redistest.Server).Restart},
		{"frozen", (*redistest.Server).Freeze, (*redistest.Server).Thaw},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			s := opener(t, server.URL())()
			inbox := listener(t, s, "patient")
			c.away(server)
			failures := 0
			for failures < 3 {
				if s.Send(context.Background(), []store.Letter{{To: "patient", Message: []byte("lost")}})[0].Err != nil {
					failures++
				}
			}
			c.back(server)
			deadline := time.Now().Add(20 * time.Second)
			for time.Now().Before(deadline) {
				s.Send(context.Background(), []store.Letter{{To: "patient", Message: []byte("here")}})
				select {
				case m := <-inbox:
					if string(m) == "here" {
						return
					}
				case <-time.After(50 * time.Millisecond):
				}
			}
			t.Fatal("nothing arrives any more")
		})
	}
}

// When the slot of an inbox moves to another server of a Cluster, its tracker listens there.
func TestClusterMovesAnInbox(t *testing.T) {
	t.Parallel()
	url, masters := redistest.StartCluster(t)
	open := opener(t, url)
	inbox := listener(t, open(), "moved")
	redistest.Move(t, masters, "shoal:inbox:moved")
	sender := open()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		sender.Send(context.Background(), []store.Letter{{To: "moved", Message: []byte("here")}})
		select {
		case <-inbox:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("nothing arrives any more")
}

// When the master dies, the replica that the Sentinel makes master holds and carries for it.
func TestSentinelFailsOver(t *testing.T) {
	t.Parallel()
	url, master, _ := redistest.StartSentinel(t)
	s := opener(t, url)()
	inbox := listener(t, s, "moved")
	hold(t, s, "a", long, claims(true, "stream"))
	master.Kill()
	deadline := time.Now().Add(40 * time.Second)
	failed := 0
	for time.Now().Before(deadline) {
		holders, err := held(s, "a", long, claims(true, "stream"))
		if err != nil {
			failed++
			continue
		}
		if holders[0] != "a" {
			t.Fatalf("the lease is %q's", holders[0])
		}
		s.Send(context.Background(), []store.Letter{{To: "moved", Message: []byte("here")}})
		select {
		case <-inbox:
			if failed == 0 {
				t.Error("the master was not missed: no fault was injected")
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("the replica never took over")
}

func TestURLs(t *testing.T) {
	for _, c := range []struct {
		url string
		ok  bool
	}{
		{"redis://127.0.0.1:6379", true},
		{"redis://user:secret@127.0.0.1:6379/2", true},
		{"rediss://redis.example", true},
		{"redis-sentinel://a:1,b:2/swarm", true},
		{"redis-sentinel://a:1,b:2", false},
		{"redis-cluster://a:1,b", true},
		{"redis-cluster://a:1/2", false},
		{"127.0.0.1:6379", false},
		{"http://127.0.0.1", false},
		{"redis://127.0.0.1:6379?db=3", false},
		{"rediss://127.0.0.1:6379?skip_verify=true", false},
		{"redis-cluster://a:1,b:2?addr=c:3", false},
		{"", false},
	} {
		s, err := store.OpenRedis(c.url)
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.url, err)
		}
		if err == nil {
			s.Close()
		}
	}
	if _, err := store.OpenRedis("redis://me:hunter2@host/notanumber"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("an error that must not show the password: %v", err)
	}
}
