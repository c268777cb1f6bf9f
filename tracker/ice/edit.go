package ice

// edit is a payload that is passed on with changes, which are made from its beginning to its end. It is copied only once there
// is one, and with one copy.
type edit struct {
	payload []byte // never written to
	out     []byte // all up to copied, as it is passed on; room before there is a change
	copied  int    // 0: there was no change
}

// replace puts with in the place of the bytes from one place to another; neither is 0.
func (e *edit) replace(from, to int, with string) {
	e.out = append(append(e.out, e.payload[e.copied:from]...), with...)
	e.copied = to
}

// done returns what is passed on: the payload itself if there was no change.
func (e *edit) done() []byte {
	if e.copied == 0 {
		return e.payload
	}
	return append(e.out, e.payload[e.copied:]...)
}
