package cell

import (
	"slices"

	"github.com/shoal-live/shoal/swarm/wire"
)

// maxFollowers is how many members of other cells one member feeds at most.
const maxFollowers = 8

// bridge is a link over which a member of a cell, the follower, is fed by a member of the parent. Both watch the same
// rendition: they would have no chunks in common otherwise.
type bridge struct {
	follower, feeder wire.ViewerID
	rendition        uint8
	since            int64
}

// trial is a cell whose bridges are to be looked at when the patience with one of them ends.
type trial struct {
	c  *cell
	at int64
}

// fits tells whether a viewer, if it is there, may be an end of the bridge.
func (b bridge) fits(m *member) bool { return m != nil && m.mayBridge() && m.Rendition == b.rendition }

// loosen has the next Flush look at the bridges above and below a cell.
func (s *Swarm) loosen(c *cell) {
	s.loosenOne(c)
	for _, child := range c.children {
		s.loosenOne(child)
	}
}

func (s *Swarm) loosenOne(c *cell) {
	if !c.loose {
		c.loose = true
		s.loose = append(s.loose, c)
	}
}

// mend brings all bridges in line with who is where. A cell that is left without any looks for another parent, once.
func (s *Swarm) mend(now int64) {
	s.sort(now)
	for len(s.trials) > 0 && s.trials[0].at <= now {
		s.loosenOne(s.trials[0].c)
		if s.trials = s.trials[1:]; len(s.trials) == 0 {
			s.trials = nil
		}
	}
	var sought []*cell
	for i := 0; i < len(s.loose); i++ {
		c := s.loose[i]
		c.loose = false
		if len(c.members) == 0 || c.parent == nil {
			continue
		}
		s.keepBridges(c, now)
		s.addBridges(c, now)
		if len(c.bridges) == 0 && c.mayBridge(c.kin.rendition) > 0 && !slices.Contains(sought, c) {
			sought = append(sought, c)
			old := c.parent
			s.detach(c)
			s.settle(s.settleOne(c, old))
		}
	}
	clear(s.loose)
	s.loose = s.loose[:0]
}

// keepBridges takes out the bridges to a cell of which an end is gone or no longer suitable, and those that do not feed.
func (s *Swarm) keepBridges(c *cell, now int64) {
	s.cutBridges(c, func(b bridge) bool {
		follower, feeder := c.find(b.follower), c.parent.find(b.feeder)
		if !b.fits(follower) || !b.fits(feeder) {
			return true
		}
		if s.config.Patience == 0 || now < b.since+s.config.Patience || follower.Flags&wire.Fed != 0 {
			return false
		}
		follower.failed++
		feeder.failed++
		return true
	})
}

// cutViewer takes out all bridges of a member of c.
func (s *Swarm) cutViewer(c *cell, id wire.ViewerID) {
	of := func(b bridge) bool { return b.follower == id || b.feeder == id }
	s.cutBridges(c, of)
	for _, child := range c.children {
		s.cutBridges(child, of)
	}
}

// cutBridges takes out those of the bridges to a cell that are to be cut. Their feeders are free for others.
func (s *Swarm) cutBridges(c *cell, cut func(bridge) bool) {
	kept := c.bridges[:0]
	for _, b := range c.bridges {
		if !cut(b) {
			kept = append(kept, b)
			continue
		}
		s.loosen(c.parent)
		s.bridged(b, -1)
	}
	c.bridges = kept
}

// bridged counts a bridge that came or went, and has its ends told.
func (s *Swarm) bridged(b bridge, change int) {
	s.bridges += change
	for _, id := range [...]wire.ViewerID{b.follower, b.feeder} {
		s.tellBridges(id, atOnce)
	}
}

// tellBridges has a viewer told its bridges.
func (s *Swarm) tellBridges(id wire.ViewerID, when tense) {
	if c := s.homes[id]; c != nil {
		m := c.find(id)
		m.bridges = max(m.bridges, when)
		s.touch(c)
	}
}

// addBridges makes the bridges that a cell lacks: the better members follow, and each is fed by who feeds fewest.
func (s *Swarm) addBridges(c *cell, now int64) {
	followers := s.followers[:0]
	for i := range c.members {
		if m := &c.members[i]; m.mayBridge() && c.links(m.Rendition) < s.config.Links && !c.follows(m.ID) {
			followers = append(followers, m)
		}
	}
	slices.SortFunc(followers, (*member).better)
	for _, m := range followers {
		if c.links(m.Rendition) >= s.config.Links {
			continue
		}
		if feeder := c.parent.feeder(m.Rendition); feeder != nil {
			b := bridge{m.ID, feeder.ID, m.Rendition, now}
			c.bridges = append(c.bridges, b)
			s.bridged(b, +1)
			if s.config.Patience > 0 {
				s.trials = append(s.trials, trial{c, now + s.config.Patience})
			}
		}
	}
	clear(followers)
	s.followers = followers
}

// links returns how many of the bridges to a cell are of a rendition.
func (c *cell) links(rendition uint8) (n int) {
	for _, b := range c.bridges {
		if b.rendition == rendition {
			n++
		}
	}
	return n
}

// follows tells whether there is a bridge to a member.
func (c *cell) follows(id wire.ViewerID) bool {
	return slices.ContainsFunc(c.bridges, func(b bridge) bool { return b.follower == id })
}

// feeder returns the member that shall feed one follower more, nil if none can: the one with most uplink for each
// bridge that it has already, or that failed.
func (c *cell) feeder(rendition uint8) (best *member) {
	most := 0
	for i := range c.members {
		m := &c.members[i]
		if m.Rendition != rendition || !m.mayBridge() {
			continue
		}
		n := c.feeds(m.ID)
		if n >= maxFollowers {
			continue
		}
		if c.follows(m.ID) {
			n++
		}
		if share := m.share(n); best == nil || share > most {
			best, most = m, share
		}
	}
	return best
}

// feeds returns how many followers a member feeds.
func (c *cell) feeds(id wire.ViewerID) (n int) {
	for _, child := range c.children {
		for _, b := range child.bridges {
			if b.feeder == id {
				n++
			}
		}
	}
	return n
}

// ends calls do with the other end of each bridge of a member, and its part.
func (c *cell) ends(id wire.ViewerID, do func(wire.BridgeRole, wire.ViewerID)) {
	for _, b := range c.bridges {
		if b.follower == id {
			do(wire.Feeder, b.feeder)
		}
	}
	for _, child := range c.children {
		for _, b := range child.bridges {
			if b.feeder == id {
				do(wire.Follower, b.follower)
			}
		}
	}
}

// hasBridge tells whether a member of the parent feeds a member of c.
func (c *cell) hasBridge(follower, feeder wire.ViewerID) bool {
	return slices.ContainsFunc(c.bridges, func(b bridge) bool { return b.follower == follower && b.feeder == feeder })
}
