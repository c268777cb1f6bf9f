package shoal

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/standards.md anew")

const (
	clausesFile  = "docs/standards/clauses.txt"
	clausesList  = "docs/standards.md"
	pendingTitle = "pending" // clauses that have no test yet, one a line
)

// A clause is a sentence of a standard, or of what people expect.
type clause struct{ id, title, sentence string }

// A proof is a test that says that it proves a clause.
type proof struct{ file, test string }

// TestClauses keeps docs/standards.md, the list of clauses and of the tests that prove them: each clause has a test but for those
// that are pending, and each test names clauses that there are.
func TestClauses(t *testing.T) {
	clauses, pending := readClauses(t)
	proofs := map[string][]proof{}
	for _, of := range []struct{ folder, suffix string }{{".", "_test.go"}, {"e2e", ".mjs"}, {"player/test", ".ts"}} {
		for _, file := range sources(t, of.folder, of.suffix) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if file == "clauses_test.go" {
				continue // its own examples prove nothing
			}
			if err := collect(file, string(b), proofs); err != nil {
				t.Error(err)
			}
		}
	}
	for id := range proofs {
		if !slices.ContainsFunc(clauses, func(c clause) bool { return c.id == id }) {
			t.Errorf("%s: there is no clause %q in %s", proofs[id][0].file, id, clausesFile)
		}
	}
	var left []string
	for _, c := range clauses {
		switch waits := slices.Contains(pending, c.id); {
		case len(proofs[c.id]) == 0 && !waits:
			t.Errorf("no test proves %q (%s): write one with the line // Clause: %s above it", c.id, c.sentence, c.id)
		case len(proofs[c.id]) == 0:
			left = append(left, c.id)
		}
	}
	if *update {
		writePending(t, left)
		if err := os.WriteFile(clausesList, []byte(standards(clauses, proofs)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !slices.Equal(pending, left) {
		t.Errorf("of the clauses that are pending in %s some have a test: go test . -run TestClauses -update", clausesFile)
	}
	if now, err := os.ReadFile(clausesList); err != nil || string(now) != standards(clauses, proofs) {
		t.Errorf("%s is not of these clauses and tests: go test . -run TestClauses -update", clausesList)
	}
}

// readClauses reads the table, and which of its clauses are pending.
func readClauses(t *testing.T) (clauses []clause, pending []string) {
	t.Helper()
	b, err := os.ReadFile(clausesFile)
	if err != nil {
		t.Fatal(err)
	}
	title := ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if of, found := strings.CutPrefix(line, "== "); found {
			title = of
			continue
		}
		id, sentence, found := strings.Cut(line, ": ")
		switch {
		case line == "" || line[0] == '#':
		case title == pendingTitle:
			pending = append(pending, line)
		case !found || title == "" || slices.ContainsFunc(clauses, func(c clause) bool { return c.id == id }):
			t.Fatalf("%s: %q: want a name that is new, a colon and a sentence, under a title", clausesFile, line)
		default:
			clauses = append(clauses, clause{id, title, sentence})
		}
	}
	return clauses, pending
}

func writePending(t *testing.T, pending []string) {
	t.Helper()
	b, err := os.ReadFile(clausesFile)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(b), "== "+pendingTitle+"\n")
	text := before + "== " + pendingTitle + "\n"
	for _, id := range pending {
		text += id + "\n"
	}
	if err := os.WriteFile(clausesFile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var (
	clauseLine = regexp.MustCompile(`^\s*// Clause: (.*)$`)
	testLine   = regexp.MustCompile("^func ((?:Test|Fuzz|Benchmark|Example)\\w*)\\(|^\\s*(?:await )?(?:t\\.)?(?:test|it)(?:\\.\\w+)?\\((?:'((?:[^'\\\\]|\\\\.)*)'|`([^`]*)`|\"([^\"]*)\")")
)

// collect adds what the tests of a file say that they prove.
func collect(file, text string, proofs map[string][]proof) error {
	var waiting []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if m := clauseLine.FindStringSubmatch(line); m != nil {
			for id := range strings.SplitSeq(m[1], ",") {
				waiting = append(waiting, strings.TrimSpace(id))
			}
			continue
		}
		if len(waiting) == 0 || strings.HasPrefix(strings.TrimSpace(line), "//") {
			continue
		}
		m := testLine.FindStringSubmatch(line)
		if m == nil {
			return fmt.Errorf("%s: clause %s stands above %q, which is no test", file, waiting[0], strings.TrimSpace(line))
		}
		name := strings.ReplaceAll(m[1]+m[2]+m[3]+m[4], `\'`, "'")
		for _, id := range waiting {
			if p := (proof{file, name}); !slices.Contains(proofs[id], p) {
				proofs[id] = append(proofs[id], p)
			}
		}
		waiting = nil
	}
	if len(waiting) > 0 {
		return fmt.Errorf("%s: clause %s stands above no test", file, waiting[0])
	}
	return nil
}

// standards writes the list.
func standards(clauses []clause, proofs map[string][]proof) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Clauses and their tests\n\nMade by `go test . -run TestClauses -update` from [%s](standards/clauses.txt) and the lines `// Clause:` above tests.\n", "clauses.txt")
	title := ""
	for _, c := range clauses {
		if c.title != title {
			title = c.title
			fmt.Fprintf(&b, "\n## %s\n\n| clause | says | tests |\n|---|---|---|\n", title)
		}
		var tests []string
		for _, p := range proofs[c.id] {
			tests = append(tests, fmt.Sprintf("[%s](../%s)", strings.NewReplacer("|", `\|`, "[", `\[`, "]", `\]`).Replace(p.test), p.file))
		}
		if len(tests) == 0 {
			tests = []string{"none yet"}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.id, strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(c.sentence), strings.Join(tests, "<br>"))
	}
	return b.String()
}

func TestCollect(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"Go", "// TestX is one.\n//\n// Clause: a, b\nfunc TestX(t *testing.T) {", "map[a:[{f TestX}] b:[{f TestX}]]"},
		{"two lines", "// Clause: a\n// Clause: b\nfunc FuzzX(f *testing.F) {", "map[a:[{f FuzzX}] b:[{f FuzzX}]]"},
		{"words after it", "// Clause: a\n// More words.\nfunc TestX(t *testing.T) {", "map[a:[{f TestX}]]"},
		{"JavaScript", "// Clause: a\ntest('it isn\\'t so', { timeout: 1 }, async (t) => {", "map[a:[{f it isn't so}]]"},
		{"a template", "  // Clause: a\n  test(`n is ${n}`, () => {", "map[a:[{f n is ${n}}]]"},
		{"a test in a test", "  // Clause: a\n  await t.test('x', async () => {", "map[a:[{f x}]]"},
		{"no test", "// Clause: a\nfunc other() {", "error"},
		{"the end", "// Clause: a\n", "error"},
		{"none", "func TestX(t *testing.T) {", "map[]"},
	} {
		proofs := map[string][]proof{}
		err := collect("f", c.text, proofs)
		got := fmt.Sprint(proofs)
		if err != nil {
			got = "error"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
