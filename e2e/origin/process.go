//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/tracker/store/redistest"
)

// clockTick is the unit of processor time in /proc; the kernel shows it as hundredths on every system.
const clockTick = 10 * time.Millisecond

// A process is one that is measured.
type process struct {
	command *exec.Cmd
	said    bytes.Buffer // what it had to say; read it after stop
	ended   chan struct{}
}

func start(name string, args ...string) (*process, error) {
	p := &process{command: exec.Command(name, args...), ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = &p.said, &p.said
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// stop ends the process.
func (p *process) stop() {
	p.command.Process.Kill()
	<-p.ended
}

// processorTime returns what the process has used so far, in its own code and in the kernel.
func (p *process) processorTime() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
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
func (p *process) resident() (int, error) {
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.command.Process.Pid))
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

// busy returns the share of a core that the process takes for so long.
func (p *process) busy(ctx context.Context, long time.Duration) (float64, error) {
	before, err := p.processorTime()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := pass(ctx, long); err != nil {
		return 0, err
	}
	after, err := p.processorTime()
	return (after - before).Seconds() / time.Since(began).Seconds(), err
}

func pass(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// house is shoal origin in a process of its own.
type house struct {
	*process
	http, rtmp, webrtc, admin string
	data                      string
	keys                      *origin.Keys
}

// openHouse starts an origin, with flags besides those for its doors.
func openHouse(ctx context.Context, program string, flags []string) (*house, error) {
	h := &house{}
	for _, address := range []*string{&h.http, &h.rtmp, &h.webrtc, &h.admin} {
		var err error
		if *address, err = redistest.FreeAddress(); err != nil {
			return nil, err
		}
	}
	var err error
	if h.data, err = os.MkdirTemp("", "shoal-bench-"); err != nil {
		return nil, err
	}
	if h.keys, err = origin.OpenKeys(h.data); err != nil {
		return nil, err
	}
	args := append([]string{"origin", "-data", h.data, "-http", h.http, "-rtmp", h.rtmp, "-webrtc", h.webrtc, "-admin", h.admin}, flags...)
	if h.process, err = start(program, args...); err != nil {
		return nil, err
	}
	for range 300 {
		if r, err := http.Get("http://" + h.http + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return h, nil
			}
		}
		select {
		case <-h.ended:
			h.close()
			return nil, fmt.Errorf("origin ended: %s", h.said.String())
		case <-ctx.Done():
			h.close()
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	h.close()
	return nil, fmt.Errorf("the origin is not ready after 15 s: %s", h.said.String())
}

func (h *house) close() {
	h.stop()
	os.RemoveAll(h.data)
}

// profile writes what the admin listener has under /debug/pprof/ to a file, if one is named.
func (h *house) profile(path, file string) {
	if file == "" {
		return
	}
	r, err := http.Get("http://" + h.admin + "/debug/pprof/" + path)
	if err != nil {
		return
	}
	defer r.Body.Close()
	if f, err := os.Create(file); err == nil {
		io.Copy(f, r.Body)
		f.Close()
	}
}

// tail ends the process and returns what it said last.
func (h *house) tail() string {
	h.stop()
	said := h.said.String()
	return said[max(0, len(said)-2000):]
}
