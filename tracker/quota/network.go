package quota

import "net/netip"

// Network returns the network that an address is one of many of for whoever has it: the /24 of an IPv4 address, the /48 of
// an IPv6 one. What must be hard to get more of by taking more addresses is counted by it. An address that is not valid
// has the zero prefix.
func Network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	p, _ := addr.Prefix(bits)
	return p
}
