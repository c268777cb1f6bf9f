package cell_test

import (
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/cell"
)

// audience returns viewers of a large event: three renditions, ten regions, a few large networks and many small ones.
func audience(i int) (wire.Member, cell.Place) {
	x := wire.Mix(uint64(i) + 1)
	pick := func(n uint64) uint64 {
		x = wire.Mix(x)
		return x % n
	}
	region := pick(10)
	network := pick(pick(pick(2000)+1) + 1)
	m := wire.Member{
		ID: wire.ViewerID(x | 1), Flags: wire.MayUpload | wire.Ready, Rendition: uint8(pick(3)), Weight: uint16(pick(800)),
	}
	return m, cell.Place{Network: 1 + region<<32 | network, Region: uint32(region + 1), RoundTrip: uint16(5 + pick(100))}
}

// BenchmarkFlashCrowd joins 5,000 viewers, flushing after each as the tracker does.
func BenchmarkFlashCrowd(b *testing.B) {
	for b.Loop() {
		s := cell.New(cell.Config{Gap: 100})
		for i := range 5000 {
			m, at := audience(i)
			s.Join(m, at)
			s.Flush(int64(i / 5))
		}
	}
}

// BenchmarkJoin has viewers join and leave a swarm of 100,000, and says how good the cells are that it makes.
func BenchmarkJoin(b *testing.B) {
	const viewers = 100_000
	s := cell.New(cell.Config{Gap: 100})
	now := int64(0)
	for i := range viewers {
		m, at := audience(i)
		s.Join(m, at)
		now++
		s.Flush(now)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m, at := audience(viewers + i)
		s.Join(m, at)
		s.Flush(now)
		gone, _ := audience(i)
		s.Leave(gone.ID)
		s.Flush(now)
		now++
		i++
	}
	b.ReportMetric(float64(s.Moves())/float64(viewers+2*i), "moves/change")
	region, network := nearness(s, i, 5000)
	b.ReportMetric(region, "sameRegion")
	b.ReportMetric(network, "sameNetwork")
	b.ReportMetric(float64(s.Viewers())/float64(s.Cells()), "viewers/cell")
	b.ReportMetric(float64(s.Bridges())/float64(s.Cells()), "bridges/cell")
}

// nearness returns which shares of the others in their cells are in the region and network of n viewers.
func nearness(s *cell.Swarm, from, n int) (region, network float64) {
	places := map[wire.ViewerID]cell.Place{}
	for i := range from + 200_000 {
		m, at := audience(i)
		places[m.ID] = at
	}
	others := 0.
	for i := range n {
		m, at := audience(from + i)
		r, _ := s.Roster(m.ID)
		for _, o := range r.Members {
			if o.ID == m.ID {
				continue
			}
			others++
			if places[o.ID].Region == at.Region {
				region++
			}
			if places[o.ID].Network == at.Network {
				network++
			}
		}
	}
	return region / others, network / others
}

// BenchmarkStadium joins viewers whose addresses all have one prefix, so that most cells take no more of them.
func BenchmarkStadium(b *testing.B) {
	for b.Loop() {
		s := cell.New(cell.Config{Gap: 100})
		for i := range 5000 {
			m, _ := audience(i)
			m.Rendition = 0
			s.Join(m, cell.Place{Network: 1, Prefix: 1})
			s.Flush(int64(i / 5))
		}
	}
}
