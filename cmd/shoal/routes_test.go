package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryRouteIsDescribed holds the document against the patterns that stand in the source.
//
// Clause: openapi
func TestEveryRouteIsDescribed(t *testing.T) {
	described := operations(readOpenAPI(t))
	found := patterns(t, "../../origin", "../../tracker", "../../ops", ".")
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
