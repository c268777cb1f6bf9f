package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/shoal-live/shoal/tracker/store/redistest"
)

// tracker is one tracker process. Where Redis is a single server it reaches it through a wire of its own that can be cut.
type tracker struct {
	l           *life
	program     string
	http, admin string
	redis       string
	wire        *cable // nil: none
	running     *exec.Cmd
	log         string
}

func newTracker(l *life, program, redis string) *tracker {
	n := &tracker{l: l, program: program, http: redistest.FreeAddr(l), admin: redistest.FreeAddr(l), redis: redis, log: l.TempDir() + "/log"}
	if addr, single := strings.CutPrefix(redis, "redis://"); single {
		n.wire = newCable(l, addr)
		n.redis = "redis://" + n.wire.listener.Addr().String()
	}
	l.Cleanup(func() { n.kill() })
	n.start()
	return n
}

func (n *tracker) url() string { return "ws://" + n.http + "/tracker" }

func (n *tracker) start() {
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.l.Fatal(err)
	}
	defer log.Close()
	n.running = exec.Command(n.program, "tracker", "-http", n.http, "-admin", n.admin, "-stun", "", "-redis", n.redis)
	n.running.Stdout, n.running.Stderr = log, log
	if err := n.running.Start(); err != nil {
		n.l.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for !n.ready() {
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(n.log)
			n.l.Fatalf("a tracker does not start: %s", text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (n *tracker) ready() bool {
	answer, err := http.Get("http://" + n.admin + "/readyz")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// kill ends the process at once; drain asks it to end, and waits. They return how it ended, nil if it did not run.
func (n *tracker) kill() *os.ProcessState { return n.end(syscall.SIGKILL) }

func (n *tracker) drain() *os.ProcessState { return n.end(syscall.SIGTERM) }

func (n *tracker) end(with syscall.Signal) *os.ProcessState {
	if n.running == nil {
		return nil
	}
	n.running.Process.Signal(with)
	n.running.Wait()
	ended := n.running.ProcessState
	n.running = nil
	return ended
}

// metric returns the sum of a metric's values, metricOf its value for one stream.
func (n *tracker) metric(name string) float64 { return n.sum(name + `(?:\{[^}]*\})?`) }

func (n *tracker) metricOf(name, stream string) float64 {
	return n.sum(name + `\{[^}]*stream="` + stream + `"[^}]*\}`)
}

func (n *tracker) sum(series string) (sum float64) {
	answer, err := http.Get("http://" + n.admin + "/metrics")
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	for _, m := range regexp.MustCompile(`(?m)^`+series+` (\S+)$`).FindAllSubmatch(text, -1) {
		v, _ := strconv.ParseFloat(string(m[1]), 64)
		sum += v
	}
	return sum
}

// cable is a way to an address that can be cut without either end hearing of it, as a partition does.
type cable struct {
	listener net.Listener
	to       string

	mu    sync.Mutex // guards what follows
	whole *sync.Cond
	isCut bool
	over  bool
	ends  []net.Conn
	cuts  int // bytes' worth of reads that met a cut
}

func newCable(l *life, to string) *cable {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.Fatal(err)
	}
	c := &cable{listener: listener, to: to}
	c.whole = sync.NewCond(&c.mu)
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			carrying.Go(func() { c.connect(near) })
		}
	})
	l.Cleanup(func() {
		listener.Close()
		c.mu.Lock()
		c.over = true
		for _, end := range c.ends {
			end.Close()
		}
		c.whole.Broadcast()
		c.mu.Unlock()
		carrying.Wait()
	})
	return c
}

func (c *cable) connect(near net.Conn) {
	defer near.Close()
	c.pass()
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer far.Close()
	c.mu.Lock()
	c.ends = append(c.ends, near, far)
	c.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.carry(far, near)
	}()
	c.carry(near, far)
	<-done
}

func (c *cable) carry(from, to net.Conn) {
	defer to.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		c.pass()
		if err != nil {
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// pass waits until the cable is whole.
func (c *cable) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		c.cuts++
	}
	for c.isCut && !c.over {
		c.whole.Wait()
	}
}

func (c *cable) set(isCut bool) {
	c.mu.Lock()
	c.isCut = isCut
	c.whole.Broadcast()
	c.mu.Unlock()
}

func sourceAddr(i int) net.Addr {
	addr, _ := net.ResolveTCPAddr("tcp", fmt.Sprintf("127.0.%d.%d:0", 1+i/200%200, 1+i%200))
	return addr
}
