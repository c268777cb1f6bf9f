package ice

import "net/netip"

// parseAddr is netip.ParseAddr of bytes. It allocates nothing but for IPv6: an address of IPv4 has the most to be read of, and what
// stands most often where an address should is a name.
func parseAddr(b []byte) (a netip.Addr, ok bool) {
	for _, c := range b {
		switch c {
		case '.':
			return parse4(b)
		case ':':
			a, err := netip.ParseAddr(string(b))
			return a, err == nil
		}
	}
	return a, false
}

// parse4 reads four numbers without needless zeros, and points between them.
func parse4(b []byte) (a netip.Addr, ok bool) {
	var four [4]byte
	n, digits, value := 0, 0, 0
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			if digits > 0 && value == 0 {
				return a, false
			}
			digits++
			if value = 10*value + int(c-'0'); value > 255 {
				return a, false
			}
		case c == '.' && digits > 0 && n < 3:
			four[n] = byte(value)
			n, digits, value = n+1, 0, 0
		default:
			return a, false
		}
	}
	if n < 3 || digits == 0 {
		return a, false
	}
	four[3] = byte(value)
	return netip.AddrFrom4(four), true
}
