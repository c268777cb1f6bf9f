package wire_test

import (
	"reflect"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
)

func TestApply(t *testing.T) {
	r := wire.Roster{Cell: 3, Version: 7, Depth: 1, Members: []wire.Member{{ID: 1}, {ID: 2, Weight: 5}, {ID: 3}}}
	r.Apply(wire.Delta{Version: 8, Set: []wire.Member{{ID: 2, Weight: 6}, {ID: 4}}, Left: []wire.ViewerID{1, 9}})
	want := wire.Roster{Cell: 3, Version: 8, Depth: 1, Members: []wire.Member{{ID: 2, Weight: 6}, {ID: 3}, {ID: 4}}}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("became %+v, want %+v", r, want)
	}
}
