package main

import (
	"io"
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

// registered returns the labels of all metrics that services register, and of those that all programs have, by name.
func registered(t *testing.T) map[string][]string {
	t.Helper()
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
	descs := make(chan *prometheus.Desc, 200)
	registry.Describe(descs)
	close(descs)
	described := regexp.MustCompile(`fqName: "(\w+)".*variableLabels: \{([^}]*)\}`)
	all := map[string][]string{}
	for d := range descs {
		m := described.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("cannot read %s", d)
		}
		all[m[1]] = split(m[2])
	}
	common, err := newDesk(newFlags("test", "", io.Discard)).registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range common {
		all[family.GetName()] = nil
	}
	return all
}

// TestEveryMetricIsDocumented holds the table of docs/operating.md against what the services register: names and labels.
func TestEveryMetricIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{} // labels by name
	for _, m := range regexp.MustCompile("(?m)^\\| `(shoal_\\w+)` \\| ([a-z, ]*) ?\\|").FindAllStringSubmatch(string(text), -1) {
		documented[m[1]] = split(m[2])
	}
	count := 0
	for name, want := range registered(t) {
		if !strings.HasPrefix(name, "shoal_") {
			continue
		}
		count++
		labels, ok := documented[name]
		if !ok || !slices.Equal(labels, want) {
			t.Errorf("%s has the labels %q, the table says %q", name, want, labels)
		}
		delete(documented, name)
	}
	if count < 40 || len(documented) > 0 {
		t.Errorf("%d metrics are registered; there are no such ones as %v", count, documented)
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
