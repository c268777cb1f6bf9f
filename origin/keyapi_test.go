package origin

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ask makes a request to the key API; headers are pairs.
func (h *house) ask(t testing.TB, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rw := httptest.NewRecorder()
	h.KeyAPI().ServeHTTP(rw, r)
	return rw
}

// Clause: keys
func TestKeyAPI(t *testing.T) {
	h := open(t)
	made := h.ask(t, "POST", keysPath, `{"name":"show","note":"camera 2","expires":"2999-01-01T00:00:00Z"}`)
	var one shownKey
	if err := json.Unmarshal(made.Body.Bytes(), &one); err != nil || made.Code != http.StatusCreated || len(one.Key) != 32 || len(one.ID) != idLength ||
		made.Header().Get("Location") != keysPath+"/"+one.ID || made.Header().Get("Cache-Control") != "no-store" {
		t.Fatal(made.Code, made.Header(), made.Body)
	}
	if name, ok := h.keys.Stream(one.Key); !ok || name != "show" {
		t.Fatal("the key that was made does not open its stream")
	}
	listed := h.ask(t, "GET", keysPath, "")
	var all struct{ Keys []shownKey }
	if err := json.Unmarshal(listed.Body.Bytes(), &all); err != nil || len(all.Keys) != 2 || all.Keys[1].ID != one.ID ||
		all.Keys[1].Note != "camera 2" || all.Keys[1].Expires == nil || all.Keys[0].Expires != nil {
		t.Fatal(listed.Body)
	}
	for _, secret := range []string{one.Key, hash(one.Key), h.key, hash(h.key)} {
		if strings.Contains(listed.Body.String(), secret) {
			t.Error("the list has a secret")
		}
	}
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		want                     int
		say                      string
	}{
		{"a web page", "POST", keysPath, `{"name":"x"}`, []string{"Origin", "http://127.0.0.1:9090"}, 403, "Origin"},
		{"a web page", "DELETE", keysPath + "/" + one.ID, "", []string{"Origin", "null"}, 403, "Origin"},
		{"a form", "POST", keysPath, `{"name":"x"}`, []string{"Content-Type", "text/plain"}, 415, "application/json"},
		{"no name", "POST", keysPath, `{}`, nil, 400, "stream name"},
		{"a path", "POST", keysPath, `{"name":"../x"}`, nil, 400, "stream name"},
		{"two lines", "POST", keysPath, `{"name":"x","note":"a\nb"}`, nil, 400, "one line"},
		{"the past", "POST", keysPath, `{"name":"x","expires":"2001-01-01T00:00:00Z"}`, nil, 400, "past"},
		{"a key of one's own", "POST", keysPath, `{"name":"x","key":"secret"}`, nil, 400, "unknown field"},
		{"two objects", "POST", keysPath, `{"name":"x"}{}`, nil, 400, "follows"},
		{"too long", "POST", keysPath, `{"name":"` + strings.Repeat("x", maxKeyWish) + `"}`, nil, 400, "JSON object"},
		{"all of them", "DELETE", keysPath, "", nil, 400, "say which"},
		{"no such ID", "DELETE", keysPath + "/none", "", nil, 404, "GET " + keysPath},
		{"no such stream", "DELETE", keysPath + "?name=none", "", nil, 404, "GET " + keysPath},
		{"one", "DELETE", keysPath + "/" + one.ID, "", nil, 200, ""},
		{"the same again", "DELETE", keysPath + "/" + one.ID, "", nil, 404, ""},
		{"those of a stream", "DELETE", keysPath + "?name=demo", "", nil, 200, ""},
	} {
		rw := h.ask(t, c.method, c.path, c.body, c.headers...)
		var said struct {
			Error   string
			Removed int
		}
		err := json.Unmarshal(rw.Body.Bytes(), &said)
		if err != nil || rw.Code != c.want || !strings.Contains(said.Error, c.say) || rw.Header().Get("Content-Type") != "application/json" ||
			(rw.Code == 200) != (said.Removed == 1) || (rw.Code == 200) == (said.Error != "") {
			t.Errorf("%s: %d %s, want %d and %q", c.name, rw.Code, rw.Body, c.want, c.say)
		}
	}
	if list, err := h.keys.List(); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	if rw := h.get(t, keysPath); rw.Code != 404 {
		t.Error("keys are listed to anybody who asks:", rw.Code)
	}
}

// TestRevoked ends a broadcast by RTMP with the next look at the keys, one each second, be its key removed by the API or, as shoal key does, in the file. A key
// of the same stream is not concerned, nor one that is over.
//
// Clause: keys
func TestRevoked(t *testing.T) {
	for name, remove := range map[string]func(*testing.T, *house, Key){
		"by the API":  func(t *testing.T, h *house, k Key) { h.ask(t, "DELETE", keysPath+"/"+k.ID, "") },
		"in the file": func(t *testing.T, h *house, k Key) { revokeElsewhere(t, h.config.Data, k.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			other, _, err := h.keys.Issue(Key{Name: "demo", Expires: time.Now().Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			all, err := h.keys.List()
			if err != nil {
				t.Fatal(err)
			}
			own := all[0]
			c := h.publish(t, 5*time.Second)
			defer c.Close()
			if rw := h.get(t, "/live/demo/index.m3u8"); rw.Code != 200 {
				t.Fatal(rw.Body)
			}
			h.ask(t, "DELETE", keysPath+"/"+all[1].ID, "")
			if _, ok := h.keys.Stream(other); ok {
				t.Fatal("not removed")
			}
			if h.endRevoked(); h.streams.Get("demo").Describe().State != "live" {
				t.Fatal("another key of the stream was removed, and the broadcast ended")
			}
			began := time.Now()
			remove(t, h, own)
			if err := c.NetConn().SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, c.NetConn()); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 5*time.Second || keyCheck > time.Second { // the machine may be busy
				t.Error("the connection ended after", took)
			}
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for h.streams.Get("demo").Describe().State != "ended" {
				if now := <-tick.C; now.Sub(began) > 15*time.Second {
					t.Fatal(h.streams.Get("demo").Describe().State)
				}
			}
		})
	}
}

func revokeElsewhere(t *testing.T, data, id string) {
	t.Helper()
	keys, err := OpenKeys(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Revoke(id); err != nil {
		t.Fatal(err)
	}
}

// Clause: keys
func TestExpiry(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	_, k, err := Key{Name: "show", Expires: now.Add(time.Hour)}.make(now)
	if err != nil {
		t.Fatal(err)
	}
	for after, over := range map[time.Duration]bool{0: false, time.Hour - 1: false, time.Hour: true, 2 * time.Hour: true} {
		if k.over(now.Add(after)) != over {
			t.Errorf("after %v it is over: %v", after, !over)
		}
	}
	keys, err := OpenKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err := keys.Issue(Key{Name: "show", Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := keys.Stream(secret); !ok {
		t.Error("not yet over")
	}
	keys.keys[0].Expires = time.Now().Add(-time.Second)
	if _, ok := keys.Stream(secret); ok || !keys.Holds(secret) {
		t.Error("over: it begins no broadcast, and ends none")
	}
}

// TestOldKeys reads a file of before keys had an ID.
func TestOldKeys(t *testing.T) {
	keys, err := parseKeys([]byte(`[{"name":"a","hash":"` + hash("x") + `","added":"2026-01-02T03:04:05Z"}]`))
	if err != nil || len(keys) != 1 || keys[0].ID != hash("x")[:idLength] {
		t.Fatal(keys, err)
	}
}

// TestKeyLog: the log names the stream and the ID of a key that comes or goes, and never the key.
func TestKeyLog(t *testing.T) {
	var log strings.Builder
	o, err := New(Config{Data: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{Origin: o}
	var made [2]shownKey
	for i := range made {
		if err := json.Unmarshal(h.ask(t, "POST", keysPath, `{"name":"show"}`).Body.Bytes(), &made[i]); err != nil {
			t.Fatal(err)
		}
	}
	h.ask(t, "DELETE", keysPath+"/"+made[0].ID, "")
	h.ask(t, "DELETE", keysPath+"?name=show", "")
	said := log.String()
	for _, want := range []string{
		`msg="publish key added" stream=show id=` + made[0].ID, `msg="publish keys removed" id=` + made[0].ID + " keys=1", `msg="publish keys removed" stream=show keys=1`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the log lacks %s: %s", want, said)
		}
	}
	if strings.Contains(said, made[0].Key) || strings.Contains(said, made[1].Key) {
		t.Error("the log has a key")
	}
}
