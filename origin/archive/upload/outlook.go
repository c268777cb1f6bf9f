package upload

import (
	"math/rand/v2"
	"time"
)

// What becomes of uploads, as the API says it.
const (
	Working  = "working"
	Retrying = "retrying" // it fails, and is tried again within a minute
	Stuck    = "stuck"    // it fails until a person does something, and is tried again seldom
)

// State is how uploads do.
type State struct {
	State        string  `json:"state"`
	Why          *string `json:"why"` // for a person, while it is stuck or a file is
	WaitingFiles int     `json:"waitingFiles"`
	WaitingBytes int64   `json:"waitingBytes"`
	StuckFiles   int     `json:"stuckFiles"`
}

// outlook is what is known of how attempts go: of the storage as a whole, and of files that fail where others do not. It keeps no
// clock and belongs to its owner.
type outlook struct {
	config *Config

	failures int           // since anything succeeded
	pause    time.Duration // after the newest of them
	until    time.Time     // when it ends
	advice   string        // while it is stuck: what a person has to do

	aside map[string]*setAside // files that failed, by key
}

// setAside is a file that failed.
type setAside struct {
	tries  int
	newest time.Time // when it failed last
	until  time.Time // not tried before
	advice string    // empty: it is tried as the others are
}

// open tells whether an attempt may be made now, when so many are under way: where the storage fails one at a time, after its pause.
func (o *outlook) open(now time.Time, underWay int) bool {
	return o.failures == 0 || underWay == 0 && !now.Before(o.until)
}

// skips tells whether a file is not to be tried now.
func (o *outlook) skips(key string, now time.Time) bool {
	a := o.aside[key]
	return a != nil && now.Before(a.until)
}

// good notes that a file was taken, and returns how many attempts had failed.
func (o *outlook) good(key string) (failed int) {
	failed = o.failures
	o.failures, o.pause, o.advice = 0, 0, ""
	delete(o.aside, key)
	return failed
}

// alarm is what a person should be told of a failure.
type alarm int

const (
	quiet      alarm = iota
	fails            // the first of several
	stuck            // the storage takes nothing until something is done
	fileIsLeft       // a file is set aside
)

// bad notes that an attempt failed.
func (o *outlook) bad(key string, f failure, now time.Time) alarm {
	if f.scope == ofAll || f.scope == passing {
		a := o.all(f, now)
		if f.scope == ofAll || o.failures > 1 {
			return a // others fail too
		}
		if b := o.one(key, f, now); b != quiet {
			return b
		}
		return a
	}
	return o.one(key, f, now)
}

// all notes a failure that may be everybody's.
func (o *outlook) all(f failure, now time.Time) (a alarm) {
	if o.failures == 0 {
		a = fails
	}
	was := o.advice
	same := o.failures > 0 && now.Before(o.until) // it was under way when another failed
	if !same {
		o.failures++
		o.pause = min(o.config.longest, max(o.config.first, 2*o.pause))
	}
	switch {
	case f.scope == ofAll:
		o.advice = f.advice
	case o.failures >= o.config.enough:
		o.advice = adviceDown
	}
	stuckNow := o.advice != "" && o.advice != was
	if o.advice != "" {
		o.pause = o.config.seldom
	}
	if !same || stuckNow {
		o.until = now.Add(o.pause/2 + rand.N(o.pause/2+1))
	}
	if stuckNow {
		return stuck
	}
	return a
}

// one notes a failure of one file, where others do not fail.
func (o *outlook) one(key string, f failure, now time.Time) alarm {
	a := o.aside[key]
	if a == nil {
		a = &setAside{}
		o.aside[key] = a
	}
	a.tries, a.newest = a.tries+1, now
	if f.scope == passing && a.tries < o.config.enough {
		return quiet
	}
	said := a.advice != ""
	if a.advice = f.advice; a.advice == "" {
		a.advice = adviceFile
	}
	a.until = now.Add(o.config.seldom)
	if said {
		return quiet
	}
	return fileIsLeft
}

// prune forgets files that were not tried when they could have been: they are there no more.
func (o *outlook) prune(now time.Time) {
	for key, a := range o.aside {
		if now.Sub(a.newest) > 3*o.config.seldom {
			delete(o.aside, key)
		}
	}
}

// state tells how it goes, when so much waits.
func (o *outlook) state(files int, bytes int64) State {
	s := State{State: Working, WaitingFiles: files, WaitingBytes: bytes}
	for _, a := range o.aside {
		if a.advice != "" {
			why := a.advice
			s.StuckFiles, s.Why = s.StuckFiles+1, &why
		}
	}
	s.StuckFiles = min(s.StuckFiles, files)
	switch {
	case o.advice != "":
		why := o.advice
		s.State, s.Why, s.StuckFiles = Stuck, &why, files
	case o.failures > 0:
		s.State = Retrying
	}
	return s
}
