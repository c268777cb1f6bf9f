package main

import (
	"os"
	"time"
)

// logCheck is how often a log looks whether its file is where it was.
const logCheck = time.Second

// A logFile is a file that lines are added to. Whoever rotates logs moves it away, and needs to tell nobody. One goroutine writes.
type logFile struct {
	name    string
	file    *os.File
	checked time.Time
}

func openLog(name string) (*logFile, error) {
	l := &logFile{name: name, checked: time.Now()}
	return l, l.open()
}

func (l *logFile) open() error {
	file, err := os.OpenFile(l.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file = file
	return nil
}

// Write implements io.Writer.
func (l *logFile) Write(b []byte) (int, error) {
	if now := time.Now(); now.Sub(l.checked) >= logCheck {
		l.checked = now
		there, err := os.Stat(l.name)
		own, e := l.file.Stat()
		if err != nil || e != nil || !os.SameFile(there, own) {
			if err := l.open(); err != nil {
				return 0, err
			}
		}
	}
	return l.file.Write(b)
}

func (l *logFile) close() { l.file.Close() }
