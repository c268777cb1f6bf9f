package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

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
