package media

// Backlog bounds what a channel of frames holds, in bytes: a few of the largest frames may weigh as much as a thousand others. It
// belongs to the one who sends, needs no word from who receives, and is not safe for concurrent use.
type Backlog struct {
	most  int
	sizes []int // of what was sent, the oldest first
	total int   // of them
}

// NewBacklog returns one of so many bytes.
func NewBacklog(most int) Backlog { return Backlog{most: most} }

// Takes tells whether a frame of a size may be sent to a channel in which so many wait, and counts it in if so. What the channel does
// not hold any more is counted out. One frame always has room in an empty channel, and what has no bytes in any.
func (b *Backlog) Takes(waiting, size int) bool {
	gone := max(0, len(b.sizes)-waiting)
	for _, s := range b.sizes[:gone] {
		b.total -= s
	}
	b.sizes = b.sizes[:copy(b.sizes, b.sizes[gone:])]
	if waiting > 0 && size > 0 && b.total+size > b.most {
		return false
	}
	b.sizes, b.total = append(b.sizes, size), b.total+size
	return true
}
