package webhook

import (
	"crypto/rand"
	"encoding/json"
	"time"
)

// What happens.
const (
	PublishStart = "publish.start" // the first media of a broadcast can be fetched
	PublishEnd   = "publish.end"   // its broadcaster has gone
)

// Event is one thing that happened. Send fills in what it is known by.
type Event struct {
	Event    string    `json:"event"`
	ID       string    `json:"id"`
	Time     time.Time `json:"time"`
	Stream   string    `json:"stream"`
	Protocol string    `json:"protocol,omitempty"` // of the broadcaster
	Reason   string    `json:"reason,omitempty"`   // why it ended
}

// message is an event on its way.
type message struct {
	id   string
	time time.Time
	body []byte
}

func (e Event) message(now time.Time) message {
	e.ID, e.Time = "msg_"+rand.Text(), now.UTC().Truncate(time.Millisecond)
	body, _ := json.Marshal(e) // strings and a time alone
	return message{e.ID, now, body}
}
