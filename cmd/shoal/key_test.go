package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/origin"
)

// TestUpLeavesKeysAlone starts shoal up twice: the key it made the first time is gone, those of shoal key add are not.
func TestUpLeavesKeysAlone(t *testing.T) {
	data := t.TempDir()
	var out bytes.Buffer
	if err := dispatch(t.Context(), []string{"key", "add", "mystream", "-data", data}, &out); err != nil {
		t.Fatal(err)
	}
	own := strings.TrimSpace(out.String())
	var shown []string
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		banner := &until{text: "Watch ", then: cancel}
		err := dispatch(ctx, []string{"up", "-demo=false", "-data", data, "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0",
			"-rtmp", "127.0.0.1:0", "-webrtc", "127.0.0.1:0", "-stun", "127.0.0.1:0", "-log", "error"}, banner)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(banner.said.String(), "Key ")
		shown = append(shown, strings.Fields(rest)[0])
	}
	keys, err := origin.OpenKeys(data)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{own: "mystream", shown[0]: "", shown[1]: "mystream"} {
		if name, _ := keys.Stream(key); name != want {
			t.Errorf("a key opens %q, want %q", name, want)
		}
	}
	out.Reset()
	if err := dispatch(t.Context(), []string{"key", "list", "-data", data}, &out); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); strings.Count(s, "until removed") != 1 || strings.Count(s, "until shoal up") != 1 {
		t.Error(s)
	}
}

// until is a buffer that does something once a text is written to it.
type until struct {
	said bytes.Buffer
	text string
	then func()
}

func (u *until) Write(b []byte) (int, error) {
	defer func() {
		if strings.Contains(u.said.String(), u.text) {
			u.then()
		}
	}()
	return u.said.Write(b)
}

// Clause: keys
func TestKeysSayWhatTheyDid(t *testing.T) {
	data := t.TempDir()
	keys, err := origin.OpenKeys(data)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{"", "1 key of show made before", "2 keys of show made before"} {
		var said bytes.Buffer
		if _, err := keys.Add("show"); err != nil {
			t.Fatal(err)
		}
		if err := others(keys, "show", &said); err != nil || !strings.Contains(said.String(), want) || want == "" && said.Len() > 0 {
			t.Errorf("key %d: %v, says %q, want %q", n+1, err, said.String(), want)
		}
	}
	var out bytes.Buffer
	if err := dispatch(t.Context(), []string{"key", "remove", "show", "-data", data}, &out); err != nil || !strings.Contains(out.String(), "3 publish keys of show") {
		t.Errorf("%v, says %q", err, out.String())
	}
	if err := dispatch(t.Context(), []string{"key", "remove", "show", "-data", data}, &out); err == nil || !strings.Contains(err.Error(), "shoal key list") {
		t.Error(err)
	}
}

// TestKeysNameTheirFolder: a key in a folder that no origin knows, and a folder without any, are easily another one's by mistake.
func TestKeysNameTheirFolder(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	var out bytes.Buffer
	if err := dispatch(t.Context(), []string{"key", "list", "-data", data}, &out); err != nil || !strings.Contains(out.String(), "no publish keys in "+data) {
		t.Errorf("%v, says %q", err, out.String())
	}
	for _, c := range []struct {
		made bool
		want string
	}{{true, "Made " + data + "; no origin has used it yet"}, {false, "No origin has used " + data + " yet"}} {
		var said bytes.Buffer
		if err := unused(data, c.made, &said); err != nil || !strings.Contains(said.String(), c.want) {
			t.Errorf("%v, says %q, want %q", err, said.String(), c.want)
		}
	}
	used, end := context.WithCancel(t.Context())
	defer end()
	err := dispatch(used, []string{"up", "-demo=false", "-data", data, "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0",
		"-rtmp", "127.0.0.1:0", "-webrtc", "127.0.0.1:0", "-stun", "127.0.0.1:0", "-log", "error"}, &until{text: "Watch ", then: end})
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if err := unused(data, false, &said); err != nil || said.Len() > 0 {
		t.Errorf("%v, says %q of a folder that an origin has used", err, said.String())
	}
}
