package tracker

// drift is in how many milliseconds the clocks of two trackers may come apart by one. They do far better; but one of them may
// have stood still for a while, and what that did to an offset is forgotten at this pace.
const drift = 100

// offset is by how much a tracker's time is more than another's. The other tells its time, and that arrives late: by little as a rule,
// by much when it was held back. So the smallest difference counts, and only as much later may any be larger as clocks drift.
type offset struct {
	least int64 // in milliseconds, like all that follows
	at    int64 // when it was so, in ours
	known bool
}

// hear takes what the other said that its time was.
func (o *offset) hear(theirs, ours int64) {
	if d := ours - theirs; !o.known || d <= o.now(ours) {
		*o = offset{least: d, at: ours, known: true}
	}
}

// now returns the offset, of which nobody knows by how much less it is.
func (o *offset) now(ours int64) int64 { return o.least + (ours-o.at)/drift }
