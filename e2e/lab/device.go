//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// openDevice makes a TUN device in the network namespace of the calling thread. It is gone when the file is closed.
func openDevice(name string, address netip.Prefix, more ...string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w (run this as root, on a kernel with tun)", err)
	}
	wish, err := unix.NewIfreq(name)
	if err == nil {
		wish.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, wish)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make the device %s: %w (run this as root)", name, err)
	}
	device := os.NewFile(uintptr(fd), "/dev/net/tun")
	commands := append([]string{
		fmt.Sprintf("address add %v dev %s", address, name),
		fmt.Sprintf("link set %s mtu %d up", name, mtu),
	}, more...)
	ip := exec.Command("ip", "-batch", "-")
	ip.Stdin = strings.NewReader(strings.Join(commands, "\n"))
	if said, err := ip.CombinedOutput(); err != nil {
		device.Close()
		return nil, fmt.Errorf("ip: %w: %s", err, said)
	}
	return device, nil
}

// newSpace makes a network namespace with one device that leads everywhere. The namespace has no name: it lives as long
// as a process in it, or the file that is returned.
func newSpace(address netip.Prefix) (device, space *os.File, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			err = fmt.Errorf("make a network namespace: %w (run this as root)", err)
			return
		}
		if space, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			return
		}
		if device, err = openDevice("eth0", address, "link set lo up", "route add default dev eth0"); err != nil {
			space.Close()
		}
	}()
	<-done
	return device, space, err
}
