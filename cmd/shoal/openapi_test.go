package main

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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

// undescribed are patterns of which the document does not tell: what is left over, and what Prometheus and pprof define.
var undescribed = []string{"/", "/metrics"}

// TestEveryRouteIsDescribed holds the document against the patterns that stand in the source.
//
// Clause: openapi
func TestEveryRouteIsDescribed(t *testing.T) {
	described := operations(readOpenAPI(t))
	found := patterns(t, "../../origin", "../../tracker", ".")
	if len(found) < 15 {
		t.Fatal("the patterns are not where this test looks for them:", found)
	}
	for _, pattern := range found {
		method, path, _ := strings.Cut(pattern, " ")
		if path == "" {
			method, path = "", pattern
		}
		if slices.Contains(undescribed, path) || strings.HasPrefix(path, "/debug/") || len(path) > 1 && strings.HasSuffix(path, "/") {
			continue
		}
		if !slices.ContainsFunc(described, func(d string) bool {
			m, p, _ := strings.Cut(d, " ")
			return p == path && (method == "" || m == method)
		}) {
			t.Errorf("%s does not describe %q", openAPIFile, pattern)
		}
	}
	for _, d := range described {
		_, path, _ := strings.Cut(d, " ")
		if !slices.Contains(found, d) && !slices.Contains(found, path) {
			t.Errorf("%s describes %q, and no mux has it", openAPIFile, d)
		}
	}
}

// patterns returns what is given to Handle and HandleFunc in the source of some folders.
func patterns(t *testing.T, dirs ...string) (all []string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			all = append(all, patternsIn(t, path)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func patternsIn(t *testing.T, dir string) (all []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var parsed []*ast.File
	constants := map[string]ast.Expr{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == len(spec.Names) {
				for i, name := range spec.Names {
					constants[name.Name] = spec.Values[i]
				}
			}
			return true
		})
	}
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			if method, ok := call.Fun.(*ast.SelectorExpr); ok && (method.Sel.Name == "Handle" || method.Sel.Name == "HandleFunc") {
				if text, ok := constant(call.Args[0], constants); ok && strings.Contains(text, "/") {
					all = append(all, text)
				}
			}
			return true
		})
	}
	return all
}

// constant returns the text of an expression, if it is one.
func constant(e ast.Expr, constants map[string]ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.Ident:
		if value, ok := constants[e.Name]; ok {
			return constant(value, constants)
		}
	case *ast.BinaryExpr:
		x, first := constant(e.X, constants)
		y, second := constant(e.Y, constants)
		return x + y, first && second && e.Op == token.ADD
	}
	return "", false
}

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
	ask(source, "GET /live/{name}/recordings/{id}/index.m3u8", "/live/demo/recordings/20260501T200000Z/index.m3u8", "")
	ask(source, "GET /live/{name}/recordings/{id}/{rendition}/index.m3u8", "/live/demo/recordings/20260501T200000Z/v0/index.m3u8", "")
	ask(source, "GET /api/v1/streams/{name}/recordings", "/api/v1/streams/demo/recordings", "")
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

// TestSchemasRefuse: a checker that finds nothing amiss proves nothing.
func TestSchemasRefuse(t *testing.T) {
	s := schemas{readOpenAPI(t)}
	key := map[string]any{"$ref": "#/components/schemas/Key"}
	good := `{"id":"x","name":"a","added":"2026-01-02T03:04:05Z","note":"","expires":null,"passing":false}`
	for _, c := range []struct{ old, new string }{
		{"", ""}, {`"id":"x",`, ""}, {`"passing":false`, `"passing":0`}, {"03:04:05Z", "25:00"}, {`"note"`, `"hash":"","note"`}, {good, "[]"},
	} {
		var value any
		if err := json.Unmarshal([]byte(strings.Replace(good, c.old, c.new, 1)), &value); err != nil {
			t.Fatal(err)
		}
		if amiss := s.check(key, value, "key"); (len(amiss) == 0) != (c.old == "") {
			t.Errorf("%q for %q: %v", c.new, c.old, amiss)
		}
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

// schemas checks values against the part of JSON Schema that the document uses. It is stricter in one thing: what is not described
// must not be there.
type schemas struct{ doc map[string]any }

func (s schemas) check(schema map[string]any, value any, at string) (amiss []string) {
	schema = s.flat(schema)
	kinds, _ := schema["type"].([]any)
	if one, ok := schema["type"].(string); ok {
		kinds = []any{one}
	}
	if kind := kindOf(value); !slices.Contains(kinds, any(kind)) && !(kind == "integer" && slices.Contains(kinds, any("number"))) {
		return []string{fmt.Sprintf("%s: %v is %s, want %v", at, value, kind, kinds)}
	}
	if one, ok := schema["enum"].([]any); ok && !slices.Contains(one, value) {
		amiss = append(amiss, fmt.Sprintf("%s: %v is none of %v", at, value, one))
	}
	switch value := value.(type) {
	case string:
		if _, err := time.Parse(time.RFC3339Nano, value); schema["format"] == "date-time" && err != nil {
			amiss = append(amiss, fmt.Sprintf("%s: %q is no time", at, value))
		}
	case float64:
		if least, ok := schema["minimum"].(float64); ok && value < least {
			amiss = append(amiss, fmt.Sprintf("%s: %v is below %v", at, value, least))
		}
		if most, ok := schema["maximum"].(float64); ok && value > most {
			amiss = append(amiss, fmt.Sprintf("%s: %v is above %v", at, value, most))
		}
	case []any:
		for i, each := range value {
			amiss = append(amiss, s.check(schema["items"].(map[string]any), each, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := value[name.(string)]; !ok {
				amiss = append(amiss, fmt.Sprintf("%s lacks %s", at, name))
			}
		}
		for name, each := range value {
			if of, ok := properties[name].(map[string]any); ok {
				amiss = append(amiss, s.check(of, each, at+"."+name)...)
			} else if properties != nil {
				amiss = append(amiss, fmt.Sprintf("%s.%s is not described", at, name))
			}
		}
	}
	return amiss
}

// flat follows a $ref, and makes one schema of an allOf.
func (s schemas) flat(schema map[string]any) map[string]any {
	if ref, ok := schema["$ref"].(string); ok {
		at := any(s.doc)
		for word := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			at = at.(map[string]any)[word]
		}
		return s.flat(at.(map[string]any))
	}
	all, ok := schema["allOf"].([]any)
	if !ok {
		return schema
	}
	properties, required := map[string]any{}, []any{}
	for _, each := range all {
		of := s.flat(each.(map[string]any))
		maps.Copy(properties, of["properties"].(map[string]any))
		required = append(required, of["required"].([]any)...)
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

func kindOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if value == float64(int64(value)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
