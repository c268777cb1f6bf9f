// Package store is where the trackers of one swarm meet, when there are several: they take leases of streams, so that
// one of them keeps the cells of each, and send each other messages. It knows neither viewers nor cells.
//
// All that it holds is soft. A lease runs out unless its holder renews it; a message reaches who is listening when it is
// sent, or nobody; a store that was emptied, or is another one since it failed over, is as good as before once the
// trackers have come round again. Whoever uses it counts what it hears, and asks again when something is missing.
//
// There are two: Redis, a single server, one behind Sentinels, or a Cluster; and Memory, for trackers in one process: those
// of a program that has several doors to one swarm, and those of tests. A tracker that is alone meets nobody and needs
// neither; so the program shoal, which runs one at most, uses Redis or none.
package store

import (
	"context"
	"time"
)

// Claim is a wish to hold a lease.
type Claim struct {
	Name string
	Take bool // false: only ask who holds it
}

// Answer is who holds the lease of a claim, "" for nobody, or why that could not be told.
type Answer struct {
	Holder string
	Err    error
}

// Letter is a message to a tracker.
type Letter struct {
	To      string
	Message []byte
}

// Receipt is what became of a letter: whether somebody listened at the tracker when it was sent, or why it could not be sent.
type Receipt struct {
	Heard bool
	Err   error
}

// Note is a text that all trackers know by its name, as who wrote it last had it.
type Note struct {
	Name  string
	Stamp int64 // the later one counts
	Text  string
}

// A Store is safe for concurrent use. Its errors are of the moment: every call may be made again.
type Store interface {
	// Hold answers each claim. A lease that is free is taken where the claim says so, and one that is held already is
	// renewed, for so long: one of many who claim a free lease at once gets it. A part of a store may fail alone.
	Hold(ctx context.Context, holder string, lease time.Duration, claims []Claim) []Answer
	// Drop gives back those of the leases that are held.
	Drop(ctx context.Context, holder string, names []string) error
	// Send sends messages, in order, and returns a receipt for each. Where nobody listened the connection of one that did has
	// ended, as it does when its process dies, and not when it is cut off; that somebody listened does not say that the message
	// arrived. A part of a store may fail alone: the others' receipts may come only when it has been given up.
	Send(ctx context.Context, letters []Letter) []Receipt
	// Receive calls take with each message to a tracker, and listening each time when messages sent from now on will
	// arrive: those of before may be lost. It returns when ctx ends. What is taken is the caller's to keep.
	Receive(ctx context.Context, as string, listening func(), take func(message []byte))
	// Write keeps notes, but for those of which as late a one is kept already.
	Write(ctx context.Context, notes []Note) error
	// Erase takes notes out, but for those of which a later one is kept.
	Erase(ctx context.Context, notes []Note) error
	// Notes returns all notes, in no order.
	Notes(ctx context.Context) ([]Note, error)
	// Close ends what the store has open, after all Receives have returned.
	Close() error
}
