package upload

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/shoal-live/shoal/origin/archive"
)

func TestClassify(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		reason string
		scope  scope
	}{
		"no answer":        {errors.New("connection refused"), reasonNetwork, passing},
		"no bucket":        {minio.ErrorResponse{StatusCode: 404, Code: minio.NoSuchBucket}, reasonRefused, ofAll},
		"no right":         {minio.ErrorResponse{StatusCode: 403, Code: minio.AccessDenied}, reasonRefused, ofAll},
		"forbidden":        {minio.ErrorResponse{StatusCode: 403, Code: "Whatever"}, reasonRefused, ofAll},
		"another region":   {minio.ErrorResponse{StatusCode: 301, Code: "PermanentRedirect"}, reasonRefused, ofAll},
		"redirected":       {minio.ErrorResponse{StatusCode: 307}, reasonRefused, ofAll},
		"too large":        {minio.ErrorResponse{StatusCode: 400, Code: "EntityTooLarge"}, reasonRefused, ofFile},
		"the clock":        {minio.ErrorResponse{StatusCode: 403, Code: "RequestTimeTooSkewed"}, reasonRefused, ofAll},
		"too slow":         {minio.ErrorResponse{StatusCode: 400, Code: "RequestTimeout"}, reasonNetwork, passing},
		"changed on a way": {minio.ErrorResponse{StatusCode: 400, Code: "BadDigest"}, reasonNetwork, passing},
		"forgotten":        {minio.ErrorResponse{StatusCode: 404, Code: minio.NoSuchUpload}, reasonServer, passing},
		"slow down":        {minio.ErrorResponse{StatusCode: 503, Code: "SlowDown"}, reasonBusy, passing},
		"too many":         {minio.ErrorResponse{StatusCode: 429}, reasonBusy, passing},
		"full":             {minio.ErrorResponse{StatusCode: 507, Code: "XMinioStorageFull"}, reasonServer, passing},
		"not its size":     {ErrSize, reasonFile, ofFile},
		"no index":         {archive.ErrIndex, reasonFile, ofFile},
		"nothing there":    {fmt.Errorf("%w: show/20260101T000000Z", fs.ErrNotExist), reasonFile, ofFile},
		"not readable":     {&fs.PathError{Err: fs.ErrPermission}, reasonFile, ofFile},
	} {
		if f := classify(fmt.Errorf("upload: key: %w", c.err)); f.reason != c.reason || f.scope != c.scope || (f.scope == passing) != (f.advice == "") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// What no retry mends is said once, with what to do, and shown; the files stay, are asked about seldom, and go up when it is mended.
//
// Clause: s3
func TestRefused(t *testing.T) {
	for answer, advice := range map[string]string{
		"403 AccessDenied": adviceRights, "404 NoSuchBucket": adviceBucket, "403 InvalidAccessKeyId": adviceKeys, "403 RequestTimeTooSkewed": adviceClock,
	} {
		t.Run(answer, func(t *testing.T) {
			s := newStorage(t)
			var mended atomic.Bool
			s.fault = func(int64, *http.Request) string {
				if mended.Load() {
					return ""
				}
				return answer
			}
			dir, want := recordings(t, 200, 300_000, 400, 500, 600, 700, 800, 900)
			var log bytes.Buffer
			u := newUploader(t, dir, s, &log)
			u.config.seldom = time.Hour
			run(t, u, func() bool { return u.State().State == Stuck })
			if st := u.State(); st.StuckFiles != len(want)/2 || st.WaitingFiles != len(want)/2 || st.Why == nil || *st.Why != advice {
				t.Errorf("%+v", st)
			}
			if n := s.asked.Load(); n > int64(u.config.Parallel) {
				t.Errorf("it was asked %d times", n)
			}
			if n := testutil.ToFloat64(u.metrics.failures.WithLabelValues(reasonRefused)); n == 0 || testutil.ToFloat64(u.metrics.stuck) != float64(len(want)/2) {
				t.Errorf("%v failures counted, %v files stuck", n, testutil.ToFloat64(u.metrics.stuck))
			}
			if text := log.String(); strings.Count(text, advice) != 1 {
				t.Errorf("the log: %s", text)
			}
			mended.Store(true)
			again := newUploader(t, dir, s, &log) // at a start it is tried at once
			run(t, again, again.empty)
			check(t, s, want)
		})
	}
}

// A file that is refused costs the others nothing, whatever the queue holds, and is named.
//
// Clause: s3
func TestRefusedFile(t *testing.T) {
	s := newStorage(t)
	s.fault = func(_ int64, r *http.Request) string {
		if strings.Contains(r.URL.Path, "/s0.") || strings.Contains(r.URL.Path, "/s10.") {
			return "400 EntityTooLarge"
		}
		return ""
	}
	dir, want := recordings(t, 200, 300, 400, 500, 600)
	var log bytes.Buffer
	u := newUploader(t, dir, s, &log)
	u.config.seldom, u.config.Queue = time.Hour, 2
	run(t, u, func() bool { st := u.State(); return st.WaitingFiles == 2 && st.StuckFiles == 2 })
	for _, key := range []string{"s0", "s10"} {
		delete(want, "show/20260501T200000Z/v0/"+key+".mp4")
		delete(want, "show/20260501T200000Z/v0/"+key+".index")
	}
	check(t, s, want)
	if st := u.State(); st.State != Working || st.Why == nil || *st.Why != adviceFile {
		t.Errorf("%+v", st)
	}
	if text := log.String(); strings.Count(text, "cannot be uploaded") != 2 || strings.Contains(text, "again, and stays") {
		t.Errorf("the log: %s", text)
	}
}

// However long the storage is away, or refuses: attempts become seldom, and a person is told once.
//
// Clause: s3
func TestOutlook(t *testing.T) {
	down := failure{reasonNetwork, passing, ""}
	for name, c := range map[string]struct {
		f           failure
		during      time.Duration
		least, most int // attempts
		alarms      int
	}{
		"down for a minute": {down, time.Minute, 5, 12, 1},
		"down for a day":    {down, 24 * time.Hour, 100, 230, 2},
		"refused for a day": {failure{reasonRefused, ofAll, adviceKeys}, 24 * time.Hour, 90, 210, 1},
	} {
		t.Run(name, func(t *testing.T) {
			config := Config{first: time.Second, longest: time.Minute, enough: 12, seldom: 15 * time.Minute}
			o := outlook{config: &config, aside: map[string]*setAside{}}
			began := time.Date(2026, 5, 1, 20, 0, 0, 0, time.UTC)
			tries, alarms := 0, 0
			now := began
			for ; now.Sub(began) < c.during; now = now.Add(250 * time.Millisecond) {
				if o.open(now, 0) && !o.skips("a", now) {
					tries++
					if o.bad("a", c.f, now) != quiet {
						alarms++
					}
				}
			}
			if tries < c.least || tries > c.most || alarms != c.alarms {
				t.Errorf("%d attempts, %d alarms", tries, alarms)
			}
			if o.good("a"); !o.open(now, 3) || o.state(0, 0).State != Working {
				t.Error("it does not go on at once")
			}
		})
	}
}

// A file that fails again and again while others do not is set aside.
func TestOutlookOfAFile(t *testing.T) {
	config := Config{first: time.Second, longest: time.Minute, enough: 12, seldom: 15 * time.Minute}
	o := outlook{config: &config, aside: map[string]*setAside{}}
	now := time.Date(2026, 5, 1, 20, 0, 0, 0, time.UTC)
	tries, alarms := 0, 0
	for range 4 * 3600 {
		now = now.Add(time.Second)
		if o.open(now, 0) && !o.skips("bad", now) {
			tries++
			if o.bad("bad", failure{reasonNetwork, passing, ""}, now) == fileIsLeft {
				alarms++
			}
			o.good("other")
		}
	}
	if tries < 20 || tries > 40 || alarms != 1 || o.state(1, 1).StuckFiles != 1 {
		t.Errorf("%d attempts, %d alarms, %+v", tries, alarms, o.state(1, 1))
	}
	if o.prune(now.Add(24 * time.Hour)); len(o.aside) != 0 {
		t.Error("what is gone is remembered")
	}
}
