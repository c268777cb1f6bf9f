//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/shoal-live/shoal/e2e/process"
	"github.com/shoal-live/shoal/token"
	"github.com/shoal-live/shoal/tracker/store/redistest"
	"golang.org/x/sys/unix"
)

// The processors: servers have one, the origin and the viewers the other.
const (
	ownCore    = 0
	serverCore = 1
)

// settle keeps this process off the servers' processor. Threads that begin later do as the one that began them.
func settle() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	var set unix.CPUSet
	set.Set(ownCore)
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &set); err != nil && err != unix.ESRCH {
			return fmt.Errorf("this needs two processors: %w", err)
		}
	}
	return nil
}

// server is a cache before the origin.
type server struct {
	*process.Process
	name    string
	pass    string // that viewers show in each request; empty: none
	address string // of HTTP
	secure  string // of HTTP by TLS; empty: it has none
	admin   string // of the edge
	folder  string // which goes with it
}

// start starts a server by its name on the servers' core.
func startServer(ctx context.Context, c config, name, origin string) (*server, error) {
	s := &server{name: name}
	for _, address := range []*string{&s.address, &s.secure, &s.admin} {
		var err error
		if *address, err = redistest.FreeAddress(); err != nil {
			return nil, err
		}
	}
	var err error
	if s.folder, err = os.MkdirTemp("/dev/shm", "hits-"); err != nil {
		return nil, err
	}
	var args []string
	switch name {
	case "shoal":
		args, err = s.asShoal(ctx, c, origin)
	case "nginx", "nginx-tuned", "nginx-bare":
		args, err = s.asNginx(c, origin)
	case "varnish":
		args, err = s.asVarnish(origin)
	default:
		err = fmt.Errorf("there is no server %q", name)
	}
	if err == nil {
		s.Process, err = process.StartFamily("taskset", append([]string{"-c", strconv.Itoa(serverCore)}, args...)...)
	}
	if err == nil {
		err = s.Await(ctx, "http://"+s.address+s.ready())
	}
	if err != nil {
		os.RemoveAll(s.folder)
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// ready is what a server answers once it is ready.
func (s *server) ready() string {
	if s.pass != "" {
		return "/readyz"
	}
	return listPath
}

// request is what a viewer sends.
func (s *server) request(uri string) []byte {
	fields := ""
	if s.pass != "" {
		fields = "Authorization: " + s.pass + "\r\n"
	}
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: live.example\r\nUser-Agent: hits\r\nAccept: */*\r\n%s\r\n", uri, fields)
}

// get asks as a viewer does.
func (s *server) get(uri string) (*http.Response, error) {
	r, err := http.NewRequest(http.MethodGet, "http://"+s.address+uri, nil)
	if err != nil {
		return nil, err
	}
	if s.pass != "" {
		r.Header.Set("Authorization", s.pass)
	}
	return http.DefaultClient.Do(r)
}

func (s *server) stop() {
	s.StopFamily()
	os.RemoveAll(s.folder)
}

// asShoal is an edge with its defaults.
func (s *server) asShoal(ctx context.Context, c config, origin string) ([]string, error) {
	args := []string{c.shoal, "edge", "-http", s.address, "-admin", s.admin, "-origins", "http://" + origin}
	if c.log {
		args = append(args, "-access-log", filepath.Join(s.folder, "log"))
	}
	if c.keys != nil {
		text, err := c.keys.Make(token.Claims{Stream: token.AnyStream, Expires: time.Now().Add(24 * time.Hour)})
		if err != nil {
			return nil, err
		}
		public, err := c.keys.Public()
		if err != nil {
			return nil, err
		}
		file := filepath.Join(s.folder, "keys")
		if err := os.WriteFile(file, public.Append(nil), 0o600); err != nil {
			return nil, err
		}
		s.pass = "Bearer " + text
		args = append(args, "-viewer-key", file)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if help, _ := exec.CommandContext(ctx, c.shoal, "edge", "-h").CombinedOutput(); !bytes.Contains(help, []byte("-https ")) {
		s.secure = ""
		return args, nil
	}
	// A few addresses ask here as often as a city does: they are counted, as by default, and never too many.
	return append(args, "-https", s.secure, "-tls-cert", c.cert, "-tls-key", c.key, "-requests-per-address", "1e9"), nil
}

// sending is how an nginx sends: as the distribution's nginx.conf has it; with files kept open, as one would tune it for this; and as
// nginx does without a word.
var sending = map[string]string{
	"nginx":       "sendfile on; tcp_nopush on;",
	"nginx-tuned": "sendfile on; tcp_nopush on; open_file_cache max=10000 inactive=60s; open_file_cache_valid 60s; open_file_cache_min_uses 1;",
	"nginx-bare":  "",
}

// asNginx is nginx as one would set it up for live video: one process, a cache in memory, one fill at a time of each object.
func (s *server) asNginx(c config, origin string) ([]string, error) {
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // so that it reaches its folder
	}
	file := filepath.Join(s.folder, "nginx.conf")
	err := os.WriteFile(file, fmt.Appendf(nil, `%s
daemon off;
worker_processes 1;
worker_rlimit_nofile 19000;
pid %[2]s/pid;
error_log stderr error;
events { worker_connections 16384; multi_accept on; }
http {
  access_log off;
  %[8]s
  keepalive_timeout 120;
  keepalive_requests 1000000000;
  reset_timedout_connection on;
  client_body_temp_path %[2]s/body;
  proxy_temp_path %[2]s/temp;
  fastcgi_temp_path %[2]s/fastcgi;
  uwsgi_temp_path %[2]s/uwsgi;
  scgi_temp_path %[2]s/scgi;
  proxy_cache_path %[2]s/cache levels=1:2 keys_zone=live:16m max_size=256m inactive=10m use_temp_path=off;
  upstream origin { server %[4]s; keepalive 64; }
  server {
    listen %[3]s backlog=4096;
    listen %[5]s ssl backlog=4096;
    ssl_certificate %[6]s;
    ssl_certificate_key %[7]s;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:10m;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffer_size 16k;
      proxy_buffers 16 64k;
      proxy_busy_buffers_size 128k;
      proxy_cache live;
      proxy_cache_lock on;
      proxy_cache_use_stale updating error timeout;
    }
  }
}
`, user, s.folder, s.address, origin, s.secure, c.cert, c.key, sending[s.name]), 0o600)
	return []string{"nginx", "-p", s.folder, "-e", "stderr", "-c", file}, err
}

// asVarnish is varnishd with objects in memory and threads for a crowd.
func (s *server) asVarnish(origin string) ([]string, error) {
	s.secure = ""
	if err := os.Chmod(s.folder, 0o755); err != nil { // it changes its user where it can
		return nil, err
	}
	file := filepath.Join(s.folder, "live.vcl")
	err := os.WriteFile(file, fmt.Appendf(nil, "vcl 4.1;\nbackend default { .host = \"127.0.0.1\"; .port = \"%s\"; }\n", portOf(origin)), 0o644)
	return []string{"varnishd", "-F", "-n", filepath.Join(s.folder, "work"), "-a", s.address, "-f", file, "-s", "malloc,256m",
		"-p", "thread_pool_min=600", "-p", "thread_queue_limit=2000", "-p", "timeout_idle=120", "-p", "http_resp_hdr_len=16k",
		"-p", "vsl_mask=-Debug"}, err
}

// collect has the edge collect its garbage.
func (s *server) collect() error {
	return drain(http.Get("http://" + s.admin + "/debug/pprof/heap?gc=1"))
}

func drain(r *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return err
}
