//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/shoal-live/shoal/tracker/store/redistest"
)

// clockTick is the unit of processor time in /proc; the kernel shows it as hundredths on every system.
const clockTick = 10 * time.Millisecond

// server is a tracker under load, a process of its own.
type server struct {
	address string // where viewers go
	admin   string // its admin listener, "" if it has none
	path    string // of the WebSocket
	process *exec.Cmd
	said    bytes.Buffer // what it had to say; read it after stop
	ended   chan struct{}
}

// startShoal starts shoal tracker as it is shipped.
func startShoal(ctx context.Context, program string) (*server, error) {
	address, err := redistest.FreeAddress()
	if err != nil {
		return nil, err
	}
	admin, err := redistest.FreeAddress()
	if err != nil {
		return nil, err
	}
	s := &server{address: address, admin: admin, path: "/tracker"}
	return s, s.start(ctx, exec.Command(program, "tracker", "-http", address, "-admin", admin, "-stun", ""), "http://"+address+"/readyz")
}

// startPeer starts bittorrent-tracker with WebSockets alone.
func startPeer(ctx context.Context, script string) (*server, error) {
	address, err := redistest.FreeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	s := &server{address: address, path: "/"}
	return s, s.start(ctx, exec.Command("node", script, port), "http://"+address+"/stats")
}

// start starts the process and waits until it answers at an address.
func (s *server) start(ctx context.Context, process *exec.Cmd, ready string) error {
	s.process, s.ended = process, make(chan struct{})
	process.Stdout, process.Stderr = &s.said, &s.said
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		return err
	}
	go func() {
		process.Wait()
		close(s.ended)
	}()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); {
		if r, err := http.Get(ready); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.ended:
			return fmt.Errorf("%s ended: %s", process.Path, s.said.String())
		case <-ctx.Done():
			s.stop()
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.stop()
	return fmt.Errorf("%s is not ready after 15 s: %s", process.Path, s.said.String())
}

// stop ends the process.
func (s *server) stop() {
	s.process.Process.Kill()
	<-s.ended
}

// processorTime returns what the process has used so far, in its own code and in the kernel.
func (s *server) processorTime() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name may hold spaces
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, errors.New("/proc: short stat")
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick, errors.Join(err1, err2)
}

// resident returns the bytes of memory that the process holds.
func (s *server) resident() (int, error) {
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(rollup)) {
		if rest, ok := strings.CutPrefix(line, "Rss:"); ok {
			kilobytes, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			return kilobytes << 10, err
		}
	}
	return 0, errors.New("/proc: no Rss in smaps_rollup")
}

// calls returns how many times the process has called read and write so far. Unlike processor time that does not depend
// on what else the machine does.
func (s *server) calls() (reads, writes int) {
	file, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.process.Process.Pid))
	for line := range strings.Lines(string(file)) {
		name, count, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch n, _ := strconv.Atoi(count); name {
		case "syscr":
			reads = n
		case "syscw":
			writes = n
		}
	}
	return reads, writes
}

// collect has the process collect its garbage, by the profiler of the admin listener.
func (s *server) collect() error {
	r, err := http.Get("http://" + s.admin + "/debug/pprof/heap?gc=1")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

// profile writes a processor profile of the next 3 s to a file.
func (s *server) profile(file string) {
	r, err := http.Get("http://" + s.admin + "/debug/pprof/profile?seconds=3")
	if err != nil {
		return
	}
	defer r.Body.Close()
	if f, err := os.Create(file); err == nil {
		io.Copy(f, r.Body)
		f.Close()
	}
}
