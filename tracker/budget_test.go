package tracker

import (
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	now := time.Minute
	var b budget
	take := func(n int, want time.Duration) {
		t.Helper()
		if got := b.take(now, n, 10, 30); (got - want).Abs() > time.Microsecond {
			t.Errorf("wait %v, want %v", got, want)
		}
	}
	take(30, 0)                     // the burst
	take(1, 100*time.Millisecond)   // and one more
	take(10, 1100*time.Millisecond) // who takes on owes more
	now += 1100 * time.Millisecond
	take(0, 0)
	take(5, 500*time.Millisecond)
	now += time.Hour // never more than the burst
	take(30, 0)
	take(1, 100*time.Millisecond)
}
