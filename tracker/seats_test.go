package tracker

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
)

// TestOneTokenTwoSockets: while a token's viewer is there, another's handshake is refused.
func TestOneTokenTwoSockets(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newAdmission(t, Config{})
		text := a.make(token.Claims{Stream: "demo"})
		first, b := a.joinWith("192.0.2.1", "demo", text, 1)
		if wire.MessageType(b[0]) != wire.TypeWelcome {
			t.Fatalf("%x", b)
		}
		for range 3 {
			began := time.Now()
			_, answer, err := a.dialWith(address("192.0.2.2"), "demo", text)
			if err == nil || answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "15" {
				t.Errorf("a second socket with the token of one who is there: %v, %+v", err, answer)
			}
			if took := time.Since(began); took >= answerWithin {
				t.Errorf("that took %v", took)
			}
			if status, words, retry := a.ask(address("192.0.2.2"), "demo", text); status != http.StatusTooManyRequests || retry != "15" || !strings.Contains(words, "needs its own") {
				t.Errorf("who asks is told %d %q, and to come back in %s s", status, words, retry)
			}
			a.stateless(1)
		}

		first.conn.Close()
		time.Sleep(2 * keepStream)
		a.stateless(0)
		if _, b := a.joinWith("192.0.2.2", "demo", text, 2); wire.MessageType(b[0]) != wire.TypeWelcome {
			t.Errorf("the token is free again, and still %x", b)
		}
	})
}

// TestADeadSocketGivesUpItsSeat: a page that was loaded anew, while its old socket died without a word, is another viewer. It gets
// its token's seat with its second try.
func TestADeadSocketGivesUpItsSeat(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newAdmission(t, Config{})
		text := a.make(token.Claims{Stream: "demo"})
		old, began := a.joinDeaf(text, 1, 0), time.Now()
		first, b := a.joinWith("192.0.2.2", "demo", text, 2)
		r, err := wire.ParseRefused(b)
		if err != nil || r.Reason != wire.RefusedToken || r.RetryAfter != 2 {
			t.Fatalf("at first it is told %+v, %v", r, err)
		}
		first.refused()
		time.Sleep(time.Duration(r.RetryAfter) * time.Second)
		second, b := a.joinWith("192.0.2.2", "demo", text, 2)
		if wire.MessageType(b[0]) != wire.TypeWelcome {
			t.Fatalf("its second try is answered %x", b)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it waited %v", took)
		}
		if m := second.nextRoster().Members; len(m) != 1 || m[0].ID != viewerID(secret(2)) {
			t.Errorf("its cell is %+v", m)
		}
		if r, code := old.refused(); r.Reason != wire.RefusedToken || code != websocket.ClosePolicyViolation {
			t.Errorf("its old socket ends with %+v, %d", r, code)
		}
		a.stateless(1)
		if _, answer, err := a.dialWith(address("192.0.2.3"), "demo", text); err == nil || answer.StatusCode != http.StatusTooManyRequests {
			t.Errorf("a third comes: %v, %+v", err, answer)
		}
		a.stateless(1)
	})
}

// TestALiveViewerKeepsItsSeat: however often another comes with its token, and however slowly it answers within 2 s.
func TestALiveViewerKeepsItsSeat(t *testing.T) {
	for _, slow := range []time.Duration{time.Millisecond, answerWithin + 100*time.Millisecond, yieldAfter - 100*time.Millisecond} {
		bubble(t, func(t *testing.T) {
			a := newAdmission(t, Config{JoinsPerSecond: 100})
			text := a.make(token.Claims{Stream: "demo"})
			owner := a.joinDeaf(text, 1, slow)
			refused := 0
			for i := range 60 {
				v, _, err := a.dialWith(address("192.0.2.66"), "demo", text)
				if err != nil {
					refused++
				} else {
					v.read()
					v.send(wire.Join{Secret: secret(2), Stream: "demo"}.Append(nil))
					if r, _ := v.refused(); r.Reason == wire.RefusedToken {
						refused++
					}
				}
				time.Sleep(time.Duration(1+i%5) * 500 * time.Millisecond)
			}
			if refused != 60 {
				t.Errorf("answers after %v: another was let in %d times", slow, 60-refused)
			}
			owner.send(wire.Update{Weight: 7}.Append(nil))
			a.stateless(1)
			if owner.closed != nil {
				t.Errorf("answers after %v: its socket ended: %v", slow, owner.closed)
			}
		})
	}
}

// TestComesBackBesideItsDeadSocket: a viewer whose old socket has died without a word takes it over at once, from wherever it comes;
// another viewer does not.
func TestComesBackBesideItsDeadSocket(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newAdmission(t, Config{})
		text := a.make(token.Claims{Stream: "demo"})
		first := a.joinDeaf(text, 1, 0)
		second, b := a.joinWith("192.0.2.2", "demo", text, 2)
		if r, err := wire.ParseRefused(b); err != nil || r.Reason != wire.RefusedToken || r.RetryAfter != 2 {
			t.Errorf("another viewer with the same token: %+v, %v", r, err)
		}
		second.refused()
		a.stateless(1)

		began := time.Now()
		if _, b = a.joinWith("198.51.100.1", "demo", text, 1); wire.MessageType(b[0]) != wire.TypeWelcome {
			t.Errorf("the same viewer on a new socket: %x", b)
		}
		if took := time.Since(began); took > answerWithin+pause {
			t.Errorf("it waited %v", took)
		}
		first.refused() // its old socket is closed
		a.stateless(1)
	})
}

// TestTokenStanding: sockets of one token that send no Join are few, and give way.
func TestTokenStanding(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := newAdmission(t, Config{})
		text := a.make(token.Claims{Stream: "demo"})
		for range maxStanding {
			if _, _, err := a.dialWith(address("192.0.2.1"), "demo", text); err != nil {
				t.Fatal(err)
			}
		}
		_, answer, err := a.dialWith(address("192.0.2.2"), "demo", text)
		if err == nil || answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "5" {
			t.Errorf("%v, %+v", err, answer)
		}
		for _, v := range a.viewers {
			v.read()
			v.refused()
		}
		a.stateless(0)
	})
}

func TestSeats(t *testing.T) {
	s := newSeats(2)
	id, now := token.ID{1}, time.Now()
	sockets := []*viewer{{}, {}, {}, {}, {}}
	sit := func(viewer wire.ViewerID, stream string, socket int) bool {
		out, wait := s.sit(id, viewer, stream, sockets[socket], now)
		if out != nil || wait != 0 && wait != seatAgain {
			t.Errorf("%d has %v's seat, or may come in %v", viewer, out, wait)
		}
		return wait == 0
	}
	steps := []struct {
		what string
		got  bool
		want bool
	}{
		{"one stands", s.stand(id), true},
		{"another stands", s.stand(id), true},
		{"a third does not", s.stand(id), false},
		{"7 sits", sit(7, "a", 0), true},
		{"8 sits", sit(8, "a", 1), true},
		{"9 stands", s.stand(id), true},
		{"9 finds no seat", sit(9, "a", 2), false},
		{"7 stands", s.stand(id), true},
		{"7 takes its seat", sit(7, "a", 3), true},
		{"7 stands for another stream", s.stand(id), true},
		{"and finds no seat", sit(7, "b", 4), false},
		{"all seats are taken", len(s.sitters(id)) == 2, true},
		{"of another token they are not", len(s.sitters(token.ID{2})) > 0, false},
	}
	for _, step := range steps {
		if step.got != step.want {
			t.Errorf("%s: %v", step.what, step.got)
		}
	}
	sockets[1].asked.Store(&question{since: now.Add(-yieldAfter / 4)})
	sockets[3].asked.Store(&question{since: now.Add(-yieldAfter / 2)})
	if out, wait := s.sit(id, 9, "a", sockets[4], now); out != nil || wait != yieldAfter/2 {
		t.Errorf("8 and 7 owe an answer: 9 has the seat of %v, or may come in %v", out, wait)
	}
	if out, wait := s.sit(id, 9, "a", sockets[4], now.Add(yieldAfter/2)); wait != 0 || out == nil || out.viewer != 7 || out.latest() != sockets[3] {
		t.Errorf("7 has not answered in time: 9 has the seat of %+v, or may come in %v", out, wait)
	}
	s.walk(id)
	for _, lost := range []int{0, 3} { // the sockets of 7
		if s.rise(id, sockets[lost]); len(s.sitters(id)) != 2 {
			t.Error("who has lost its seat takes one away")
		}
	}
	s.rise(id, sockets[1])
	if s.len() != 1 || len(s.sitters(id)) != 0 {
		t.Error("9 sits and is forgotten, or sits on both seats")
	}
	if s.rise(id, sockets[4]); s.len() != 0 {
		t.Error("nobody is there and it is not forgotten")
	}
}
