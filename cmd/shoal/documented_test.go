package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// commandsOf returns the command lines that a document shows, as what follows "shoal": those in blocks of code, and those between backticks.
func commandsOf(t *testing.T, file string) (all []string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?:^|[\s=/])shoal (-{0,2}[a-z].*)`)
	remark := regexp.MustCompile(`(?:\s{2,}|\s#|\s>|\s\|).*`) // what follows a command on its line
	standIn := strings.NewReplacer(" N ", " 5 ", " ADDRESS ", " 192.0.2.1 ", " ... ", " ", "'", "")
	note := func(text string) {
		if m := command.FindStringSubmatch(text); m != nil {
			all = append(all, strings.TrimSpace(standIn.Replace(remark.ReplaceAllString(m[1], "")+" ")))
		}
	}
	block := false
	for line := range strings.Lines(string(b)) {
		switch {
		case strings.HasPrefix(line, "```"):
			block = !block
		case block || strings.HasPrefix(line, "    "):
			note(strings.TrimRight(line, "\n"))
		default:
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, -1) {
				note(m[1])
			}
		}
	}
	return all
}

// wrong says what is wrong with a command line that is shown: with -h in the end a command reads all its flags, and does nothing.
func wrong(t *testing.T, line string) error {
	words := strings.Fields(line)
	if words[0] == "--version" {
		words[0] = "version"
	}
	if words[0] == "help" { // of what is in its line
		return nil
	}
	if err := dispatch(t.Context(), append(words, "-h"), io.Discard); !errors.Is(err, flag.ErrHelp) {
		return err
	}
	return nil
}

// TestDocumentedCommands: each command line that README.md and docs show is of a command that there is, with flags that it has and values that these can
// read. Whether they are in bounds or go together is not looked at, nor are words beside the flags, nor what shoal help is asked for.
func TestDocumentedCommands(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	least := map[string]int{"README.md": 24, "operating.md": 55, "embedding.md": 2, "performance.md": 5}
	for _, file := range append(files, "../../README.md") {
		found := commandsOf(t, file)
		for _, line := range found {
			if err := wrong(t, line); err != nil {
				t.Errorf("%s shows shoal %s: %v", file, line, err)
			}
		}
		if len(found) < least[filepath.Base(file)] {
			t.Errorf("%d command lines were found in %s", len(found), file)
		}
	}

	slips := filepath.Join(t.TempDir(), "slips.md")
	text := "`shoal up -nosuch`, `bin/shoal nosuch`\n```\nExecStart=/usr/local/bin/shoal edge -memory lots ...  # of what there is\nsudo shoal control NAME -p2p=maybe   kills\n```\n    shoal sim -viewers 'N' -sed 7 > report\n"
	if err := os.WriteFile(slips, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found := commandsOf(t, slips)
	for _, line := range found {
		if wrong(t, line) == nil {
			t.Errorf("shoal %s passes", line)
		}
	}
	if len(found) != 5 {
		t.Errorf("found %q", found)
	}
}

// TestPagesNameCommands that there are, and no address: where this service and others listen the page does not know.
func TestPagesNameCommands(t *testing.T) {
	files, err := filepath.Glob("../../player/pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`<code>shoal ([^<]*)</code>`).FindAllStringSubmatch(string(b), -1) {
			found++
			if err := wrong(t, m[1]); err != nil {
				t.Errorf("%s shows shoal %s: %v", file, m[1], err)
			}
		}
		if address := regexp.MustCompile(`(127\.0\.0\.1|localhost|\[::1\]):\d+`).FindString(string(b)); address != "" {
			t.Errorf("%s names %s", file, address)
		}
	}
	if found < 2 {
		t.Errorf("%d commands were found", found)
	}
}
