package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/edge"
	"github.com/shoal-live/shoal/origin"
	"github.com/shoal-live/shoal/origin/archive/upload"
	"github.com/shoal-live/shoal/tracker"
)

// TestEveryMetricIsDocumented holds the table of docs/operating.md against what the services register: names and labels.
func TestEveryMetricIsDocumented(t *testing.T) {
	registry := prometheus.NewRegistry()
	if _, err := origin.New(origin.Config{
		Data: t.TempDir(), Registry: registry, Log: quiet, Record: true,
		Storage: upload.Config{Endpoint: "https://s3.example.com", Bucket: "b", AccessKey: "k", SecretKey: "s"},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := edge.New(edge.Config{Origins: []string{"http://127.0.0.1:1"}, Registry: registry, Log: quiet}); err != nil {
		t.Fatal(err)
	}
	if _, err := tracker.New(tracker.Config{Registry: registry, Log: quiet}); err != nil {
		t.Fatal(err)
	}
	if _, err := newLobby(nil, bounds{}, registry, quiet); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{} // labels by name
	for _, m := range regexp.MustCompile("(?m)^\\| `(shoal_\\w+)` \\| ([a-z, ]*) ?\\|").FindAllStringSubmatch(string(text), -1) {
		documented[m[1]] = split(m[2])
	}
	descs := make(chan *prometheus.Desc, 200)
	registry.Describe(descs)
	close(descs)
	described := regexp.MustCompile(`fqName: "(\w+)".*variableLabels: \{([^}]*)\}`)
	registered := 0
	for d := range descs {
		m := described.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("cannot read %s", d)
		}
		registered++
		labels, ok := documented[m[1]]
		if want := split(m[2]); !ok || !slices.Equal(labels, want) {
			t.Errorf("%s has the labels %q, the table says %q", m[1], want, labels)
		}
		delete(documented, m[1])
	}
	if registered < 40 || len(documented) > 0 {
		t.Errorf("%d metrics are registered; there are no such ones as %v", registered, documented)
	}
}

// split returns the labels of a list, in order.
func split(text string) (labels []string) {
	for label := range strings.SplitSeq(text, ",") {
		if label = strings.TrimSpace(label); label != "" {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}
