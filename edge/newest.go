package edge

import "time"

// newestFor returns what answers in place of o. Of a held reload that has come that is the newest playlist of its rendition and form, once that is newer:
// a viewer who is late has all at once, as from an origin, and not a part with each request. It is nil where the newest is no longer fresh: then the origin
// is asked for it, all wait for that, and nobody is given what is known to be old; where nobody has told for a second whether there is a newer one, which
// is as good; and where it is a delta that leaves out what was asked for: then that is given whole. Who was held for o gets o, whatever came since. A nil o
// is none; the caller holds mu.
func (c *cache) newestFor(o *object, now time.Time) *object {
	if o == nil || o.newest == "" || !closed(o.done) || !o.position.present {
		return o
	}
	newest := c.objects[o.newest]
	switch {
	case newest == nil:
	case !closed(newest.done): // it is asked for anew
		if newest.reached.newer(o.position) {
			return nil
		}
	case newest.position.newer(o.position):
		if newest.position.omits(o.target.reload) || !newest.fresh(now) {
			return nil
		}
		return newest
	case newest.fresh(now):
		return o
	}
	if o.position.ended || now.Sub(o.born) < plainLife || c.awaited(o) {
		return o
	}
	return nil
}

// awaited tells whether what comes after o is waited for: for as long as that does not come o is the newest. The caller holds mu.
func (c *cache) awaited(o *object) bool {
	parts := []int{0}
	if o.target.reload.part < 0 { // to who has no parts it is the segment that comes
		parts = append(parts, -1)
	}
	for _, part := range parts {
		for _, skip := range []bool{false, true} {
			next := target{path: o.target.path, reload: o.position.next(reload{held: true, part: part, skip: skip})}
			if is := c.objects[next.uri()]; is != nil && !closed(is.done) {
				return true
			}
		}
	}
	return false
}

// keeps tells whether o is a playlist that may be used, whatever has overtaken it. A nil o is none.
func (o *object) keeps(now time.Time) bool {
	return o != nil && closed(o.done) && o.position.present && o.fresh(now)
}

// newer tells whether a playlist of position p says more than one of position q: it reaches further, or as far and to the end.
func (p position) newer(q position) bool {
	return p.present && (p.further(q) || p.ended && !q.ended && !q.further(p))
}

// omits tells whether a delta leaves out segments that who asks for r has not seen (RFC 8216bis 6.2.5.1): who asks for a place has what is before it, and
// the boundary is that of the newest playlist.
func (p position) omits(r reload) bool { return r.skip && r.msn < p.from }
