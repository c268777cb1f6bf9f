package shoal

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/shoal-live/shoal/"

// A listed package, as go list prints it.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// folders lists every package of the module that builds for a system, by its path within the module.
func folders(t *testing.T, environ ...string) map[string]listed {
	t.Helper()
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Deps", "./...")
	list.Env = append(os.Environ(), environ...)
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(p.ImportPath, module)] = p
	}
}

func within(folder, of string) bool { return folder == of || strings.HasPrefix(folder, of+"/") }

// The core runs the same in a browser, on a server and in a simulation, because it can reach nothing.
func TestCoreImports(t *testing.T) {
	plain := []string{"bytes", "cmp", "encoding/binary", "errors", "iter", "maps", "math", "math/bits", "slices"}
	all := folders(t)
	for folder, allowed := range map[string][]string{
		"swarm/wire":      plain,
		"swarm/scheduler": append([]string{module + "swarm/wire"}, plain...),
	} {
		p, ok := all[folder]
		if !ok {
			t.Errorf("%s is not there", folder)
		}
		for _, imported := range p.Imports {
			if !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s. It may import %s only: it has no I/O, clock, goroutine or randomness of its own, "+
					"and every import costs the browser bytes.", folder, imported, strings.Join(allowed, ", "))
			}
		}
	}
}

func TestBridgeImports(t *testing.T) {
	allowed := []string{module + "swarm/wire", module + "swarm/scheduler", "encoding/binary", "math", "unsafe"}
	p, ok := folders(t, "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")["wasm"]
	if !ok {
		t.Fatal("wasm is not there")
	}
	for _, imported := range p.Imports {
		if !slices.Contains(allowed, imported) {
			t.Errorf("wasm imports %s. It is a bridge only: what decides belongs into the scheduler, and what does I/O into "+
				"the player.", imported)
		}
	}
}

func TestServicesMeetOnTheNetwork(t *testing.T) {
	services := []string{"origin", "edge", "tracker"}
	for folder, p := range folders(t) {
		for _, own := range services {
			for _, other := range services {
				if own == other || !within(folder, own) {
					continue
				}
				for _, dep := range p.Deps {
					if within(strings.TrimPrefix(dep, module), other) && strings.HasPrefix(dep, module) {
						t.Errorf("%s reaches %s. Origin, edge and tracker run on different machines and meet on the network: "+
							"what both need goes into swarm/wire, or over HTTP.", folder, dep)
					}
				}
			}
		}
	}
}

func TestNobodyImportsCommands(t *testing.T) {
	for folder, p := range folders(t) {
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module+"cmd/") && !within(folder, "cmd") {
				t.Errorf("%s imports %s. Commands wire the folders together; nothing may rest on them.", folder, imported)
			}
		}
	}
}

// TestNoInit reads every Go file: what runs before main cannot be configured, tested or seen.
func TestNoInit(t *testing.T) {
	for _, file := range sources(t, ".", ".go") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, declared := range parsed.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function. Pass what is needed to New instead.", file)
			}
		}
	}
}

func TestRoomNames(t *testing.T) {
	vague := []string{"pkg", "util", "utils", "common", "helper", "helpers", "misc", "base"}
	for _, file := range sources(t, ".", "") {
		for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
			if slices.Contains(vague, path.Base(dir)) {
				t.Errorf("%s: a folder is named by what is in it, and %q says nothing.", file, path.Base(dir))
			}
		}
	}
}

// In the player the session alone knows the leaves, so that each can be understood, tested and replaced by itself.
func TestPlayerLeaves(t *testing.T) {
	leaves := []string{"tracker", "peer", "edge", "store", "scheduler"}
	imports := regexp.MustCompile(`(?m)^\s*(?:import|export)\b[^;'"]*['"](\.[^'"]+)['"]`)
	for _, file := range sources(t, "player/src", ".ts") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range imports.FindAllStringSubmatch(string(text), -1) {
			target := path.Join(path.Dir(file), match[1])
			leaf := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(target, "player/src/"), ".ts"), ".js")
			if slices.Contains(leaves, leaf) && file != "player/src/session.ts" {
				t.Errorf("%s imports the leaf %s.ts. Only session.ts knows the leaves: events in, actions out.", file, leaf)
			}
		}
	}
	for _, leaf := range leaves {
		if _, err := os.Stat("player/src/" + leaf + ".ts"); err != nil {
			t.Errorf("the leaf %s.ts is not where this test looks for it: %v", leaf, err)
		}
	}
}

// sources lists the files of the repository beneath a folder that end so, without what was installed or built.
func sources(t *testing.T, folder, suffix string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", ".cache", "node_modules", "dist", "bin", "data"}, entry.Name()) {
			return filepath.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(file, suffix) {
			files = append(files, filepath.ToSlash(file))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
