package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/cmd/shoal/demo"
	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/tracker"
)

const openAPIFile = "../../origin/openapi.json"

func readOpenAPI(t *testing.T) (doc map[string]any) {
	t.Helper()
	b, err := os.ReadFile(openAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// operations returns what a document describes, as "GET /path".
func operations(doc map[string]any) (all []string) {
	for path, item := range doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if slices.Contains([]string{"get", "put", "post", "delete", "options", "patch", "head"}, method) {
				all = append(all, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(all)
	return all
}

// undescribed are patterns of which the document does not tell: what is left over, pages, and what Prometheus and pprof define.
var undescribed = []string{"/", "/{$}", "/metrics", "/ops", "/assets/{file}"}

// TestAnswersAreAsDescribed asks a live origin and a tracker, and checks status, content type and schema of what they answer.
//
// Clause: openapi
func TestAnswersAreAsDescribed(t *testing.T) {
	doc := readOpenAPI(t)
	swarm, err := tracker.New(tracker.Config{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	source, err := origin.New(origin.Config{
		Data: data, RTMPAddr: "127.0.0.1:0", WebRTCAddr: "127.0.0.1:0", Audience: audienceOf(swarm), Log: quiet, Record: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := source.Listen(ctx); err != nil {
		t.Fatal(err)
	}
	keys, err := origin.OpenKeys(data)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Add("demo")
	if err != nil {
		t.Fatal(err)
	}
	broadcast, err := demo.New(source.RTMPAddr().String(), key, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- together(ctx, source.Run, broadcast.Run) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range tick.C { // until the stream can be played
		rw := httptest.NewRecorder()
		source.ServeHTTP(rw, httptest.NewRequestWithContext(ctx, http.MethodGet, "/live/demo/index.m3u8", nil))
		if rw.Code == http.StatusOK {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal(rw.Code, rw.Body)
		}
	}
	keyAPI, controls, probed := source.KeyAPI(), swarm.Controls(), withProbes(source, source)
	asked := map[string]bool{}
	ask := func(handler http.Handler, operation, path, body string, headers ...string) string {
		t.Helper()
		asked[operation] = true
		method, _, _ := strings.Cut(operation, " ")
		r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		rw := httptest.NewRecorder()
		handler.ServeHTTP(rw, r)
		for _, amiss := range described(doc, operation, rw) {
			t.Errorf("%s: %s", operation, amiss)
		}
		return rw.Body.String()
	}
	jsonType := []string{"Content-Type", "application/json"}
	ask(source, "GET /api/v1/streams", "/api/v1/streams", "")
	ask(source, "GET /api/v1/streams/{name}", "/api/v1/streams/demo", "")
	ask(source, "GET /api/v1/streams/{name}", "/api/v1/streams/none", "")
	ask(source, "GET /api/v1/openapi.json", "/api/v1/openapi.json", "")
	ask(source, "GET /live/{name}/index.m3u8", "/live/demo/index.m3u8", "")
	ask(source, "GET /live/{name}/{rendition}/index.m3u8", "/live/demo/v0/index.m3u8", "")
	ask(source, "GET /live/{name}/{rendition}/index.m3u8", "/live/demo/v0/index.m3u8?_HLS_part=1", "")
	ask(source, "GET /live/{name}/{rendition}/{epoch}/{file}", "/live/demo/v0/1/s1.m4s", "")
	ask(source, "GET /live/{name}/thumb.jpg", "/live/demo/thumb.jpg", "")
	ask(source, "GET /live/{name}/thumb.jpg", "/live/none/thumb.jpg", "")
	ask(source, "GET /live/{name}/recordings/{id}/thumb.jpg", "/live/demo/recordings/20260501T200000Z/thumb.jpg", "")
	ask(source, "GET /live/{name}/recordings/{id}/index.m3u8", "/live/demo/recordings/20260501T200000Z/index.m3u8", "")
	ask(source, "GET /live/{name}/recordings/{id}/{rendition}/index.m3u8", "/live/demo/recordings/20260501T200000Z/v0/index.m3u8", "")
	ask(source, "GET /api/v1/streams/{name}/recordings", "/api/v1/streams/demo/recordings", "")
	ask(source, "GET /api/v1/recordings", "/api/v1/recordings", "")
	ask(source, "GET /whip/{name}", "/whip/demo", "")
	ask(source, "OPTIONS /whip/{name}", "/whip/demo", "")
	ask(source, "POST /whip/{name}", "/whip/demo", "")
	ask(source, "POST /whip/{name}", "/whip/demo", "", "Authorization", "Bearer "+key)
	ask(source, "DELETE /whip/{name}/{session}", "/whip/demo/none", "", "Authorization", "Bearer "+key)
	ask(source, "PATCH /whip/{name}/{session}", "/whip/demo/none", "", "Authorization", "Bearer "+key)
	ask(source, "GET /whep/{name}", "/whep/demo", "")
	ask(source, "GET /whep/{name}", "/whep/demo", "", "Authorization", "Bearer "+key)
	ask(source, "OPTIONS /whep/{name}", "/whep/demo", "")
	ask(source, "POST /whep/{name}", "/whep/demo", "", "Authorization", "Bearer "+key)
	ask(source, "DELETE /whep/{name}/{session}", "/whep/demo/none", "", "Authorization", "Bearer "+key)
	ask(source, "PATCH /whep/{name}/{session}", "/whep/demo/none", "", "Authorization", "Bearer "+key)
	ask(probed, "GET /healthz", "/healthz", "")
	ask(probed, "GET /readyz", "/readyz", "")
	ask(swarm.Stats(), "GET /api/v1/swarm", "/api/v1/swarm", "")
	ask(swarm, "GET /tracker", "/tracker", "")
	ask(controls, "GET /api/v1/control", "/api/v1/control", "")
	ask(controls, "GET /api/v1/control/{name}", "/api/v1/control/demo", "")
	ask(controls, "GET /api/v1/control/{name}", "/api/v1/control/a.b", "")
	ask(controls, "PUT /api/v1/control/{name}", "/api/v1/control/demo", `{"share":0.5}`, jsonType...)
	ask(controls, "PATCH /api/v1/control/{name}", "/api/v1/control/demo", `{"share":2}`, jsonType...)
	ask(controls, "PATCH /api/v1/control/{name}", "/api/v1/control/demo", `{}`, "Origin", "http://localhost")
	made := ask(keyAPI, "POST /api/v1/keys", "/api/v1/keys", `{"name":"other","note":"x","expires":"2999-01-01T00:00:00Z"}`, jsonType...)
	ask(keyAPI, "POST /api/v1/keys", "/api/v1/keys", `{}`, jsonType...)
	ask(keyAPI, "POST /api/v1/keys", "/api/v1/keys", `{}`)
	ask(keyAPI, "GET /api/v1/keys", "/api/v1/keys", "")
	var one struct{ ID string }
	if err := json.Unmarshal([]byte(made), &one); err != nil {
		t.Fatal(err)
	}
	ask(keyAPI, "DELETE /api/v1/keys/{id}", "/api/v1/keys/"+one.ID, "")
	ask(keyAPI, "DELETE /api/v1/keys/{id}", "/api/v1/keys/"+one.ID, "", "Origin", "null")
	ask(keyAPI, "DELETE /api/v1/keys", "/api/v1/keys", "")
	ask(keyAPI, "DELETE /api/v1/keys", "/api/v1/keys?name=none", "")
	desk := newDesk(newFlags("test", "", io.Discard))
	desk.steer(swarm)
	desk.issue(source)
	board, err := desk.operate(desk.paths, []service{source, swarm})
	if err != nil {
		t.Fatal(err)
	}
	local := func(operation, path, body string, headers ...string) string {
		t.Helper()
		return ask(board, operation, "http://localhost:9090"+path, body, headers...)
	}
	noted := make(chan error, 1)
	go func() { noted <- board.Run(ctx) }()
	for range tick.C { // until there is a point
		if !strings.Contains(local("GET /api/v1/ops/history", "/api/v1/ops/history", ""), `"at":[]`) {
			break
		}
	}
	defer func() {
		cancel()
		<-noted
	}()
	local("GET /api/v1/service", "/api/v1/service", "")
	local("GET /api/v1/cells/{name}", "/api/v1/cells/demo", "")
	local("GET /api/v1/cells/{name}", "/api/v1/cells/a.b", "")
	local("GET /api/v1/ops", "/api/v1/ops", "")
	ask(board, "GET /api/v1/ops", "http://evil.example/api/v1/ops", "")
	local("GET /api/v1/ops/history", "/api/v1/ops/history?stream=none", "")
	local("GET /api/v1/ops/cells/{name}", "/api/v1/ops/cells/demo", "")
	local("GET /api/v1/ops/cells/{name}", "/api/v1/ops/cells/a.b", "")
	local("PATCH /api/v1/ops/control/{name}", "/api/v1/ops/control/demo", `{"p2p":false}`, "Content-Type", "application/json", "Origin", "http://localhost:9090")
	local("PATCH /api/v1/ops/control/{name}", "/api/v1/ops/control/demo", `{"share":2}`, jsonType...)
	local("PUT /api/v1/ops/control/{name}", "/api/v1/ops/control/demo", `{}`, jsonType...)
	local("PUT /api/v1/ops/control/{name}", "/api/v1/ops/control/demo", `{}`, "Content-Type", "application/json", "Origin", "http://evil.example")
	for _, operation := range operations(doc) {
		if !asked[operation] {
			t.Errorf("%s is described, and was not asked", operation)
		}
	}

	// a swarm without viewers is not listed
	var empty any
	b, err := json.Marshal(tracker.StreamStats{Control: tracker.Control{CellSize: 2, Roots: 1}})
	if err == nil {
		err = json.Unmarshal(b, &empty)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, amiss := range (schemas{doc}).check(map[string]any{"$ref": "#/components/schemas/Swarm"}, empty, "swarm") {
		t.Error(amiss)
	}
}

// described tells what of an answer is not as the document says.
func described(doc map[string]any, operation string, rw *httptest.ResponseRecorder) []string {
	method, path, _ := strings.Cut(operation, " ")
	item, _ := doc["paths"].(map[string]any)[path].(map[string]any)
	op, _ := item[strings.ToLower(method)].(map[string]any)
	if op == nil {
		return []string{"it is not described"}
	}
	response, _ := op["responses"].(map[string]any)[strconv.Itoa(rw.Code)].(map[string]any)
	if response == nil {
		return []string{fmt.Sprintf("answers %d, which is not described: %s", rw.Code, rw.Body)}
	}
	content, _ := response["content"].(map[string]any)
	if content == nil {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(rw.Header().Get("Content-Type"))
	form, _ := content[kind].(map[string]any)
	if form == nil {
		return []string{fmt.Sprintf("the content of %d is %s, not %v", rw.Code, kind, slices.Collect(maps.Keys(content)))}
	}
	if kind != "application/json" {
		return nil
	}
	var value any
	if err := json.Unmarshal(rw.Body.Bytes(), &value); err != nil {
		return []string{err.Error()}
	}
	return schemas{doc}.check(form["schema"].(map[string]any), value, strconv.Itoa(rw.Code))
}
