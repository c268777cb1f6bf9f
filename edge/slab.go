package edge

import "sync/atomic"

// slab is a file in memory that answers lie in, one after the other. What was written once is never written over: the kernel sends the
// pages themselves, so a viewer who reads slowly would get what is there by then. For how one is made and ends see its system's file.
type slab struct {
	file  int
	size  int64
	used  int64        // guarded by the cache's mu
	holds atomic.Int32 // the cache's and one for each answer that is being sent; at none the file is closed
	gone  atomic.Bool  // no answer begins to be sent from it
}

// slabSize is the least that a slab has, and what large pages are.
const slabSize = 2 << 20

// hold keeps the file open until release, unless the slab is gone. One that goes at this very moment may be sent from once more, though it does
// not count any more.
func (s *slab) hold() bool {
	for !s.gone.Load() {
		n := s.holds.Load()
		if n == 0 {
			return false
		}
		if s.holds.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

func (s *slab) release() {
	if s.holds.Add(-1) == 0 {
		s.close()
	}
}
