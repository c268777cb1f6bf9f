package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

func version(_ context.Context, args []string, out io.Writer) error {
	if err := newFlags("version", "Prints the version, the commit that it was built from, and the Go that built it.", out).parseOnly(args); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "shoal", build())
	return err
}

// build says in a line what this program was built from.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	return describeBuild(info)
}

// describeBuild says in a line what a program was built from. Who builds it outside of a repository has no commit.
func describeBuild(info *debug.BuildInfo) string {
	text := info.Main.Version
	if text == "" {
		text = "(devel)"
	}
	said := map[string]string{}
	for _, s := range info.Settings {
		said[s.Key] = s.Value
	}
	commit := said["vcs.revision"]
	switch {
	case commit == "":
		commit = "commit not known"
	case said["vcs.modified"] == "true":
		commit = "commit " + commit + ", changed"
	default:
		commit = "commit " + commit
	}
	return fmt.Sprintf("%s (%s, %s, %s/%s)", text, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
