// Package headcount is how it is told how many watch a stream: by players to edges, and by edges to those whom they ask.
//
// Edges count who asks them for what is live; trackers count who is in a swarm, and hardly asks edges for anything. So that nobody counts twice, a player
// that a tracker counts says so with each playlist that it asks an edge for, in a field that pages may send anywhere without asking first, and that no
// cache has in its key:
//
//	Accept: application/vnd.apple.mpegurl;swarm=1, */*
//
// An edge says how many watch a playlist through it, and through edges that ask it, where it gets the playlist from, with the requests for it:
//
//	Shoal-Viewers: shoal-3f9ac02b7d115e64;12
//
// that is its name, another one each time that it begins, and the number. A [Sum] adds up what several say. Neither field names or tells apart a viewer.
package headcount

import (
	"bytes"
	"strconv"
	"strings"
)

// Field is the header by which an edge tells how many watch.
const Field = "Shoal-Viewers"

// Member is the Accept of who is counted by a tracker.
const Member = "application/vnd.apple.mpegurl;swarm=1, */*"

// most is the largest number that is believed.
const most = 10_000_000

var member = []byte(";swarm=1")

// IsMember tells whether an Accept is that of who is counted by a tracker.
func IsMember(accept []byte) bool {
	_, rest, found := bytes.Cut(accept, member)
	return found && (len(rest) == 0 || rest[0] < '0' || rest[0] > '9')
}

// Said returns the value of Field.
func Said(edge string, viewers int) string { return edge + ";" + strconv.Itoa(min(viewers, most)) }

// Parse reads the value of Field. Nothing is kept of it.
func Parse(said string) (edge string, viewers int, ok bool) {
	edge, number, _ := strings.Cut(said, ";")
	if len(edge) == 0 || len(edge) > 32 || len(number) == 0 || len(number) > 8 || number[0] == '0' && len(number) > 1 {
		return "", 0, false
	}
	for _, c := range []byte(edge) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return "", 0, false
		}
	}
	viewers, err := strconv.Atoi(number)
	if err != nil || viewers < 0 || viewers > most || number[0] == '+' || number[0] == '-' {
		return "", 0, false
	}
	return strings.Clone(edge), viewers, true
}
