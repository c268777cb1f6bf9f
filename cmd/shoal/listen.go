package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"

	"github.com/shoal-live/shoal/tracker/gate"
)

// trackerPath is where viewers find the tracker.
const trackerPath = "/tracker"

// A door is an address the program listens on and the flag that holds it.
type door struct{ flag, address string }

// admit is serve where handshakes of viewers come: those for the tracker's path go to it by a gate, which tells the lobby when it is
// done with one. The others go on to who serves the rest.
func admit(listener net.Listener, tracker, handler http.Handler, rest httpTask, log *slog.Logger) task {
	bounded, _ := listener.(*lobby)
	handshakes := gate.New(listener, trackerPath, tracker, func(conn net.Conn) {
		if bounded != nil {
			bounded.leave(conn)
		}
	}, log)
	return func(ctx context.Context) error {
		return together(ctx, handshakes.Run, rest(behind{handshakes, bounded}, handler, log))
	}
}

// behind is a listener of what has come through a lobby and was passed on by another.
type behind struct {
	net.Listener
	lobby *lobby // nil: there is none
}

// listen opens a TCP listener. Its connections are not kept alive by the system, which takes four calls to set up: viewers are pinged,
// and other requests end by themselves. Nor are they of several paths (MPTCP), as Go has them by default: of such a one the system does
// not tell what waits, so that who takes it slowly would be let, and no bound of what is unsent holds for any connection that came to
// such a listener.
func (d door) listen() (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1, Control: fit}
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), "tcp", d.address)
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Addr == nil { // as where the host is not known
		return nil, fmt.Errorf("-%s %s: %w", d.flag, d.address, err)
	}
	return listener, explain(err, d)
}

// explain says in one line what to do about an address that cannot be listened on; other errors pass as they are. The
// error may come from any of the doors.
func explain(err error, doors ...door) error {
	failed, ok := errors.AsType[*net.OpError](err)
	if !ok || failed.Op != "listen" || failed.Addr == nil {
		return err
	}
	_, port, _ := net.SplitHostPort(failed.Addr.String())
	for _, d := range doors {
		host, own, e := net.SplitHostPort(d.address)
		if e != nil || own != port {
			continue
		}
		change := fmt.Sprintf("choose another with -%s %s", d.flag, net.JoinHostPort(host, "PORT"))
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			return fmt.Errorf("%s (%s) is taken by another program; stop that or %s", d.address, failed.Net, change)
		case errors.Is(err, syscall.EACCES):
			return fmt.Errorf("%s (%s) may not be opened by this user; %s", d.address, failed.Net, change)
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			return fmt.Errorf("%s (%s) is not an address of this machine; %s", d.address, failed.Net, change)
		}
	}
	return err
}
