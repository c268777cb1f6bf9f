package rtc

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// TestPlaces: there are so many places, and so many of one stream, each given again once it is given back, and none when it is over.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewSessions[*Session](3, 2)
		if ctx, _ := e.Enter("a"); ctx != nil {
			t.Fatal("a place before there is room")
		}
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { defer close(over); e.Run(ctx) }()
		synctest.Wait()
		var leave []func()
		for n, want := range []struct {
			name string
			in   bool
		}{{"a", true}, {"a", true}, {"a", false}, {"b", true}, {"b", false}} {
			at, out := e.Enter(want.name)
			if (at != nil) != want.in {
				t.Errorf("%d, of %s: %v", n, want.name, at != nil)
			}
			if at != nil {
				leave = append(leave, out)
			}
		}
		leave[0]()
		if at, again := e.Enter("a"); at == nil || e.Taken() != 3 {
			t.Error("a place given back is not given again")
		} else {
			leave[0] = again
		}
		cancel()
		synctest.Wait()
		if at, _ := e.Enter("a"); at != nil {
			t.Error("a place when it is over")
		}
		for _, out := range leave {
			select {
			case <-over:
				t.Error("over before all have left")
			default:
			}
			out()
			synctest.Wait()
		}
		<-over
	})
}

// TestRunJoins: Run returns when nothing is left of the sessions, and not when only their places are free.
func TestRunJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewSessions[*Session](1, 1)
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { defer close(over); e.Run(ctx) }()
		synctest.Wait()
		at, leave := e.Enter("demo")
		s := NewSession("demo")
		e.Keep(s, func() { <-at.Done() }, func() {
			leave()
			time.Sleep(time.Second)
		})
		cancel()
		<-over
		select {
		case <-s.Closed():
		default:
			t.Error("Run has returned before the session was closed")
		}
	})
}

// TestDelete: when DELETE is answered the session has ended, and its place is free.
func TestDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewSessions[*Session](1, 1)
		e.Open(t.Context())
		_, leave := e.Enter("demo")
		s, asked := NewSession("demo"), errors.New("asked to")
		e.Keep(s, func() {
			if cause := s.Cause(); cause != asked {
				t.Error(cause)
			}
			time.Sleep(time.Second)
		}, leave)
		remove := func(name, id string) int {
			w := httptest.NewRecorder()
			e.ServeDelete(w, httptest.NewRequest(http.MethodDelete, "/", nil), name, id, asked,
				func(w http.ResponseWriter, status int, _ string) { w.WriteHeader(status) })
			return w.Code
		}
		if status := remove("other", s.ID); status != http.StatusNotFound {
			t.Error("by another stream's address:", status)
		}
		if status := remove("demo", s.ID); status != http.StatusOK || len(e.All())+e.Taken() != 0 {
			t.Error(status, e.All(), e.Taken())
		}
		if status := remove("demo", s.ID); status != http.StatusNotFound {
			t.Error("again:", status)
		}
	})
}

// TestAuthorize: a wrong key is answered late, the right one and none at all at once.
func TestAuthorize(t *testing.T) {
	owner := func(key string) (string, bool) {
		return map[string]string{"secret": "demo", "other": "other"}[key], key != "wrong"
	}
	for header, want := range map[string]struct {
		status int
		err    error
		ask    string
		took   time.Duration
	}{
		"Bearer secret":    {0, nil, "", 0},
		"bearer   secret ": {0, nil, "", 0},
		"":                 {401, ErrNoKey, "Bearer", 0},
		"Basic secret":     {401, ErrNoKey, "Bearer", 0},
		"Bearer wrong":     {401, ErrWrongKey, `Bearer error="invalid_token"`, wrongKeyDelay},
		"Bearer other":     {403, ErrOtherKey, "", wrongKeyDelay},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, r, began := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil), time.Now()
			r.Header.Set("Authorization", header)
			status, err := Authorize(w, r, "demo", owner)
			if took := time.Since(began); status != want.status || err != want.err || w.Header().Get("WWW-Authenticate") != want.ask || took != want.took {
				t.Errorf("%q: %d, %v after %v, %v", header, status, err, took, w.Header())
			}
		})
	}
}
