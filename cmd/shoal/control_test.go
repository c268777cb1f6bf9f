package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/tracker"
	"github.com/shoal-live/shoal/tracker/store"
)

// TestControlWarns: who pulls the kill switch while Redis is away is told that one tracker alone has heard of it, before that tracker
// has met the outage by itself too.
func TestControlWarns(t *testing.T) {
	away, err := store.OpenRedis("redis://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	service, err := tracker.New(tracker.Config{Log: quiet, Store: away})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service.Controls())
	defer server.Close()
	for _, args := range [][]string{{"demo", "-p2p=off"}, {"demo"}, {}} {
		var out bytes.Buffer
		err := control(t.Context(), append(args, "-admin", server.URL), &out)
		if s := out.String(); err != nil || !strings.Contains(s, "off") || strings.Count(s, "at this tracker alone") != 1 {
			t.Errorf("%v: %v, says\n%s", args, err, s)
		}
	}
}

func TestControl(t *testing.T) {
	service, err := tracker.New(tracker.Config{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service.Controls())
	defer server.Close()
	admin := strings.TrimPrefix(server.URL, "http://")
	for _, c := range []struct{ args, says, fails string }{
		{"demo", "This tracker knows no stream demo: it has no viewers here, and no control of its own.\n", ""},
		{"", "VIEWERS\n", ""},
		{"demo -p2p=off", "demo    off  1      32         24     no bound     0\nno viewers of demo here; it is for when they come\n", ""},
		{"-share 0.25 demo -cell-size 16 -roots 3 -max-upload-kbps 2000", "demo    off  0.25   16         3      2000 kbit/s  0\nno viewers of demo here; it is for when they come\n", ""},
		{"", "demo    off  0.25   16         3      2000 kbit/s  0\n", ""},
		{"demo", "demo    off  0.25   16         3      2000 kbit/s  0\n", ""},
		{"other", "knows no stream other", ""},
		{"demo -p2p=on", "demo    on   0.25", ""},
		{"demo -p2p=maybe", "", "want on or off"},
		{"demo -share=half", "", "want a number"},
		{"demo -share=2", "", "the tracker refuses: bad control: share 2: choose 0 to 1"},
		{"a.b", "", "\"a.b\": a stream's name is 1 to 64"},
		{"-p2p=off", "", "want the name of one stream"},
		{"demo other", "", "want the name of one stream"},
		{"demo/x", "", "\"demo/x\": a stream's name"},
	} {
		var out bytes.Buffer
		err := control(t.Context(), append(strings.Fields(c.args), "-admin", admin), &out)
		if c.fails == "" && strings.Contains(c.says, "no stream") && strings.Contains(out.String(), "STREAM") {
			t.Errorf("%s: there is a row of a stream that is not known:\n%s", c.args, out.String())
		}
		if c.fails == "" && (err != nil || !strings.Contains(out.String(), c.says)) {
			t.Errorf("%s: %v, says\n%s", c.args, err, out.String())
		}
		if c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%s: %v, want %q", c.args, err, c.fails)
		}
	}
	for _, written := range []string{server.URL, server.URL + "/"} {
		if err := control(t.Context(), []string{"-admin", written}, new(bytes.Buffer)); err != nil {
			t.Errorf("-admin %s: %v", written, err)
		}
	}
	for _, wrong := range []string{"127.0.0.1", "https://127.0.0.1:9090", "http://127.0.0.1:9090/metrics"} {
		if err := control(t.Context(), []string{"-admin", wrong}, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "-admin 127.0.0.1:9090") {
			t.Errorf("-admin %s: %v", wrong, err)
		}
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	if err := control(t.Context(), []string{"demo", "-admin", other.URL}, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "is no tracker's admin listener") {
		t.Errorf("not a tracker: %v", err)
	}
	for body, want := range map[string]int{"tracker: bad control": 2, "": 1, "Bad Request": 1, "a proxy's tracker: none": 1, "400 Bad Request: missing required Host header": 1} {
		door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, http.StatusBadRequest) }))
		err := control(t.Context(), []string{"demo", "-p2p=off", "-admin", door.URL}, new(bytes.Buffer))
		if status(err) != want || strings.Contains(err.Error(), "is no tracker's admin listener: -admin names it") != (want == 1) {
			t.Errorf("a 400 of %q: status %d, %v", body, status(err), err)
		}
		door.Close()
	}
	server.Close()
	if err := control(t.Context(), []string{"demo", "-admin", admin}, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "-admin") {
		t.Errorf("without a tracker: %v", err)
	}
}
