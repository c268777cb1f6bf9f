package viewer

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// nowhere is a network with nobody on it.
type nowhere struct{}

var errNowhere = errors.New("connection refused")

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, errNowhere }

// TestNoServerIsSaid: who was waited for in vain is named, and can be told from a stream that is not there.
func TestNoServerIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said heard
		v, err := New(Config{URL: "http://gone.example/watch/show", HTTP: &http.Client{Transport: nowhere{}}, Log: said.log()})
		if err != nil {
			t.Fatal(err)
		}
		err = v.find(t.Context())
		if !errors.Is(err, ErrAway) || !errors.Is(err, errNowhere) || !strings.HasPrefix(err.Error(), "viewer: no server answers at http://gone.example/, for 30s: ") {
			t.Error(err)
		}
	})
}

func TestInShort(t *testing.T) {
	const why = "401 Unauthorized: this tracker wants a viewer token: offer shoal.token.TOKEN as a WebSocket subprotocol"
	for token, want := range map[string]string{"": "401 Unauthorized: this tracker wants a viewer token", "T": why} {
		if got := (&Config{Token: token}).inShort(why); got != want {
			t.Errorf("with %q: %s", token, got)
		}
	}
}
