package main

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shoal-live/shoal/token"
	"github.com/shoal-live/shoal/tracker"
)

func TestToken(t *testing.T) {
	site := filepath.Join(t.TempDir(), "keys.json")
	run := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if err := dispatch(t.Context(), append([]string{"token"}, args...), &out); err != nil {
			t.Fatalf("token %v: %v", args, err)
		}
		return strings.TrimSpace(out.String())
	}
	run("key", "-key", site)
	old := run("make", "-key", site, "-stream", "demo", "-for", "1h")
	run("key", "-key", site)
	text := run("make", "-key", site, "-stream", "*", "-for", "1h", "-no-upload", "-prefix", "192.0.2.0/24", "-audience", "a", "-id", "n")
	if info, err := os.Stat(site); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the keys: %v, %v", info.Mode(), err)
	}
	public, err := token.ParseKeys([]byte(run("public", "-key", site)))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := public.Check(text, "a", time.Now()); err != nil || c.Stream != "*" || !c.NoUpload || c.Prefix.String() != "192.0.2.0/24" || c.Name != "n" {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := public.Check(old, "", time.Now()); err != nil || c.Stream != "demo" || c.NoUpload {
		t.Errorf("a token of the older key: %+v, %v", c, err)
	}
}

// TestTokensOfOneSecond: whoever makes tokens for two viewers at once gets two, and -id alone makes them one.
func TestTokensOfOneSecond(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := dispatch(t.Context(), []string{"token", "key", "-key", file}, io.Discard); err != nil {
		t.Fatal(err)
	}
	keys, err := readTokenKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	counted := func(more ...string) token.ID {
		var out bytes.Buffer
		if err := dispatch(t.Context(), append([]string{"token", "make", "-key", file, "-stream", "demo"}, more...), &out); err != nil {
			t.Fatal(err)
		}
		c, err := keys.Check(strings.TrimSpace(out.String()), "", time.Now())
		if err != nil || c.Name == "" {
			t.Errorf("%+v, %v", c, err)
		}
		return c.ID
	}
	seen := map[token.ID]bool{}
	for range 20 {
		seen[counted()] = true
	}
	if len(seen) != 20 {
		t.Errorf("20 tokens are counted as %d", len(seen))
	}
	if counted("-id", "n") != counted("-id", "n", "-for", "2h") {
		t.Error("tokens of one -id are not counted as one")
	}
}

// TestTrackersNeedPublicKeys: a tracker that is given private keys warns, once, and one whose file is not there says whence it comes.
func TestTrackersNeedPublicKeys(t *testing.T) {
	var private, secret *token.Keys
	private, err := private.With(token.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	if secret, err = secret.With(token.HS256); err != nil {
		t.Fatal(err)
	}
	public, err := private.Public()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keys *token.Keys
		want int
	}{"private": {private, 1}, "public": {public, 0}, "secret": {secret, 0}, "none": {nil, 0}} {
		var said bytes.Buffer
		if _, err := newTracker(tracker.Config{Tokens: c.keys, Log: slog.New(slog.NewTextHandler(&said, nil))}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(said.String(), "shoal token public"); n != c.want {
			t.Errorf("%s: warned %d times: %s", name, n, said.String())
		}
	}
	err = dispatch(t.Context(), []string{"tracker", "-token-keys", filepath.Join(t.TempDir(), "none")}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "shoal token public") || !strings.Contains(err.Error(), "shoal token key") {
		t.Error(err)
	}
}

func TestTokenRefuses(t *testing.T) {
	folder := t.TempDir()
	good, broken, secret := filepath.Join(folder, "good"), filepath.Join(folder, "broken"), filepath.Join(folder, "secret")
	os.WriteFile(broken, []byte("secret"), 0o600)
	for file, alg := range map[string]string{good: token.EdDSA, secret: token.HS256} {
		if err := dispatch(t.Context(), []string{"token", "key", "-alg", alg, "-key", file}, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"nothing":            {nil, "want key, public or make"},
		"another word":       {[]string{"list", "-key", good}, "want key, public or make"},
		"another word alone": {[]string{"bogus"}, "no \"bogus\": want key, public or make"},
		"no folder":          {[]string{"key", "-key", filepath.Join(folder, "none", "k.json")}, "there is no folder " + filepath.Join(folder, "none")},
		"no file":            {[]string{"make", "-stream", "demo"}, "-key FILE"},
		"a file not there":   {[]string{"make", "-stream", "demo", "-key", filepath.Join(folder, "none")}, "shoal token key -key"},
		"a broken file":      {[]string{"make", "-stream", "demo", "-key", broken}, "JWK Set"},
		"added to it":        {[]string{"key", "-key", broken}, "JWK Set"},
		"another alg":        {[]string{"key", "-alg", "none", "-key", good}, "choose EdDSA or HS256"},
		"no stream":          {[]string{"make", "-key", good}, "-stream NAME"},
		"an odd stream":      {[]string{"make", "-key", good, "-stream", "a/b"}, "A-Z a-z"},
		"no time":            {[]string{"make", "-key", good, "-stream", "demo", "-for", "0s"}, "-for"},
		"an odd prefix":      {[]string{"make", "-key", good, "-stream", "demo", "-prefix", "10/8"}, "CIDR"},
		"public secret":      {[]string{"public", "-key", secret}, "no public half"},
		"too long":           {[]string{"make", "-key", good, "-stream", "demo", "-id", strings.Repeat("a", 2000)}, "longer than"},
	} {
		err := dispatch(t.Context(), append([]string{"token"}, c.args...), io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want words of %q", name, err, c.says)
		}
	}
	if b, _ := os.ReadFile(broken); string(b) != "secret" {
		t.Error("a file that was not understood is changed")
	}
}

// TestViewerKeyFlags: -viewer-key is for edges and trackers, -token-keys for trackers alone, and what does not go together is refused.
func TestViewerKeyFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := dispatch(t.Context(), []string{"token", "key", "-key", file}, io.Discard); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct{ args, want string }{
		{"edge -viewer-key " + none, "shoal token public"},
		{"edge -token-audience a", "-viewer-key"},
		{"edge -viewer-key token_test.go", "JWK Set"},
		{"tracker -viewer-key " + none, "shoal token public"},
		{"tracker -token-audience a", "-viewer-key"},
		{"up -token-audience a", "-viewer-key"},
		{"up -viewer-key " + none, "shoal token public"},
		{"up -viewer-key " + file + " -token-keys " + none, "leave one of them out"},
		{"tracker -viewer-key " + file + " -token-keys " + none, "leave one of them out"},
	} {
		args := append(strings.Fields(c.args), "-http", "127.0.0.1:0", "-admin", "127.0.0.1:0")
		if err := dispatch(t.Context(), args, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.args, err, c.want)
		}
	}
}
