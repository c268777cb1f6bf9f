package origin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	cli, err := OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	running, err := OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	one, err := cli.Add("one")
	if err != nil || len(one) != 32 {
		t.Fatal(one, err)
	}
	two, err := cli.Add("two")
	if err != nil {
		t.Fatal(err)
	}
	if name, ok := running.Stream(one); !ok || name != "one" {
		t.Fatal("a key added by another process is not seen:", name)
	}
	if name, ok := running.Stream(two); !ok || name != "two" {
		t.Fatal(name)
	}
	for _, wrong := range []string{"", "one", one[:31], one + "0", strings.Repeat("0", 32)} {
		if name, ok := running.Stream(wrong); ok {
			t.Errorf("%q opens %s", wrong, name)
		}
	}
	file := filepath.Join(dir, "publish-keys.json")
	b, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(b), one) {
		t.Fatal("the key itself is in the file")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	if n, err := running.Remove("one"); err != nil || n != 1 {
		t.Fatal(err)
	}
	if _, ok := cli.Stream(one); ok || cli.Named("one") || !cli.Named("two") {
		t.Fatal("a removed key still opens")
	}
	if _, err := cli.Remove("one"); !errors.Is(err, ErrNoKey) {
		t.Fatal(err)
	}
	if list, err := cli.List(); err != nil || len(list) != 1 || list[0].Name != "two" {
		t.Fatal(list, err)
	}
	for _, name := range []string{"", "..", "a/b", "a b", strings.Repeat("x", 65)} {
		if _, err := cli.Add(name); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestRenew takes back the key that was made for the time until then, and no other.
func TestRenew(t *testing.T) {
	keys, err := OpenKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	make := func(how func(string) (string, error), name string) string {
		key, err := how(name)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	kept := make(keys.Add, "one")
	other := make(keys.Renew, "two")
	first := make(keys.Renew, "one")
	second := make(keys.Renew, "one")
	for key, want := range map[string]string{kept: "one", other: "two", first: "", second: "one"} {
		if name, _ := keys.Stream(key); name != want {
			t.Errorf("a key opens %q, want %q", name, want)
		}
	}
	if n, err := keys.Remove("one"); err != nil || n != 2 || keys.Named("one") {
		t.Error("Remove left a key", err)
	}
}

// TestKeysOfMany has many edit the same file at once, each by a store of its own as processes do: no change is lost.
//
// Clause: keys
func TestKeysOfMany(t *testing.T) {
	dir := t.TempDir()
	const stores, each = 8, 10
	var all sync.WaitGroup
	for n := range stores {
		all.Go(func() {
			k, err := OpenKeys(dir)
			if err != nil {
				t.Error(err)
				return
			}
			for range each {
				if _, err := k.Add(fmt.Sprint("of", n)); err != nil {
					t.Error(err)
				}
				_, gone, err := k.Issue(Key{Name: "gone"})
				if err == nil {
					err = k.Revoke(gone.ID)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	k, err := OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := k.List(); err != nil || len(list) != stores*each || k.Named("gone") {
		t.Errorf("%d keys of %d, %v", len(list), stores*each, err)
	}
}

// TestKeysOfNoFolder removes a key where there is no folder, and makes none.
func TestKeysOfNoFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	k, err := OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Remove("one"); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("it is there now")
	}
}

func TestKeysDamaged(t *testing.T) {
	dir := t.TempDir()
	k, err := OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	key, err := k.Add("one")
	if err != nil {
		t.Fatal(err)
	}
	k.Stream(key)
	if err := os.WriteFile(filepath.Join(dir, "publish-keys.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := k.Stream(key); !ok {
		t.Fatal("the keys read before a file was damaged must hold")
	}
	if _, err := k.Add("two"); err == nil {
		t.Fatal("a damaged file must not be written over")
	}
	if _, err := OpenKeys(dir); err == nil {
		t.Fatal("a damaged file is no empty one")
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(`[{"name":"a","hash":"` + strings.Repeat("0", 64) + `","added":"2026-01-02T03:04:05Z"}]`))
	f.Add([]byte(`[{}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parseKeys(b)
		for _, k := range keys {
			if err == nil && len(k.Hash) != 64 {
				t.Fatal(k)
			}
		}
	})
}

func ExampleOpenKeys() {
	dir, _ := os.MkdirTemp("", "shoal")
	defer os.RemoveAll(dir)
	keys, _ := OpenKeys(dir)
	key, _ := keys.Add("demo")
	fmt.Println(len(key))
	fmt.Println(keys.Stream(key))
	// Output:
	// 32
	// demo true
}
