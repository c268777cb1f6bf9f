package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	redisPatience = time.Second     // for one exchange with the server, or one attempt to connect
	redisSilence  = 2 * time.Second // after so long without a message the connection that listens is tried
	redisPause    = 500 * time.Millisecond
	keyPrefix     = "shoal:"
)

// hold gives a lease to who claims it, if it is free, and renews it for who holds it, in one step.
const hold = `local by = redis.call('GET', KEYS[1])
if by == ARGV[1] or (not by and ARGV[3] == '1') then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ARGV[1]
end
return by or ''`

// drop gives a lease back, if it is still one's own.
const drop = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

// write keeps a note, its stamp before its text, unless as late a one is there. What is not a note is no hindrance.
const write = `local kept = redis.call('HGET', KEYS[1], ARGV[1])
local stamp = kept and tonumber(string.match(kept, '^%-?%d+') or '')
if stamp and stamp >= tonumber(ARGV[2]) then return 0 end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])`

// erase takes a note out, unless a later one is there.
const erase = `local kept = redis.call('HGET', KEYS[1], ARGV[1])
local stamp = kept and tonumber(string.match(kept, '^%-?%d+') or '')
if kept and (not stamp or stamp <= tonumber(ARGV[2])) then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0`

const notesKey = keyPrefix + "notes"

// Redis is a store for trackers anywhere. Leases are keys that expire, taken by a script; messages go over sharded
// publish and subscribe, one channel for each tracker, so that those of a Cluster are spread over its servers.
type Redis struct {
	client redis.UniversalClient
}

// OpenRedis returns the store that a URL names; see ErrURL. It connects when it is used.
func OpenRedis(text string) (*Redis, error) {
	options, err := redisOptions(text)
	if err != nil {
		return nil, fmt.Errorf("store: redis %q: %w", withoutPassword(text), err)
	}
	// go-redis has one log for the whole process, which goes to standard error. What it says of each attempt to connect would
	// stand there each second while a server is away; what fails is returned to those who called, who log it once.
	redis.SetLogger(quiet{})
	return &Redis{redis.NewUniversalClient(options)}, nil
}

// quiet is a log that says nothing.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func leaseKey(name string) string { return keyPrefix + "lease:" + name }
func inboxOf(as string) string    { return keyPrefix + "inbox:" + as }

// relearn has the client of a Cluster find out anew who serves what, since something failed. By itself it does so once a minute, and when a
// server says that another serves it now: a dead one, from which a replica takes over, says nothing. Calls that come together count as one.
func (r *Redis) relearn(ctx context.Context) {
	if cluster, ok := r.client.(*redis.ClusterClient); ok && !errors.Is(ctx.Err(), context.Canceled) {
		cluster.ReloadState(ctx)
	}
}

// Hold implements Store.
func (r *Redis) Hold(ctx context.Context, holder string, lease time.Duration, claims []Claim) []Answer {
	if len(claims) == 0 {
		return nil
	}
	told := make([]*redis.Cmd, len(claims))
	r.client.Pipelined(ctx, func(p redis.Pipeliner) error { // each answer has its error
		for i, c := range claims {
			take := "0"
			if c.Take {
				take = "1"
			}
			told[i] = p.Eval(ctx, hold, []string{leaseKey(c.Name)}, holder, lease.Milliseconds(), take)
		}
		return nil
	})
	answers := make([]Answer, len(claims))
	for i, a := range told {
		by, err := a.Text()
		if err != nil {
			answers[i].Err = fmt.Errorf("store: hold: %w", err)
			r.relearn(ctx)
			continue
		}
		answers[i].Holder = by
	}
	return answers
}

// Drop implements Store.
func (r *Redis) Drop(ctx context.Context, holder string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, name := range names {
			p.Eval(ctx, drop, []string{leaseKey(name)}, holder)
		}
		return nil
	})
	if err != nil {
		r.relearn(ctx)
		return fmt.Errorf("store: drop: %w", err)
	}
	return nil
}

// Send implements Store.
func (r *Redis) Send(ctx context.Context, letters []Letter) []Receipt {
	if len(letters) == 0 {
		return nil
	}
	listeners := make([]*redis.IntCmd, len(letters))
	r.client.Pipelined(ctx, func(p redis.Pipeliner) error { // each has its error
		for i, l := range letters {
			listeners[i] = p.SPublish(ctx, inboxOf(l.To), l.Message)
		}
		return nil
	})
	receipts := make([]Receipt, len(letters))
	for i, n := range listeners {
		if err := n.Err(); err != nil {
			receipts[i].Err = fmt.Errorf("store: send: %w", err)
			r.relearn(ctx)
			continue
		}
		receipts[i].Heard = n.Val() > 0
	}
	return receipts
}

// Receive implements Store.
func (r *Redis) Receive(ctx context.Context, as string, listening func(), take func([]byte)) {
	for ctx.Err() == nil {
		r.listen(ctx, inboxOf(as), listening, take)
		r.relearn(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(redisPause):
		}
	}
}

// listen receives until the connection fails, or its server does not serve the channel any more: that ends the subscription and
// keeps the connection. One that says nothing is tried with a ping, since a partition ends no connection.
func (r *Redis) listen(ctx context.Context, channel string, listening func(), take func([]byte)) {
	s := r.client.SSubscribe(ctx, channel)
	defer s.Close()
	defer context.AfterFunc(ctx, func() { s.Close() })() // ends a read
	tried := false
	for {
		m, err := s.ReceiveTimeout(ctx, redisSilence)
		switch m := m.(type) {
		case *redis.Subscription:
			if m.Kind != "ssubscribe" {
				return
			}
			listening()
		case *redis.Message:
			take([]byte(m.Payload))
		}
		var timeout net.Error
		switch {
		case err == nil:
			tried = false
		case ctx.Err() != nil || tried || !errors.As(err, &timeout) || !timeout.Timeout() || s.Ping(ctx) != nil:
			return
		default:
			tried = true
		}
	}
}

// Write implements Store.
func (r *Redis) Write(ctx context.Context, notes []Note) error {
	if len(notes) == 0 {
		return nil
	}
	_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, n := range notes {
			p.Eval(ctx, write, []string{notesKey}, n.Name, n.Stamp, n.Text)
		}
		return nil
	})
	if err != nil {
		r.relearn(ctx)
		return fmt.Errorf("store: write: %w", err)
	}
	return nil
}

// Erase implements Store.
func (r *Redis) Erase(ctx context.Context, notes []Note) error {
	if len(notes) == 0 {
		return nil
	}
	_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, n := range notes {
			p.Eval(ctx, erase, []string{notesKey}, n.Name, n.Stamp)
		}
		return nil
	})
	if err != nil {
		r.relearn(ctx)
		return fmt.Errorf("store: erase: %w", err)
	}
	return nil
}

// Notes implements Store. What is not a note is left out.
func (r *Redis) Notes(ctx context.Context) ([]Note, error) {
	kept, err := r.client.HGetAll(ctx, notesKey).Result()
	if err != nil {
		r.relearn(ctx)
		return nil, fmt.Errorf("store: notes: %w", err)
	}
	notes := make([]Note, 0, len(kept))
	for name, value := range kept {
		stamp, text, _ := strings.Cut(value, " ")
		if n, err := strconv.ParseInt(stamp, 10, 64); err == nil {
			notes = append(notes, Note{name, n, text})
		}
	}
	return notes, nil
}

// Close implements Store.
func (r *Redis) Close() error { return r.client.Close() }
