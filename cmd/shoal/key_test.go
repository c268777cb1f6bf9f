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

// TestKeyRevoke makes two keys of a stream and takes one of them back, by the ID that list shows.
//
// Clause: keys
func TestKeyRevoke(t *testing.T) {
	data := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if err := dispatch(t.Context(), append([]string{"key"}, append(args, "-data", data)...), &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := strings.TrimSpace(run("add", "show", "-note", "camera 1"))
	second := strings.TrimSpace(run("add", "show", "-note", "camera 2", "-expires", "1h"))
	listed := strings.Split(strings.TrimSpace(run("list")), "\n")
	if len(listed) != 3 || !strings.HasSuffix(listed[1], "camera 1") || !strings.Contains(listed[1], "until removed") || !strings.HasSuffix(listed[2], "camera 2") || strings.Contains(listed[2], "until removed") {
		t.Fatalf("%q", listed)
	}
	id := strings.Fields(listed[1])[0]
	if said := run("revoke", id); !strings.Contains(said, id) {
		t.Errorf("says %q", said)
	}
	keys, err := origin.OpenKeys(data)
	if err != nil {
		t.Fatal(err)
	}
	for key, opens := range map[string]bool{first: false, second: true} {
		if _, ok := keys.Stream(key); ok != opens {
			t.Errorf("a key opens its stream: %v", ok)
		}
	}
	if err := dispatch(t.Context(), []string{"key", "revoke", id, "-data", data}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "shoal key list") {
		t.Error(err)
	}
	if err := dispatch(t.Context(), []string{"key", "add", "show", "-expires", "-1h", "-data", data}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "past") {
		t.Error(err)
	}
}
