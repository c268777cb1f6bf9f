package ops

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// public asks what trackers tell anybody of their swarms: those that edges name to viewers, where no tracker is asked as a service, as on a
// page of an edge alone. It returns a list for each of them, nil for one that did not answer.
func (b *Board) public(ctx context.Context, told []answers) []json.RawMessage {
	var urls []string
	for _, a := range told {
		if a.self == nil {
			continue
		}
		if slices.Contains(a.self.Is, "tracker") {
			return nil
		}
		urls = append(urls, a.self.Trackers...)
	}
	if len(b.trackers()) > 0 { // one that does not answer now
		return nil
	}
	slices.Sort(urls)
	urls = slices.Compact(urls)
	urls = urls[:min(len(urls), mostOthers)]
	swarms := make([]json.RawMessage, len(urls))
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var asking sync.WaitGroup
	for i, url := range urls {
		asking.Go(func() {
			if text, err := ask(ctx, b.config.Transport, http.MethodGet, url, nil); err == nil {
				swarms[i] = field(text, "streams")
			}
		})
	}
	asking.Wait()
	return swarms
}
