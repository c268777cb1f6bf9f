package origin

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// diskCheck is how long an outcome holds: anybody may ask whether the origin is ready, as often as they like.
const diskCheck = 2 * time.Second

// Ready tells why the origin cannot take broadcasts, or nil. A disk that fills up shows within diskCheck.
func (o *Origin) Ready() error {
	if !o.listening.Load() {
		return errors.New("origin: not listening for broadcasters")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := time.Now(); o.checked.IsZero() || now.Sub(o.checked) >= diskCheck {
		o.checked, o.disk = now, o.tryDisk()
	}
	return o.disk
}

func (o *Origin) tryDisk() error {
	if err := os.MkdirAll(o.config.Data, 0o700); err != nil {
		return fmt.Errorf("origin: data: %w", err)
	}
	f, err := os.CreateTemp(o.config.Data, ".ready-*")
	if err != nil {
		return fmt.Errorf("origin: data: %w", err)
	}
	_, err = f.Write(make([]byte, 4<<10)) // of a full disk an empty file can still be had
	if err != nil {
		err = fmt.Errorf("origin: data: %w", err)
	}
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}
