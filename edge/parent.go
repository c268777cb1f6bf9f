package edge

import (
	"cmp"
	"hash/fnv"
	"io"
	"slices"
	"strings"

	"github.com/shoal-live/shoal/swarm/wire"
)

// ranked returns the parents in the order in which they are asked for what stands at uri. It is rendezvous hashing: each object has
// a parent of its own, the same for all edges that have these parents, and when one goes only what was its moves. All
// reloads of a playlist go to one parent, which holds them as one.
func ranked(parents []*upstream, uri string) []*upstream {
	path, _, _ := strings.Cut(uri, "?")
	h := fnv.New64a()
	io.WriteString(h, path)
	object := h.Sum64()
	order := slices.Clone(parents)
	slices.SortStableFunc(order, func(a, b *upstream) int {
		return cmp.Compare(wire.Mix(object^b.seed), wire.Mix(object^a.seed))
	})
	return order
}
