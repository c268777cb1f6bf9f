//go:build linux

package main

import (
	"context"
	"io"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A wire is a device of the tests: what is sent is read from it, and it notes when something is delivered.
type wire struct {
	sends    chan []byte
	began    time.Time
	arrivals []arrival
}

type arrival struct {
	at   time.Duration
	mark byte // the last byte of the packet
}

func newWire() *wire { return &wire{sends: make(chan []byte), began: time.Now()} }

func (w *wire) Read(b []byte) (int, error) {
	sent, ok := <-w.sends
	if !ok {
		return 0, io.EOF
	}
	return copy(b, sent), nil
}

func (w *wire) Write(b []byte) (int, error) {
	w.arrivals = append(w.arrivals, arrival{time.Since(w.began), b[len(b)-1]})
	return len(b), nil
}

func (w *wire) Close() error {
	close(w.sends)
	return nil
}

func address(last byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 78, 0, last}) }

func datagram(to byte, size int, mark byte) []byte {
	b := make([]byte, size)
	b[0] = 0x45
	copy(b[16:], address(to).AsSlice())
	b[size-1] = mark
	return b
}

// inNetwork runs a server and two viewers with uplinks of 1 Mbit/s, 20 ms of queue and 10 ms to the middle.
func inNetwork(t *testing.T, do func(server, one, two *wire)) *network {
	t.Helper()
	return inSlots(t, 0, do)
}

// inNarrow narrows the downlink of the second viewer to 500 kbit/s first.
func inNarrow(t *testing.T, do func(server, one, two *wire)) *network {
	t.Helper()
	return inWorld(t, 0, true, do)
}

func inSlots(t *testing.T, slot time.Duration, do func(server, one, two *wire)) *network {
	t.Helper()
	return inWorld(t, slot, false, do)
}

func inWorld(t *testing.T, slot time.Duration, narrow bool, do func(server, one, two *wire)) *network {
	t.Helper()
	var n *network
	synctest.Test(t, func(t *testing.T) {
		wires := []*wire{newWire(), newWire(), newWire()}
		ports := make([]*port, len(wires))
		for i, w := range wires {
			ports[i] = &port{address: address(byte(i + 1)), device: w}
			if i > 0 {
				ports[i].distance = 10 * time.Millisecond
				ports[i].uplink = line{rate: 1_000_000, queue: 20 * time.Millisecond}
				ports[i].downlink.queue = 20 * time.Millisecond
			}
		}
		n = newNetwork(slot, ports...)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- n.run(ctx) }()
		if n.narrow = 500_000; narrow {
			n.told <- os.Interrupt
		}
		do(wires[0], wires[1], wires[2])
		time.Sleep(time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return n
}

func expect(t *testing.T, w *wire, want ...arrival) {
	t.Helper()
	synctest.Wait()
	if !slices.Equal(w.arrivals, want) {
		t.Errorf("arrived %v, want %v", w.arrivals, want)
	}
}

const ms = time.Millisecond

func TestServerIsNotLimited(t *testing.T) {
	inNetwork(t, func(server, one, two *wire) {
		for mark := range byte(3) {
			server.sends <- datagram(2, 1250, mark)
		}
		server.sends <- datagram(3, 1250, 9)
		time.Sleep(time.Second)
		expect(t, one, arrival{10 * ms, 0}, arrival{10 * ms, 1}, arrival{10 * ms, 2})
		expect(t, two, arrival{10 * ms, 9})
	})
}

func TestUplinkSerialises(t *testing.T) {
	inNetwork(t, func(server, one, two *wire) {
		one.sends <- datagram(3, 1250, 0) // 10 ms at its rate
		one.sends <- datagram(1, 625, 1)
		one.sends <- datagram(3, 125, 2)
		time.Sleep(time.Second)
		one.sends <- datagram(3, 1250, 3) // what was not used is not saved
		time.Sleep(time.Second)
		expect(t, two, arrival{30 * ms, 0}, arrival{36 * ms, 2}, arrival{1030 * ms, 3})
		expect(t, server, arrival{25 * ms, 1})
	})
}

func TestPacketsArriveInSlots(t *testing.T) {
	inSlots(t, 8*ms, func(server, one, two *wire) {
		one.sends <- datagram(3, 1250, 0)
		one.sends <- datagram(3, 250, 1) // 2 ms at its rate
		one.sends <- datagram(3, 125, 2)
		time.Sleep(time.Second)
		expect(t, two, arrival{32 * ms, 0}, arrival{32 * ms, 1}, arrival{32 * ms, 2}) // of 30, 32 and 33
	})
}

func TestFullUplinkDrops(t *testing.T) {
	n := inNetwork(t, func(_, one, two *wire) {
		for mark := range byte(6) {
			one.sends <- datagram(3, 1250, mark) // the fourth finds 30 ms waiting
		}
		time.Sleep(15 * ms)
		one.sends <- datagram(3, 1250, 6)
		time.Sleep(time.Second)
		expect(t, two, arrival{30 * ms, 0}, arrival{40 * ms, 1}, arrival{50 * ms, 2}, arrival{60 * ms, 6})
	})
	if p := n.ports[1]; p.packets != 4 || p.bytes != 5000 || p.dropped != 3 {
		t.Errorf("%d packets, %d bytes, %d dropped; want 4, 5000, 3", p.packets, p.bytes, p.dropped)
	}
	if u := n.ports[1].uplink; u.waited != 3 || u.longest != 20*ms {
		t.Errorf("%d waited, up to %v; want 3, 20 ms", u.waited, u.longest)
	}
}

func TestDownlinkIsNarrow(t *testing.T) {
	n := inNarrow(t, func(server, one, two *wire) {
		time.Sleep(ms)
		for mark := range byte(4) {
			server.sends <- datagram(3, 625, mark) // 10 ms at its rate
		}
		one.sends <- datagram(3, 625, 9) // comes 15 ms after them
		server.sends <- datagram(2, 625, 7)
		time.Sleep(time.Second)
		expect(t, one, arrival{11 * ms, 7})
		expect(t, two, arrival{21 * ms, 0}, arrival{31 * ms, 1}, arrival{41 * ms, 2}, arrival{51 * ms, 9})
	})
	if p := n.ports[2]; p.lost != 1 {
		t.Errorf("%d lost, want 1", p.lost)
	}
}

func TestDownlinksAreNarrowOneMoreEachTime(t *testing.T) {
	n := newNetwork(0, &port{}, &port{}, &port{})
	n.narrow = 500
	for _, step := range []struct {
		told os.Signal
		want []int64
	}{
		{syscall.SIGUSR1, []int64{0, 0, 500}},
		{syscall.SIGUSR1, []int64{0, 500, 500}},
		{syscall.SIGUSR1, []int64{0, 500, 500}}, // the server's is not
		{syscall.SIGUSR2, []int64{0, 0, 0}},
		{syscall.SIGUSR1, []int64{0, 0, 500}},
	} {
		n.shape(step.told)
		var got []int64
		for _, p := range n.ports {
			got = append(got, p.downlink.rate)
		}
		if !slices.Equal(got, step.want) {
			t.Fatalf("after %v: %v, want %v", step.told, got, step.want)
		}
	}
}

func TestWhatIsForNobodyIsIgnored(t *testing.T) {
	n := inNetwork(t, func(server, one, two *wire) {
		one.sends <- datagram(77, 100, 0)
		one.sends <- datagram(2, 100, 0) // itself
		one.sends <- []byte{0x60, 1, 2}
		one.sends <- nil
		time.Sleep(time.Second)
		expect(t, server)
		expect(t, two)
	})
	if p := n.ports[1]; p.packets != 0 || p.dropped != 0 {
		t.Errorf("%d packets, %d dropped; want none", p.packets, p.dropped)
	}
}
