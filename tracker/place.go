package tracker

import (
	"hash/fnv"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/shoal-live/shoal/tracker/cell"
)

// prefixNetwork marks networks that are prefixes and not AS numbers.
const prefixNetwork = 1 << 63

// place returns where a viewer is, as far as its request tells: its network is its AS where the trusted proxy names
// that, else the /16 or, in IPv6, the /32 of its address. Round trips come later, by Join and Update.
func (t *Tracker) place(r *http.Request, from netip.Addr, local bool) cell.Place {
	at := cell.Place{Network: prefix(from), Prefix: neighbourhood(from), Origin: t.privacy.origin(from, local)}
	if as := autonomous(lastOf(r, t.config.ASHeader)); as != 0 {
		at.Network = as
	}
	if region := lastOf(r, t.config.RegionHeader); region != "" {
		h := fnv.New32a()
		h.Write([]byte(strings.ToLower(region)))
		at.Region = max(1, h.Sum32())
	}
	return at
}

// prefix returns the network that an address is taken to be in, 0 if it is not known.
func prefix(from netip.Addr) uint64 {
	from = from.Unmap()
	switch b := from.As16(); {
	case from.Is4():
		return prefixNetwork | 4<<32 | uint64(b[12])<<8 | uint64(b[13])
	case from.Is6():
		return prefixNetwork | 6<<32 | uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
	}
	return 0
}

// neighbourhood returns what viewers are counted by in a cell, the /24 or, in IPv6, the /48 of an address; 0 for those that are
// not counted: of private networks and of the machine itself, behind which anybody may be, and unknown ones.
func neighbourhood(from netip.Addr) uint64 {
	from = from.Unmap()
	if !from.IsValid() || from.IsPrivate() || from.IsLoopback() || from.IsLinkLocalUnicast() {
		return 0
	}
	b := from.As16()
	if from.Is4() {
		return 4<<56 | uint64(b[12])<<16 | uint64(b[13])<<8 | uint64(b[14])
	}
	return 6<<56 | uint64(b[0])<<40 | uint64(b[1])<<32 | uint64(b[2])<<24 | uint64(b[3])<<16 | uint64(b[4])<<8 | uint64(b[5])
}

// autonomous reads an AS number, which may stand as "AS64500", "64500" or "AS64500 Example Net"; 0 if there is none.
func autonomous(text string) uint64 {
	if len(text) > 2 && strings.EqualFold(text[:2], "AS") {
		text = text[2:]
	}
	number, _, _ := strings.Cut(text, " ")
	as, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0
	}
	return as
}

// lastOf returns the last element of a request header, the one that the proxy nearest to us has set; "" if there is
// none, or no header is named.
func lastOf(r *http.Request, header string) string {
	if header == "" {
		return ""
	}
	values := r.Header.Values(header)
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}
