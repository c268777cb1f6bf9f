package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shoal-live/shoal/tracker/store"
	"github.com/shoal-live/shoal/tracker/store/redistest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every store must pass the same suite.
func TestMemory(t *testing.T) {
	shared := store.NewMemory()
	suite(t, func() store.Store { return shared })
}

// What waits for a tracker that takes nothing is bounded, and what is lost is counted.
func TestMemoryLoses(t *testing.T) {
	s := store.NewMemory()
	ctx, leave := context.WithCancel(t.Context())
	listening, busy, free := make(chan struct{}), make(chan struct{}, 1), make(chan struct{})
	var receiving sync.WaitGroup
	receiving.Go(func() {
		s.Receive(ctx, "busy", func() { close(listening) }, func([]byte) {
			select {
			case busy <- struct{}{}:
			default:
			}
			<-free
		})
	})
	<-listening
	const most, more = 1 << 12, 10
	for i := range 1 + most + more {
		sent(t, s, store.Letter{To: "busy", Message: []byte("x")})
		if i == 0 {
			<-busy // it holds the first
		}
	}
	if n := s.Lost(); n != more {
		t.Errorf("%d messages lost, want %d", n, more)
	}
	leave()
	close(free)
	receiving.Wait()
}

func TestRedis(t *testing.T) {
	t.Parallel()
	suite(t, opener(t, redistest.Start(t).URL()))
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	url, _ := redistest.StartCluster(t)
	suite(t, opener(t, url))
}

func TestRedisSentinel(t *testing.T) {
	t.Parallel()
	url, _, _ := redistest.StartSentinel(t)
	suite(t, opener(t, url))
}

func opener(t *testing.T, url string) func() store.Store {
	return func() store.Store {
		s, err := store.OpenRedis(url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
}

func suite(t *testing.T, open func() store.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, func() store.Store)
	}{
		{"one of many gets a lease", oneGets},
		{"a lease is renewed, and runs out", runsOut},
		{"who only asks takes nothing", onlyAsks},
		{"who does not hold a lease cannot drop it", foreignDrop},
		{"messages arrive whole and in order", inOrder},
		{"of messages to nobody it is told", toNobody},
		{"the later note is kept", laterNote},
		{"notes are erased, later ones are not", erases},
		{"what was received is the caller's to keep", keeps},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

const long = time.Minute

func claims(take bool, names ...string) (all []store.Claim) {
	for _, n := range names {
		all = append(all, store.Claim{Name: n, Take: take})
	}
	return all
}

func hold(t *testing.T, s store.Store, holder string, lease time.Duration, c []store.Claim) []string {
	t.Helper()
	got, err := held(s, holder, lease, c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// held returns who holds leases, or the first error.
func held(s store.Store, holder string, lease time.Duration, c []store.Claim) (holders []string, err error) {
	for _, a := range s.Hold(context.Background(), holder, lease, c) {
		if a.Err != nil {
			return nil, a.Err
		}
		holders = append(holders, a.Holder)
	}
	return holders, nil
}

func oneGets(t *testing.T, open func() store.Store) {
	const contenders, streams = 8, 20
	var names []string
	for i := range streams {
		names = append(names, fmt.Sprintf("contended-%d", i))
	}
	results := make([][]string, contenders)
	var all sync.WaitGroup
	for i := range contenders {
		s := open()
		all.Go(func() {
			results[i], _ = held(s, fmt.Sprintf("tracker-%d", i), long, claims(true, names...))
		})
	}
	all.Wait()
	for i, r := range results {
		if !slices.Equal(r, results[0]) || len(r) != streams {
			t.Fatalf("contender %d was told %v, the first %v", i, r, results[0])
		}
	}
}

// runsOut has a lease renewed for twice as long as it lasts. On a machine that has much else to do it may run out between two
// calls; then that says nothing, and is tried again.
func runsOut(t *testing.T, open func() store.Store) {
	s := open()
	const lease, tries = 300 * time.Millisecond, 20
	for try := range tries {
		name := fmt.Sprint("short-", try)
		if renewed, late := renews(t, s, name, lease); late {
			continue
		} else if !renewed {
			t.Fatal("a lease that is renewed was lost")
		}
		deadline := time.Now().Add(10 * time.Second)
		for hold(t, s, "b", lease, claims(true, name))[0] != "b" {
			if time.Now().After(deadline) {
				t.Fatal("a lease that nobody renews never runs out")
			}
		}
		return
	}
	t.Skipf("the machine is too slow to renew a lease of %v, %d times", lease, tries)
}

// renews takes a lease and renews it by asking, while another wants it, and tells whether it was kept, or that it was asked too late.
func renews(t *testing.T, s store.Store, name string, lease time.Duration) (kept, late bool) {
	t.Helper()
	began := time.Now()
	kept = hold(t, s, "a", lease, claims(true, name))[0] == "a"
	for asked := began; kept && time.Since(began) < 2*lease; {
		now := time.Now()
		kept = hold(t, s, "a", lease, claims(false, name))[0] == "a" && hold(t, s, "b", lease, claims(true, name))[0] == "a"
		if time.Since(asked) >= lease {
			return false, true
		}
		asked = now
	}
	return kept, false
}

func onlyAsks(t *testing.T, open func() store.Store) {
	s := open()
	if got := hold(t, s, "a", long, claims(false, "asked")); got[0] != "" {
		t.Fatalf("who only asks is told that %q holds what is free", got[0])
	}
	if got := hold(t, s, "b", long, claims(true, "asked")); got[0] != "b" {
		t.Fatalf("who only asked holds it: %q", got[0])
	}
	if got := hold(t, s, "a", long, nil); len(got) != 0 {
		t.Fatal("nothing asked, something answered")
	}
}

func foreignDrop(t *testing.T, open func() store.Store) {
	s := open()
	hold(t, s, "a", long, claims(true, "dropped", "kept"))
	if err := s.Drop(context.Background(), "b", []string{"dropped"}); err != nil {
		t.Fatal(err)
	}
	if got := hold(t, s, "b", long, claims(true, "dropped")); got[0] != "a" {
		t.Fatalf("another's lease was dropped: %q has it", got[0])
	}
	if err := s.Drop(context.Background(), "a", []string{"dropped", "never held"}); err != nil {
		t.Fatal(err)
	}
	if got := hold(t, s, "b", long, claims(true, "dropped", "kept")); got[0] != "b" || got[1] != "a" {
		t.Fatalf("after one of two was dropped they are held by %v", got)
	}
}

// listener receives for a name until the test ends.
func listener(t *testing.T, s store.Store, name string) <-chan []byte {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	got, ready := make(chan []byte, 10000), make(chan struct{}, 10)
	var receiving sync.WaitGroup
	receiving.Go(func() {
		s.Receive(ctx, name, func() { ready <- struct{}{} }, func(b []byte) { got <- b })
	})
	t.Cleanup(func() {
		cancel()
		receiving.Wait()
	})
	select {
	case <-ready:
	case <-time.After(20 * time.Second):
		t.Fatal("nobody listens")
	}
	return got
}

func inOrder(t *testing.T, open func() store.Store) {
	sender, receiver := open(), open()
	a, b := listener(t, receiver, "ordered-a"), listener(t, receiver, "ordered-b")
	const n = 500
	large := make([]byte, 1<<20)
	for i := range n {
		number := []byte{byte(i), byte(i >> 8)}
		sent(t, sender, store.Letter{To: "ordered-a", Message: number}, store.Letter{To: "ordered-b", Message: append(number, 1)})
	}
	sent(t, sender, store.Letter{To: "ordered-a", Message: large})
	for i := range n {
		for name, inbox := range map[string]<-chan []byte{"a": a, "b": b} {
			m := next(t, inbox)
			if int(m[0])|int(m[1])<<8 != i || name == "b" && len(m) != 3 {
				t.Fatalf("%s: message %d is %v", name, i, m)
			}
		}
	}
	if m := next(t, a); len(m) != len(large) {
		t.Fatalf("a message of %d bytes came as %d", len(large), len(m))
	}
}

// sent sends letters, which must succeed.
func sent(t *testing.T, s store.Store, letters ...store.Letter) []store.Receipt {
	t.Helper()
	receipts := s.Send(context.Background(), letters)
	for _, r := range receipts {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	return receipts
}

func next(t *testing.T, inbox <-chan []byte) []byte {
	t.Helper()
	select {
	case m := <-inbox:
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("a message is lost")
		return nil
	}
}

func toNobody(t *testing.T, open func() store.Store) {
	sender, receiver := open(), open()
	listener(t, receiver, "somebody")
	receipts := sent(t, sender, store.Letter{To: "nobody", Message: []byte("x")}, store.Letter{To: "somebody", Message: []byte("x")})
	if receipts[0].Heard || !receipts[1].Heard {
		t.Errorf("nobody and somebody: %+v", receipts)
	}
	ctx, leave := context.WithCancel(context.Background())
	var receiving sync.WaitGroup
	listening := make(chan struct{}, 10)
	receiving.Go(func() { receiver.Receive(ctx, "leaver", func() { listening <- struct{}{} }, func([]byte) {}) })
	<-listening
	leave()
	receiving.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for {
		if !sent(t, sender, store.Letter{To: "leaver", Message: []byte("x")})[0].Heard {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("of who has stopped to listen it is not told that nobody does")
		}
	}
}

func laterNote(t *testing.T, open func() store.Store) {
	one, other := open(), open()
	ctx := context.Background()
	const now = int64(1_800_000_000_000)
	for i, notes := range [][]store.Note{
		{{"a", now, "first"}, {"b", now, ""}},
		{{"a", now + 1, "later, with spaces"}, {"b", now - 1, "earlier"}},
		{{"a", now + 1, "as late"}},
		nil,
	} {
		if err := []store.Store{one, other}[i%2].Write(ctx, notes); err != nil {
			t.Fatal(err)
		}
	}
	got, err := one.Notes(ctx)
	slices.SortFunc(got, func(a, b store.Note) int { return strings.Compare(a.Name, b.Name) })
	if want := []store.Note{{"a", now + 1, "later, with spaces"}, {"b", now, ""}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("kept are %+v, %v; want %+v", got, err, want)
	}
}

func erases(t *testing.T, open func() store.Store) {
	one, other := open(), open()
	ctx := context.Background()
	const now = int64(1_800_000_000_000)
	if err := one.Write(ctx, []store.Note{{"erased", now, "x"}, {"older erased", now, "x"}, {"later", now, "x"}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := other.Erase(ctx, []store.Note{{"erased", now, ""}, {"older erased", now + 1, ""}, {"later", now - 1, ""}, {"never there", now, ""}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Erase(ctx, nil); err != nil {
		t.Fatal(err)
	}
	got, err := one.Notes(ctx)
	got = slices.DeleteFunc(got, func(n store.Note) bool { return len(n.Name) == 1 }) // of another test
	if err != nil || len(got) != 1 || got[0].Name != "later" {
		t.Errorf("left are %+v, %v", got, err)
	}
}

func keeps(t *testing.T, open func() store.Store) {
	s := open()
	inbox := listener(t, s, "keeper")
	message := []byte("first")
	for _, text := range []string{"first", "other"} {
		copy(message, text)
		sent(t, s, store.Letter{To: "keeper", Message: message})
	}
	if first, second := next(t, inbox), next(t, inbox); string(first) != "first" || string(second) != "other" {
		t.Fatalf("got %q and %q", first, second)
	}
}
