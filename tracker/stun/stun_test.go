package stun

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a responder on a free port of loopback.
func start(t testing.TB) (*Responder, *net.UDPConn) {
	t.Helper()
	r := New("127.0.0.1:0")
	ctx, stop := context.WithCancel(context.Background())
	if err := r.Listen(ctx); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	bound, _ := r.Bound()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(bound))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		stop()
		running.Wait()
		if _, ok := r.Bound(); ok {
			t.Error("bound after Run")
		}
	})
	return r, conn
}

func TestBindingOverUDP(t *testing.T) {
	r, conn := start(t)
	if _, err := conn.Write([]byte("no STUN, but long enough to be a header")); err != nil {
		t.Fatal(err)
	}
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
	if _, err := conn.Write(request.Raw); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1500)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	seen := parse(t, b[:n], request)
	if me := conn.LocalAddr().(*net.UDPAddr).AddrPort(); seen != me {
		t.Errorf("told %v, am %v", seen, me)
	}
	if _, err := conn.Write(request.Raw); err != nil {
		t.Fatal(err)
	}
	if _, err = conn.Read(b); err != nil { // after which the first answer is counted, this one perhaps not yet
		t.Fatal(err)
	}
	if answers, dropped := r.Counts(); answers < 1 || answers > 2 || dropped != 1 {
		t.Errorf("%d answered, %d dropped; want two, the last perhaps not counted yet, and one", answers, dropped)
	}
}

func TestAFloodIsNotAnswered(t *testing.T) {
	r, conn := start(t)
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	began := time.Now()
	var sent, answered, dropped uint64
	for dropped == 0 && sent < 10*answersBurst {
		for range answersBurst / 4 { // which a socket's buffer holds, so that none is lost on the way
			conn.Write(request)
			sent++
		}
		for deadline := time.Now().Add(10 * time.Second); answered+dropped < sent; {
			if time.Now().After(deadline) {
				t.Fatalf("of %d that were sent %d came", sent, answered+dropped)
			}
			time.Sleep(time.Millisecond)
			answered, dropped = r.Counts()
		}
	}
	if most := answersBurst + answersPerAddress*time.Since(began).Seconds() + 1; answered < answersBurst || float64(answered) > most {
		t.Errorf("%d of a flood answered, want %d to %.0f", answered, answersBurst, most)
	}
	if dropped == 0 {
		t.Error("nothing was dropped")
	}
}

func TestAddressTaken(t *testing.T) {
	r, _ := start(t)
	bound, _ := r.Bound()
	err := New(bound.String()).Listen(t.Context())
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), bound.String()) {
		t.Errorf("%v: want the address and its being in use", err)
	}
}

func TestAnswer(t *testing.T) {
	request := func(setters ...stun.Setter) []byte {
		return stun.MustBuild(append([]stun.Setter{stun.TransactionID, stun.BindingRequest}, setters...)...).Raw
	}
	v4, v6 := netip.MustParseAddrPort("192.0.2.1:5000"), netip.MustParseAddrPort("[2001:db8::1]:5000")
	mapped := netip.MustParseAddrPort("[::ffff:192.0.2.1]:5000")
	change := stun.RawAttribute{Type: stun.AttrChangeRequest, Value: make([]byte, 4)}
	long := stun.RawAttribute{Type: 0x8000, Value: make([]byte, 600)}
	for _, c := range []struct {
		name    string
		request []byte
		from    netip.AddrPort
		size    int
		code    stun.ErrorCode
	}{
		{"IPv4", request(), v4, 32, 0},
		{"IPv4 mapped", request(), mapped, 32, 0},
		{"IPv6", request(), v6, 44, 0},
		{"fingerprint", request(stun.Fingerprint), v4, 40, 0},
		{"software", request(stun.NewSoftware("some browser")), v4, 32, 0},
		{"ICE check", request(stun.NewUsername("a:b"), stun.RawAttribute{Type: stun.AttrPriority, Value: make([]byte, 4)}), v4, 32, 0},
		{"change request", request(change), v4, 36, stun.CodeUnknownAttribute},
		{"empty", nil, v4, 0, 0},
		{"short", request()[:19], v4, 0, 0},
		{"too long", request(long), v4, 0, 0},
		{"length beyond the end", func() []byte { b := request(); b[3] = 8; return b }(), v4, 0, 0},
		{"no cookie", func() []byte { b := request(); b[4] = 0; return b }(), v4, 0, 0},
		{"indication", stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication)).Raw, v4, 0, 0},
		{"an answer", stun.MustBuild(stun.TransactionID, stun.BindingSuccess).Raw, v4, 0, 0},
		{"TURN allocate", stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest)).Raw, v4, 0, 0},
	} {
		answer := Answer(c.request, c.from)
		if len(answer) != c.size {
			t.Errorf("%s: answer of %d bytes, want %d", c.name, len(answer), c.size)
			continue
		}
		if c.size == 0 {
			continue
		}
		m := &stun.Message{Raw: c.request}
		if err := m.Decode(); err != nil {
			t.Fatal(err)
		}
		if c.code == 0 {
			if seen := parse(t, answer, m); seen.Addr() != c.from.Addr().Unmap() || seen.Port() != 5000 {
				t.Errorf("%s: seen as %v", c.name, seen)
			}
			continue
		}
		got := &stun.Message{Raw: answer}
		var code stun.ErrorCodeAttribute
		if err := got.Decode(); err != nil || code.GetFrom(got) != nil || code.Code != c.code {
			t.Errorf("%s: %v, code %v", c.name, err, code)
		}
	}
}

// parse returns the address in an answer to a request.
func parse(t *testing.T, answer []byte, request *stun.Message) netip.AddrPort {
	t.Helper()
	m := &stun.Message{Raw: answer}
	if err := m.Decode(); err != nil || m.Type != stun.BindingSuccess || m.TransactionID != request.TransactionID {
		t.Fatalf("answer %v: %v", m, err)
	}
	if m.Contains(stun.AttrFingerprint) {
		if err := stun.Fingerprint.Check(m); err != nil {
			t.Error(err)
		}
	}
	var addr stun.XORMappedAddress
	if err := addr.GetFrom(m); err != nil {
		t.Fatal(err)
	}
	ip, _ := netip.AddrFromSlice(addr.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(addr.Port))
}

// FuzzAnswer: whatever comes, an answer is a STUN message that is hardly longer than what it answers.
func FuzzAnswer(f *testing.F) {
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw)
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("a:b"), stun.Fingerprint).Raw)
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.RawAttribute{Type: 3, Value: make([]byte, 4)}).Raw)
	from := netip.MustParseAddrPort("[2001:db8::1]:65535")
	f.Fuzz(func(t *testing.T, b []byte) {
		answer := Answer(b, from)
		if answer == nil {
			return
		}
		if len(answer) > len(b)+60 || len(b) < minRequest || len(b) > maxRequest {
			t.Fatalf("%d bytes answered with %d", len(b), len(answer))
		}
		m := &stun.Message{Raw: answer}
		if err := m.Decode(); err != nil || m.TransactionID != [12]byte(b[8:20]) {
			t.Fatalf("answer %x to %x: %v", answer, b, err)
		}
		if Answer(answer, from) != nil {
			t.Fatal("an answer is answered")
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	from := netip.MustParseAddrPort("192.0.2.1:5000")
	b.ReportAllocs()
	for b.Loop() {
		Answer(request, from)
	}
}
