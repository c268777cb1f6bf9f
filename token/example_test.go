package token_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/shoal-live/shoal/token"
)

// A site makes keys, signs a token for a viewer, and gives its trackers what they need to check it.
func Example() {
	var none *token.Keys
	site, _ := none.With(token.EdDSA)
	trackers, _ := site.Public()

	now := time.Date(2026, 1, 1, 20, 0, 0, 0, time.UTC)
	text, _ := site.Make(token.Claims{Stream: "final", Expires: now.Add(time.Hour), NoUpload: true})

	claims, err := trackers.Check(text, "", now)
	fmt.Println(claims.Stream, claims.NoUpload, err)
	fmt.Println(claims.Allow("another", netip.MustParseAddr("192.0.2.1")))
	_, err = trackers.Check(text, "", now.Add(2*time.Hour))
	fmt.Println(err)
	// Output:
	// final true <nil>
	// token: made for another stream; get one for this stream where this one came from
	// token: it has expired; get a new one where this one came from
}
