package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// What is deployed is described in files that nothing compiles: these tests hold them against the program. Unknown fields are errors.

// A flagList is what shoal COMMAND -h says: its flags, and the defaults of those that are addresses.
type flagList map[string]string

func describeCommand(t *testing.T, name string) flagList {
	t.Helper()
	var out bytes.Buffer
	dispatch(t.Context(), []string{name, "-h"}, &out)
	flags := flagList{}
	for _, m := range regexp.MustCompile(`(?m)^  -([a-z0-9-]+)\b(.*?)(?:\(default (\S+)\))?$`).FindAllStringSubmatch(out.String(), -1) {
		flags[m[1]] = m[3]
	}
	if len(flags) == 0 {
		t.Fatalf("shoal %s has no flags: %s", name, out.String())
	}
	return flags
}

// listening are the flags of addresses, with what they are listened on by.
var listening = map[string][]string{
	"http": {"TCP"}, "admin": {"TCP"}, "rtmp": {"TCP"}, "rtmps": {"TCP"}, "webrtc": {"TCP", "UDP"}, "stun": {"UDP"}, "turn": {"UDP"},
}

// deployed checks what a command is started with, and returns where it listens, as "UDP 3478".
func deployed(t *testing.T, where string, args []string, env map[string]string) (listens []string) {
	t.Helper()
	if len(args) != 1 || !slices.ContainsFunc(commands(), func(c command) bool { return c.name == args[0] }) {
		t.Errorf("%s: %q is no command", where, args)
		return nil
	}
	flags := describeCommand(t, args[0])
	t.Run(where, func(t *testing.T) { // for what is set in the environment
		for key, value := range env {
			name, ours := strings.CutPrefix(key, "SHOAL_")
			if !ours {
				continue
			}
			if _, ok := flags[strings.ReplaceAll(strings.ToLower(name), "_", "-")]; !ok {
				t.Errorf("shoal %s has no flag for %s", args[0], key)
			}
			t.Setenv(key, value)
		}
		if _, wrong := errors.AsType[usageError](dispatch(t.Context(), append(args, "-h"), io.Discard)); wrong {
			t.Errorf("shoal %s does not take %v", args[0], env)
		}
	})
	for name, networks := range listening {
		address, there := flags[name]
		if set, ok := env[environment(name)]; ok {
			address = set
		}
		if _, port, err := net.SplitHostPort(address); there && err == nil {
			for _, network := range networks {
				listens = append(listens, network+" "+port)
			}
		}
	}
	return listens
}

// decode reads a YAML document strictly.
func decode[T any](t *testing.T, file string) T {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return decodeText[T](t, file, string(b))
}

func decodeText[T any](t *testing.T, file, text string) (one T) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&one); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if d.Decode(new(any)) != io.EOF {
		t.Fatalf("%s: more than one document", file)
	}
	return one
}

// documents returns the documents of a file by what they are, as "Service edge".
func documents(t *testing.T, file string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for text := range strings.SplitSeq(string(b), "\n---\n") {
		var is struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal([]byte(text), &is); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		key := is.Kind + " " + is.Metadata.Name
		if _, twice := all[key]; twice || is.Kind == "" || is.Metadata.Name == "" {
			t.Errorf("%s: %q stands there twice, or is nothing", file, key)
		}
		all[key] = text
	}
	return all
}

type composed struct {
	Shared   any `yaml:"x-shoal"`
	Services map[string]struct {
		Image       string
		Build       string
		Restart     string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Grace       string   `yaml:"stop_grace_period"`
		Ulimits     map[string]int
		Command     []string
		Environment map[string]string
		Ports       []string
		Volumes     []string
		DependsOn   []string `yaml:"depends_on"`
	}
	Volumes map[string]any
}

// TestCompose holds docker-compose.yml against the program, and Prometheus's targets against it.
func TestCompose(t *testing.T) {
	compose := decode[composed](t, "../../docker-compose.yml")
	var targets []string
	for _, job := range decode[struct {
		Global  map[string]string
		Scrapes []struct {
			Job    string                       `yaml:"job_name"`
			Static []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}](t, "../../docs/prometheus.yml").Scrapes {
		targets = append(targets, job.Static[0].Targets...)
	}
	variable := regexp.MustCompile(`\$\{\w+:-([^}]*)\}`)
	count := map[string]int{}
	for name, s := range compose.Services {
		for _, other := range s.DependsOn {
			if _, ok := compose.Services[other]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, other)
			}
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if _, named := compose.Volumes[from]; named {
				continue
			}
			if _, err := os.Stat(filepath.Join("../..", from)); err != nil || !strings.HasPrefix(from, "./") {
				t.Errorf("%s mounts %s: %v", name, from, err)
			}
		}
		if s.Image != "shoal" {
			if !regexp.MustCompile(`^[a-z/]+:[a-z0-9.-]+$`).MatchString(s.Image) {
				t.Errorf("%s: %s has no version", name, s.Image)
			}
			continue
		}
		count[s.Command[0]]++
		env := map[string]string{}
		for key, value := range s.Environment {
			env[key] = variable.ReplaceAllString(value, "$1")
		}
		listens := deployed(t, "compose "+name, s.Command, env)
		for _, published := range s.Ports {
			port, network, _ := strings.Cut(published[strings.LastIndexByte(published, ':')+1:], "/")
			if network == "" {
				network = "tcp"
			}
			if at := strings.ToUpper(network) + " " + port; !slices.Contains(listens, at) {
				t.Errorf("%s publishes %s, and listens on %q", name, at, listens)
			}
		}
		_, port, _ := net.SplitHostPort(env["SHOAL_ADMIN"])
		if target := name + ":" + port; !slices.Contains(targets, target) {
			t.Errorf("Prometheus does not ask %s", target)
		}
		if !slices.Contains(strings.Split(env["SHOAL_OPS_HOST"], ","), name) {
			t.Errorf("%s does not answer Prometheus: SHOAL_OPS_HOST is %q", name, env["SHOAL_OPS_HOST"])
		}
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s may do more than it needs", name)
		}
		if s.Command[0] == "origin" && slices.ContainsFunc(s.Ports, func(p string) bool { return strings.HasSuffix(p, ":8081") }) {
			t.Error("the origin's HTTP, which asks for no token, is open to everybody")
		}
	}
	if count["origin"] != 1 || count["edge"] != 2 || count["tracker"] != 2 || len(targets) != 5 {
		t.Errorf("there are %v, and %d targets", count, len(targets))
	}
	for _, file := range []string{"datasource.yml", "dashboards.yml"} {
		decode[map[string]any](t, "../../docs/grafana/"+file)
	}
}

// TestDockerfile: what it names is there, and what it exposes is listened on by what it starts.
func TestDockerfile(t *testing.T) {
	b, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if word, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok && word != "#" {
			said[word] = rest
		}
	}
	key, value, _ := strings.Cut(said["ENV"], "=")
	listens := deployed(t, "Dockerfile", []string{strings.Trim(said["CMD"], `["]`)}, map[string]string{key: value})
	for port := range strings.FieldsSeq(said["EXPOSE"]) {
		number, network, udp := strings.Cut(port, "/")
		if !udp {
			network = "tcp"
		}
		if at := strings.ToUpper(network) + " " + number; !slices.Contains(listens, at) {
			t.Errorf("%s is exposed; listened on are %q", at, listens)
		}
	}
	if said["FROM"] != "scratch" || said["USER"] != "65532:65532" || said["VOLUME"] != value || !strings.HasSuffix(said["HEALTHCHECK"], `["/shoal", "check"]`) {
		t.Errorf("%v", said)
	}
}

// TestDashboard: each query of the dashboard is about metrics that the services register, and labels that these have.
func TestDashboard(t *testing.T) {
	b, err := os.ReadFile("../../docs/grafana/shoal.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Type    string
			Targets []struct{ Expr string }
		}
		Templating struct{ List []struct{ Query string } }
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	metrics := registered(t)
	found := 0
	check := func(title, expr string) {
		var labels []string
		for _, name := range regexp.MustCompile(`\b(?:shoal|go|process)_\w+`).FindAllString(expr, -1) {
			own, ok := metrics[name]
			if !ok {
				t.Errorf("%s: nobody registers %s", title, name)
			}
			found++
			labels = append(labels, own...)
		}
		used := regexp.MustCompile(`(\w+)\s*(?:=~|!=|=)\s*"`).FindAllStringSubmatch(expr, -1)
		for _, by := range regexp.MustCompile(`\bby \(([^)]*)\)`).FindAllStringSubmatch(expr, -1) {
			for _, label := range split(by[1]) {
				used = append(used, []string{"", label})
			}
		}
		for _, m := range used {
			if m[1] != "instance" && m[1] != "job" && !slices.Contains(labels, m[1]) {
				t.Errorf("%s: the metrics of %s have no label %s", title, expr, m[1])
			}
		}
	}
	for _, p := range board.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s asks nothing", p.Title)
		}
		for _, target := range p.Targets {
			check(p.Title, target.Expr)
		}
	}
	for _, v := range board.Templating.List {
		check("a variable", v.Query)
	}
	if found < 40 {
		t.Errorf("%d metrics are asked for", found)
	}
}

// TestOperatingEnvironments: what docs/operating.md sets in the environment of services is of flags that there are.
func TestOperatingEnvironments(t *testing.T) {
	b, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, m := range regexp.MustCompile("(?m)^# /etc/shoal/([a-z]+)\\.env\n((?:SHOAL_.*\n)+)").FindAllStringSubmatch(string(b), -1) {
		files++
		env := map[string]string{}
		for line := range strings.Lines(m[2]) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			env[key] = value
		}
		deployed(t, m[1]+".env", []string{m[1]}, env)
	}
	if files != 3 {
		t.Errorf("%d files of an environment were found", files)
	}
}
