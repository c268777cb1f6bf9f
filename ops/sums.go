package ops

import (
	"encoding/json"
	"math"
)

// figure is a number that may not be known (NaN): null in JSON.
type figure float64

var unknown = figure(math.NaN())

// MarshalJSON implements json.Marshaler.
func (f figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(math.Round(float64(f)*1e4) / 1e4)
}

// sum is a stream, or all of them, at one moment: what the trackers tell, added up.
type sum struct {
	viewers, offload, copies, latency, stalls figure
	fromPeers, fromEdge                       figure // bytes, since the stream came
	sent                                      figure // bytes a second by edges, of all streams
}

// nothing is a moment of which nothing is known.
func nothing() sum {
	return sum{unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown}
}

// told is of a tracker's figures what is noted. They are of its own viewers.
type told struct {
	Name           string  `json:"name"`
	Viewers        float64 `json:"viewers"`
	Offload        float64 `json:"offload"`
	Copies         float64 `json:"copies"`
	StallRatio     float64 `json:"stallRatio"`
	LatencySeconds float64 `json:"latencySeconds"`
	BytesFromPeers float64 `json:"bytesFromPeers"`
	BytesFromEdge  float64 `json:"bytesFromEdge"`
}

// sums returns what is noted of each stream. Where a tracker did not tell there is nothing to note: a sum without it would be wrong.
func (s *state) sums() (all sum, streams map[string]sum) {
	none := nothing()
	if s.sent >= 0 {
		none.sent = figure(s.sent)
	}
	if s.trackers == 0 || s.Unheard > 0 {
		return none, nil
	}
	byName := map[string][]told{}
	var whole []told
	for _, list := range s.Swarms {
		var some []told
		if json.Unmarshal(list, &some) != nil {
			return none, nil
		}
		for _, one := range some {
			byName[one.Name] = append(byName[one.Name], one)
		}
		whole = append(whole, some...)
	}
	streams = map[string]sum{}
	for name, some := range byName {
		streams[name] = added(some)
	}
	all = added(whole)
	all.copies = unknown // of several streams there is no such number
	if len(streams) == 1 {
		for _, one := range streams {
			all.copies = one.copies
		}
	}
	all.sent = none.sent
	return all, streams
}

// added adds up what several tell. What is of a viewer in the mean counts as often as there are viewers, and is not known where there are none.
func added(some []told) sum {
	var all sum
	weight, copies := figure(0), figure(0)
	latency := figure(0)
	for _, one := range some {
		n := figure(one.Viewers)
		all.viewers += n
		all.offload += n * figure(one.Offload)
		all.stalls += n * figure(one.StallRatio)
		copies += figure(one.Copies)
		all.fromPeers += figure(one.BytesFromPeers)
		all.fromEdge += figure(one.BytesFromEdge)
		if one.LatencySeconds > 0 { // somebody has told
			weight += n
			latency += n * figure(one.LatencySeconds)
		}
	}
	all.offload /= all.viewers // 0/0 is not known either
	all.stalls /= all.viewers
	all.latency = latency / weight
	if all.copies = copies; copies == 0 {
		all.copies = unknown
	}
	all.sent = unknown
	return all
}

// viewersOf counts the viewers that one tracker told of, -1 if it did not.
func viewersOf(swarms json.RawMessage) (n float64) {
	var some []told
	if swarms == nil || json.Unmarshal(swarms, &some) != nil {
		return -1
	}
	for _, one := range some {
		n += one.Viewers
	}
	return n
}
