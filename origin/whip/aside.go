package whip

import (
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// aside is what pion says beside our own log, in the words of ours: at level debug, since what it takes for an error, as that a report
// could not be sent on a connection that has just ended, nobody acts on.
type aside struct {
	log   *slog.Logger
	scope string
}

func (a aside) NewLogger(scope string) logging.LeveledLogger { return aside{a.log, scope} }

func (a aside) say(text string) { a.log.Debug("whip: pion", "scope", a.scope, "says", text) }

func (aside) Trace(string)                    {}
func (aside) Tracef(string, ...any)           {}
func (aside) Debug(string)                    {}
func (aside) Debugf(string, ...any)           {}
func (aside) Info(string)                     {}
func (aside) Infof(string, ...any)            {}
func (a aside) Warn(text string)              { a.say(text) }
func (a aside) Warnf(form string, of ...any)  { a.say(fmt.Sprintf(form, of...)) }
func (a aside) Error(text string)             { a.say(text) }
func (a aside) Errorf(form string, of ...any) { a.say(fmt.Sprintf(form, of...)) }
