package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

func version(_ context.Context, args []string, out io.Writer) error {
	if err := newFlags("version", "Prints the version.", out).parseOnly(args); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "shoal %s (%s, %s/%s)\n", build(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// build names the version this program was built from.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
