package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/edge"
)

func TestFlagsFromEnvironment(t *testing.T) {
	t.Setenv("SHOAL_PUBLIC_IP", "192.0.2.1, 192.0.2.2")
	t.Setenv("SHOAL_HTTP", ":1")
	flags := newFlags("test", "", io.Discard)
	address := flags.String("http", ":0", "")
	var ips list
	flags.Var(&ips, "public-ip", "")
	if err := flags.parseOnly([]string{"-http", ":2"}); err != nil {
		t.Fatal(err)
	}
	if *address != ":2" {
		t.Errorf("http is %s: the flag must win over the environment", *address)
	}
	if want := []string{"192.0.2.1", "192.0.2.2"}; !slices.Equal(ips, want) {
		t.Errorf("public-ip is %q, want %q", ips, want)
	}
}

func TestFlagsRefuse(t *testing.T) {
	for name, test := range map[string]struct {
		environment string
		args        []string
		want        string
	}{
		"bad flag":        {"", []string{"-memory", "lots"}, "memory"},
		"unknown flag":    {"", []string{"-nothing"}, "-nothing"},
		"bad environment": {"lots", nil, "SHOAL_MEMORY"},
		"an argument":     {"", []string{"surplus"}, "surplus"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.environment != "" {
				t.Setenv("SHOAL_MEMORY", test.environment)
			}
			flags := newFlags("test", "", io.Discard)
			var memory size
			flags.Var(&memory, "memory", "")
			err := flags.parseOnly(test.args)
			if _, ok := errors.AsType[usageError](err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a usage error that names %s", err, test.want)
			}
		})
	}
}

// TestNumbersAreChecked: what a service cannot do with is refused by the name of its flag, with what can be.
func TestNumbersAreChecked(t *testing.T) {
	for _, args := range []string{
		"-connections 0", "-connections-per-address -1", "-max-viewers 0", "-viewers-per-address -1", "-joins-per-second 0", "-joins-per-second NaN",
		"-join-burst 0", "-max-streams 0", "-streams-per-address 0", "-roots -1", "-token-viewers 0", "-per-prefix 1", "-per-prefix -1",
		"-turn-allocations -1", "-turn-rate 0",
	} {
		for name, run := range map[string]func(context.Context, []string, io.Writer) error{"tracker": runTracker, "up": up} {
			err := run(t.Context(), append(strings.Fields(args), "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-stun", ""), io.Discard)
			flag, _, _ := strings.Cut(args, " ")
			if _, ok := errors.AsType[usageError](err); !ok || !strings.Contains(err.Error(), flag+" ") || !strings.Contains(err.Error(), "choose ") {
				t.Errorf("%s %s: %v", name, args, err)
			}
		}
	}
}

// TestRecordFlags: what is asked of disks and storage has to go together, and keys are in no message.
func TestRecordFlags(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	for args, want := range map[string]string{
		"-dvr 25h":                 "-dvr 25h0m0s: choose",
		"-record -dvr 2h -keep 1h": "-keep 1h0m0s: recordings would be gone",
		"-record -record-file 5s":  "-record-file 5s: choose",
		"-disk-reserve lots":       "-disk-reserve",
		"-record -s3-endpoint https://hidden:hidden@s3.example.com -s3-bucket b": "keys do not belong there",
		"-record -s3-endpoint s3.example.com -s3-bucket b":                       "want a URL like",
		"-record -s3-endpoint https://s3.example.com":                            "-s3-bucket",
		"-s3-endpoint https://s3.example.com -s3-bucket b":                       "add -record",
		"-record -s3-endpoint https://s3.example.com -s3-bucket b":               "AWS_ACCESS_KEY_ID",
		"-s3-bucket b":           "-s3-bucket b: there are no recordings to copy there: add -record",
		"-record -s3-bucket b":   "-s3-bucket b: it is of a storage that is not named: add its URL, -s3-endpoint",
		"-record -s3-keys /none": "-s3-keys /none: it is of a storage that is not named",
		"-keep 24h":              "-keep 24h0m0s: nothing is recorded: add -record",
		"-dvr 2h -keep 24h":      "-keep 24h0m0s: nothing is recorded: add -record",
		"-record-file 10m":       "-record-file 10m0s: nothing is recorded: add -record",
		"-disk-reserve 2G":       "-disk-reserve 2G: nothing is written to the disk: add -record, or -dvr 2h",
	} {
		for name, run := range map[string]func(context.Context, []string, io.Writer) error{"origin": runOrigin, "up": up} {
			err := run(t.Context(), append(strings.Fields(args), "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0"), io.Discard)
			if _, ok := errors.AsType[usageError](err); !ok || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("%s %s: %v", name, args, err)
			}
		}
	}
}

func TestPositionalArgumentsMayStandFirst(t *testing.T) {
	flags := newFlags("test", "", io.Discard)
	n := flags.Int("n", 1, "")
	positional, err := flags.parse([]string{"first", "-n", "3", "second"})
	if err != nil || *n != 3 || !slices.Equal(positional, []string{"first", "second"}) {
		t.Errorf("got %q, n=%d, %v", positional, *n, err)
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	var all bytes.Buffer
	if err := dispatch(t.Context(), nil, &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range commands() {
		var out bytes.Buffer
		if err := dispatch(t.Context(), []string{c.name, "-h"}, &out); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("shoal %s -h: %v", c.name, err)
		}
		if !strings.HasPrefix(out.String(), "Usage: shoal "+c.name) {
			t.Errorf("shoal %s -h says %q", c.name, out.String())
		}
		if !strings.Contains(all.String(), c.about) {
			t.Errorf("shoal does not list %s", c.name)
		}
	}
	if _, ok := errors.AsType[usageError](dispatch(t.Context(), []string{"nothing"}, io.Discard)); !ok {
		t.Error("an unknown command is no usage error")
	}
}

// TestHelpOfACommand: shoal help COMMAND says what shoal COMMAND -h does, for every command; of what is none it says which there are.
func TestHelpOfACommand(t *testing.T) {
	for _, c := range commands() {
		var asked, helped bytes.Buffer
		dispatch(t.Context(), []string{c.name, "-h"}, &asked)
		for _, word := range []string{"help", "-h", "--help"} {
			helped.Reset()
			if err := dispatch(t.Context(), []string{word, c.name}, &helped); status(err) != 0 || helped.String() != asked.String() {
				t.Errorf("shoal %s %s: %v, says\n%s", word, c.name, err, helped.String())
			}
		}
	}
	var out bytes.Buffer
	err := dispatch(t.Context(), []string{"help", "nosuch"}, &out)
	if status(err) != 2 || out.Len() > 0 {
		t.Errorf("shoal help nosuch: %v, says %s", err, out.String())
	}
	for _, c := range commands() {
		if !strings.Contains(fmt.Sprint(err), c.name) {
			t.Errorf("of %s nothing is said: %v", c.name, err)
		}
	}
	for args, want := range map[string]string{
		"help up extra": `"extra"`, "help -nosuch": "no flag -nosuch", "help -nosuch up": `"up"`, "-h up extra": `"extra"`, "--help -nosuch": "no flag -nosuch", "help up -nosuch": `"-nosuch"`,
	} {
		if err := dispatch(t.Context(), strings.Fields(args), &out); status(err) != 2 || !strings.Contains(err.Error(), want) || out.Len() > 0 {
			t.Errorf("shoal %s: %v, says %s", args, err, out.String())
		}
	}
	for _, args := range []string{"help", "help help", "help -h", "-h --help", "help up -h", "help -h up"} {
		out.Reset()
		if err := dispatch(t.Context(), strings.Fields(args), &out); status(err) != 0 || !strings.Contains(out.String(), "Usage: shoal") {
			t.Errorf("shoal %s: %v, says %s", args, err, out.String())
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]size{"0": 0, "12": 12, "3k": 3 << 10, "512M": 512 << 20, "2G": 2 << 30, "1GiB": 1 << 30, "1T": 1 << 40} {
		var s size
		if err := s.Set(text); err != nil || s != want {
			t.Errorf("%s is %d, %v, want %d", text, s, err, want)
		}
		var back size
		if err := back.Set(s.String()); err != nil || back != s {
			t.Errorf("%d written as %q reads as %d, %v", s, s.String(), back, err)
		}
	}
	for _, text := range []string{"", "M", "-1", "1P", "99999999999G", "9999999T", "1.5G"} {
		if new(size).Set(text) == nil {
			t.Errorf("%q passed as a size", text)
		}
	}
}

// TestTrackerless: an edge that is told of no tracker has pages that share nothing, and another wish beside that is refused.
func TestTrackerless(t *testing.T) {
	const refused = "refused"
	for args, want := range map[string]string{
		"": "off", "-p2p off": "off", "-p2p=": "off", "-p2p on": refused, "-p2p ask": refused, "-tracker /tracker": "", "-tracker=": "off", "-tracker ,": "off", "-tracker= -p2p off": "off", "-tracker= -p2p on": refused, "-tracker= -p2p ask": refused,
		"-tracker /tracker -p2p ask": "ask", "-tracker /tracker -p2p=": "",
	} {
		flags := newFlags("edge [flags]", "", io.Discard)
		var config edge.Config
		flags.Var((*list)(&config.TrackerURLs), "tracker", "")
		flags.StringVar(&config.P2P, "p2p", "", "")
		if err := flags.parseOnly(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if err := trackerless(flags, &config); (err != nil) != (want == refused) || err == nil && config.P2P != want {
			t.Errorf("%s: %q, %v; want %q", args, config.P2P, err, want)
		}
	}
}

// TestUnmet: an edge that names no tracker says once what that means, and which flag names one.
func TestUnmet(t *testing.T) {
	for trackers, want := range map[string]int{"": 1, "/tracker": 0} {
		var said bytes.Buffer
		unmet(slog.New(slog.NewTextHandler(&said, nil)), strings.Fields(trackers))
		if n := strings.Count(said.String(), "level=INFO"); n != want || strings.Count(said.String(), "-tracker") != want {
			t.Errorf("trackers %q: said %s", trackers, said.String())
		}
	}
}

// TestVersion: whichever way the version is asked for, it comes with the commit and the Go that it was built by.
func TestVersion(t *testing.T) {
	said := map[string]bool{}
	for _, word := range []string{"version", "-version", "--version"} {
		var out strings.Builder
		if err := dispatch(t.Context(), []string{word}, &out); err != nil || !strings.HasPrefix(out.String(), "shoal ") || !strings.Contains(out.String(), runtime.Version()) {
			t.Errorf("%s: %q, %v", word, out.String(), err)
		}
		said[out.String()] = true
	}
	if len(said) != 1 {
		t.Errorf("%d answers: %v", len(said), said)
	}
	settings := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "false"}}
	for _, c := range []struct {
		info debug.BuildInfo
		want string
	}{
		{debug.BuildInfo{}, "(devel) (commit not known, go"},
		{debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: settings}, "v1.2.3 (commit 0123456789abcdef, go"},
		{debug.BuildInfo{Settings: []debug.BuildSetting{settings[0], {Key: "vcs.modified", Value: "true"}}}, "(devel) (commit 0123456789abcdef, changed, go"},
	} {
		if got := describeBuild(&c.info); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestEdgeFlags: what an edge cannot do with is refused by the name of its flag.
func TestEdgeFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-parents ,":                   "-parents",
		"-parents p1:8080":             `-parents "p1:8080" is not a base URL`,
		"-origins o:8081":              `-origins "o:8081" is not a base URL`,
		"-disk-size 1G":                "-disk-size",
		"-disk x -disk-size 1M":        "-disk-size",
		"-disk x -disk-size much":      "not a size",
		"-parents http://p -memory 1M": "-memory",
	} {
		err := runEdge(t.Context(), append(strings.Fields(args), "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0"), io.Discard)
		if _, ok := errors.AsType[usageError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := runEdge(t.Context(), []string{"-disk", file, "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0"}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "-disk "+file) {
		t.Errorf("a folder that is a file: %v", err)
	}
}

// TestDoubt: a name in the environment that is nearly a flag's is asked about, and others are nobody's business.
func TestDoubt(t *testing.T) {
	flags := newFlags("edge [flags]", "", io.Discard)
	for _, name := range []string{"memory", "http", "https", "tls-cert"} {
		flags.String(name, "", "")
	}
	var out strings.Builder
	flags.doubt([]string{"SHOAL_MEMROY=1G", "SHOAL_MEMORYS=1", "SHOAL_HTTP=x", "SHOAL_HTTPS=x", "SHOAL_TLS_KEY=x", "SHOAL_BIN=x", "MEMROY=1", "SHOAL_TLSCERT=x"}, &out)
	var asked []string
	for line := range strings.Lines(out.String()) {
		asked = append(asked, strings.Fields(line)[2]+" "+strings.Fields(line)[len(strings.Fields(line))-2])
	}
	if want := []string{"SHOAL_MEMROY SHOAL_MEMORY", "SHOAL_MEMORYS SHOAL_MEMORY", "SHOAL_TLSCERT SHOAL_TLS_CERT"}; !slices.Equal(asked, want) {
		t.Errorf("%q\n%s", asked, &out)
	}
}
