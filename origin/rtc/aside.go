package rtc

import (
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// Aside is what pion says beside our own log, in the words of ours: at level debug, since what it takes for an error, as that a report
// could not be sent on a connection that has just ended, nobody acts on.
type Aside struct{ Log *slog.Logger }

// scoped is the Aside of one part of pion.
type scoped struct {
	log   *slog.Logger
	scope string
}

// NewLogger is called by pion.
func (a Aside) NewLogger(scope string) logging.LeveledLogger { return scoped{a.Log, scope} }

func (a scoped) say(text string) { a.log.Debug("webrtc: pion", "scope", a.scope, "says", text) }

func (scoped) Trace(string)                    {}
func (scoped) Tracef(string, ...any)           {}
func (scoped) Debug(string)                    {}
func (scoped) Debugf(string, ...any)           {}
func (scoped) Info(string)                     {}
func (scoped) Infof(string, ...any)            {}
func (a scoped) Warn(text string)              { a.say(text) }
func (a scoped) Warnf(form string, of ...any)  { a.say(fmt.Sprintf(form, of...)) }
func (a scoped) Error(text string)             { a.say(text) }
func (a scoped) Errorf(form string, of ...any) { a.say(fmt.Sprintf(form, of...)) }
