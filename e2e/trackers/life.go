package main

import (
	"fmt"
	"os"
)

// life is the run of the program: what it opens is closed at its end, in reverse. It stands in for a test.
type life struct{ last []func() }

// failure ends the run.
type failure string

func (l *life) Helper()                   {}
func (l *life) Cleanup(f func())          { l.last = append(l.last, f) }
func (l *life) Fatal(v ...any)            { panic(failure(fmt.Sprint(v...))) }
func (l *life) Fatalf(f string, v ...any) { panic(failure(fmt.Sprintf(f, v...))) }
func (l *life) Skip(v ...any)             { l.Fatal(v...) }

func (l *life) TempDir() string {
	folder, err := os.MkdirTemp("", "shoal-trackers-")
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func (l *life) end() {
	for len(l.last) > 0 {
		f := l.last[len(l.last)-1]
		l.last = l.last[:len(l.last)-1]
		f()
	}
}
