// Package redistest runs real redis-servers for tests: one alone, three masters as a Cluster, or a master and a replica
// watched by a Sentinel. Each has a loopback port and a folder of its own, and ends with the test.
package redistest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// startWithin is how long a server may take to come up, on a machine that has much else to do.
const startWithin = 20 * time.Second

// Ports lie below those that the kernel gives to whoever connects, or listens at any: of these one may be taken before a server binds it,
// or while it is killed.
const firstPort, lastPort = 10000, 20000

// given are the addresses that this process has handed out: none twice, for of tests that run at the same time one may not listen yet, or be
// killed for a moment.
var given sync.Map

// Life is what a server lives in: a test, or a program that measures.
type Life interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Skip(...any) // when redis-server is missing
	TempDir() string
	Cleanup(func())
}

// Server is one redis-server.
type Server struct {
	Addr string

	t       Life
	args    []string
	folder  string
	running *exec.Cmd
}

// Start runs a server alone. Without the program the test is skipped: scripts/test installs it.
func Start(t Life) *Server {
	t.Helper()
	return start(t, nil)
}

func start(t Life, args []string) *Server {
	t.Helper()
	s := &Server{Addr: FreeAddr(t), t: t, folder: t.TempDir(), args: args}
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

// FreeAddr returns a loopback address that nobody listens on, and that stays free while a server is killed.
func FreeAddr(t Life) string {
	t.Helper()
	addr, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// FreeAddress is FreeAddr for a program.
func FreeAddress() (string, error) {
	for range lastPort - firstPort {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+rand.IntN(lastPort-firstPort)))
		if _, known := given.LoadOrStore(addr, true); known {
			continue
		}
		if l, err := net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", fmt.Errorf("no port from %d to %d is free", firstPort, lastPort)
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// URL names the server to store.OpenRedis.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Restart starts the server, empty, where it was.
func (s *Server) Restart() {
	s.t.Helper()
	args := append([]string{"--port", portOf(s.Addr), "--bind", "127.0.0.1", "--dir", s.folder, "--save", "", "--appendonly", "no"}, s.args...)
	s.run(args...)
}

func (s *Server) run(args ...string) {
	s.t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		s.t.Skip("redis-server is missing: scripts/test installs it (apt-get install redis-server)")
	}
	log, err := os.Create(filepath.Join(s.folder, "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.running = exec.Command(program, args...)
	s.running.Stdout, s.running.Stderr = log, log
	if err := s.running.Start(); err != nil {
		s.t.Fatal(err)
	}
	c := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer c.Close()
	await(s.t, "redis-server on "+s.Addr, func() bool { return c.Ping(context.Background()).Err() == nil })
}

// Kill ends the server at once, as a fault would.
func (s *Server) Kill() {
	if s.running == nil {
		return
	}
	s.running.Process.Kill()
	s.running.Wait()
	s.running = nil
}

// Do runs a command on the server.
func (s *Server) Do(args ...any) string {
	s.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer c.Close()
	answer, err := c.Do(context.Background(), args...).Result()
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return fmt.Sprint(answer)
}

// await waits for something outside this process.
func await(t Life, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(startWithin)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not there after %v", what, startWithin)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// StartSentinel runs a master, a replica and a Sentinel that watches them, and returns the URL of the three.
func StartSentinel(t Life) (url string, master, replica *Server) {
	t.Helper()
	master = Start(t)
	replica = start(t, []string{"--replicaof", "127.0.0.1", portOf(master.Addr), "--repl-diskless-sync-delay", "0"})
	watch := &Server{Addr: FreeAddr(t), t: t, folder: t.TempDir()}
	config := filepath.Join(watch.folder, "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor swarm 127.0.0.1 %s 1\nsentinel down-after-milliseconds swarm 1000\nsentinel failover-timeout swarm 5000\n",
		portOf(watch.Addr), watch.folder, portOf(master.Addr))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, "the replica", func() bool { return strings.Contains(master.Do("INFO", "replication"), "state=online") })
	watch.run(config, "--sentinel")
	t.Cleanup(watch.Kill)
	await(t, "the sentinel", func() bool {
		return strings.Contains(watch.Do("SENTINEL", "REPLICAS", "swarm"), portOf(replica.Addr))
	})
	return "redis-sentinel://" + watch.Addr + "/swarm", master, replica
}
