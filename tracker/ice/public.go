package ice

import (
	"net/netip"
	"slices"
)

// special4 and special6 are the networks that are no part of the Internet, or only a door to others that may be none (RFC 6890). Those
// for documentation are left out: they lead nowhere.
var special4 = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
)

var special6 = prefixes(
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

// Private are the networks of one house or firm, and the machine itself: RFC 1918, unique local, link-local and loopback.
// Who serves its own network shares these.
func Private() []netip.Prefix {
	return prefixes("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10")
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		list[i] = netip.MustParsePrefix(t)
	}
	return list
}

// Public tells whether an address is one of the Internet: not private, shared by a carrier's NAT, loopback, link-local,
// multicast, unspecified, or a private one in the clothes of IPv6.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	special := special6
	if a.Is4() {
		special = special4
	}
	return a.IsValid() && a.Zone() == "" && !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}
