package edge

import (
	"errors"
	"net/http"
	"time"
)

// A viewer must take sendSlice bytes within sendPatience, or its connection ends: memory, descriptors and the edge's
// uplink are for those who read.
const (
	sendSlice    = 256 << 10
	sendPatience = 30 * time.Second
)

// send writes body, which may be empty, to a viewer and keeps nothing back, the head included. It returns how many bytes
// the connection took.
func send(w http.ResponseWriter, body []byte) (sent int, err error) { return sendTo(nil, w, body) }

// errCut is why nothing more is sent to a reader.
var errCut = errors.New("edge: a reader is cut off")

// sendTo is send to a reader, who may be cut off meanwhile. Nil: nobody who is looked after.
func sendTo(by *reading, w http.ResponseWriter, body []byte) (sent int, err error) {
	control := http.NewResponseController(w)
	for more := true; more; more = len(body) > 0 && err == nil {
		_ = control.SetWriteDeadline(time.Now().Add(sendPatience)) // where there are none, so be it
		if by.over() {                                             // looked at after that: who cuts it off sets another deadline last
			return sent, errCut
		}
		var n int
		n, err = w.Write(body[:min(len(body), sendSlice)])
		sent, body = sent+n, body[n:]
	}
	_ = control.Flush()
	return sent, err // the deadline stays for what the server has to add, which takes it back then
}
