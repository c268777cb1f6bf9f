//go:build !linux

package http1

import "time"

type errand struct{}

type reading struct{}

func (c *conn) readTCP([]byte) (int, error) { panic("http1: nothing is read so") }

func (c *conn) canAttempt() bool { return false }

func (c *conn) attempt(Answer, time.Time) (bool, error) { panic("http1: nothing is attempted") }

func (c *conn) goOn() error { panic("http1: nothing is attempted") }

func (c *conn) canSendFile() bool { return false }

func (c *conn) sendFile(head, body []byte, file place, now time.Time) (int, error) {
	panic("http1: no sendfile")
}
