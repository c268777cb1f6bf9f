package ice_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/tracker/ice"
)

func Example() {
	var filter ice.Filter
	sender, receiver := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("198.51.100.9")
	for _, candidate := range []string{
		"candidate:1 1 udp 2122260223 192.168.1.5 50000 typ host",
		"candidate:2 1 udp 1686052607 203.0.113.7 50000 typ srflx raddr 192.168.1.5 rport 50000",
	} {
		payload := append([]byte{byte(wire.Candidate)}, `{"candidate":"`+candidate+`"}`...)
		if passed := filter.Arriving(filter.Leaving(payload, sender, nil), receiver); passed != nil {
			fmt.Println(string(passed[1:]))
		}
	}
	// Output: {"candidate":"candidate:2 1 udp 1686052607 203.0.113.7 50000 typ srflx raddr 0.0.0.0 rport 9"}
}

var (
	sender   = netip.MustParseAddr("203.0.113.7")
	receiver = netip.MustParseAddr("198.51.100.9")
	lan      = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	others   = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
)

const (
	srflx       = "candidate:2 1 udp 1686052607 203.0.113.7 50000 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag EsAw network-cost 999"
	relay       = "candidate:3 1 udp 41885439 198.51.100.200 50001 typ relay raddr 203.0.113.7 rport 50000 generation 0 ufrag EsAw"
	relayBlank  = "candidate:3 1 udp 41885439 198.51.100.200 50001 typ relay raddr 0.0.0.0 rport 9 generation 0 ufrag EsAw"
	hostPrivate = "candidate:1 1 udp 2122260223 192.168.1.5 50000 typ host generation 0 ufrag EsAw"
	hostMDNS    = "candidate:1 1 udp 2122260223 3f2b-aa.local 50000 typ host generation 0 ufrag EsAw"
)

func TestCandidate(t *testing.T) {
	for _, c := range []struct {
		name, candidate   string
		leaving, arriving string // what passes; "": nothing
		filter            ice.Filter
	}{
		{name: "host", candidate: hostPrivate},
		{name: "host by mDNS", candidate: hostMDNS},
		{name: "host, public, of another address", candidate: "candidate:1 1 udp 1 198.51.100.3 5 typ host", arriving: "candidate:1 1 udp 1 198.51.100.3 5 typ host"},
		{name: "host, as the tracker sees it", candidate: "candidate:1 1 udp 1 203.0.113.7 5 typ host", leaving: "=", arriving: "="},
		{name: "host, TCP", candidate: "candidate:1 1 tcp 1518280447 192.168.1.5 9 typ host tcptype active"},
		{name: "srflx", candidate: srflx, leaving: "=", arriving: "="},
		{name: "srflx that tells", candidate: "candidate:2 1 udp 1 203.0.113.7 5 typ srflx raddr 10.0.0.1 rport 6", leaving: "candidate:2 1 udp 1 203.0.113.7 5 typ srflx raddr 0.0.0.0 rport 9", arriving: "candidate:2 1 udp 1 203.0.113.7 5 typ srflx raddr 0.0.0.0 rport 9"},
		{name: "srflx that tells, IPv6", candidate: "candidate:2 1 udp 1 2001:db8::7 5 typ srflx raddr fd00::1 rport 6", leaving: "candidate:2 1 udp 1 2001:db8::7 5 typ srflx raddr :: rport 9", arriving: "candidate:2 1 udp 1 2001:db8::7 5 typ srflx raddr :: rport 9"},
		{name: "srflx that tells by name", candidate: "candidate:2 1 udp 1 203.0.113.7 5 typ srflx RADDR my.local RPORT 6", leaving: "candidate:2 1 udp 1 203.0.113.7 5 typ srflx RADDR 0.0.0.0 RPORT 9", arriving: "candidate:2 1 udp 1 203.0.113.7 5 typ srflx RADDR 0.0.0.0 RPORT 9"},
		{name: "srflx that tells twice", candidate: "candidate:2 1 udp 1 203.0.113.7 5 typ srflx raddr 0.0.0.0 rport 0 raddr 10.0.0.1", leaving: "candidate:2 1 udp 1 203.0.113.7 5 typ srflx raddr 0.0.0.0 rport 0 raddr 0.0.0.0", arriving: "candidate:2 1 udp 1 203.0.113.7 5 typ srflx raddr 0.0.0.0 rport 0 raddr 0.0.0.0"},
		{name: "relay", candidate: relay, leaving: relayBlank, arriving: relayBlank},
		{name: "prflx", candidate: strings.ReplaceAll(srflx, "srflx", "prflx"), leaving: "=", arriving: "="},
		{name: "srflx with a name", candidate: strings.ReplaceAll(srflx, "203.0.113.7", "printer.local")},
		{name: "srflx with a name of the Internet", candidate: strings.ReplaceAll(srflx, "203.0.113.7", "tv.example")},
		{name: "srflx of the LAN", candidate: strings.ReplaceAll(srflx, "203.0.113.7", "192.168.1.1")},
		{name: "srflx of a carrier's NAT", candidate: strings.ReplaceAll(srflx, "203.0.113.7", "100.64.1.1")},
		{name: "srflx of this machine", candidate: strings.ReplaceAll(srflx, "203.0.113.7", "127.0.0.1")},
		{name: "srflx, mapped private", candidate: strings.ReplaceAll(srflx, "203.0.113.7", "::ffff:10.0.0.1")},
		{name: "srflx, private by NAT64", candidate: strings.ReplaceAll(srflx, "203.0.113.7", "64:ff9b::a00:1")},
		{name: "srflx, private by 6to4", candidate: strings.ReplaceAll(srflx, "203.0.113.7", "2002:a00:1::1")},
		{name: "relay, link-local", candidate: strings.ReplaceAll(relay, "198.51.100.200", "fe80::1%eth0")},
		{name: "relay, multicast", candidate: strings.ReplaceAll(relay, "198.51.100.200", "224.0.0.251")},
		{name: "relay, broadcast", candidate: strings.ReplaceAll(relay, "198.51.100.200", "255.255.255.255")},
		{name: "relay, unspecified", candidate: strings.ReplaceAll(relay, "198.51.100.200", "0.0.0.0")},
		{name: "relay, unique local", candidate: strings.ReplaceAll(relay, "198.51.100.200", "fd12::1")},
		{name: "octal", candidate: strings.ReplaceAll(srflx, "203.0.113.7", "0300.0250.01.01")},
		{name: "another type", candidate: strings.ReplaceAll(srflx, "srflx", "magic")},
		{name: "type in capitals", candidate: strings.ReplaceAll(srflx, "srflx", "SRFLX")},
		{name: "no type", candidate: "candidate:2 1 udp 1 203.0.113.7 5"},
		{name: "two spaces", candidate: strings.Replace(srflx, " ", "  ", 1)},
		{name: "port of no kind", candidate: strings.Replace(srflx, "50000", "70000", 1)},
		{name: "endless", candidate: srflx + strings.Repeat(" a b", 50)},
		{name: "odd", candidate: srflx + " raddr"},

		{name: "shared: host", candidate: hostPrivate, leaving: "=", arriving: "=", filter: ice.Filter{Shared: append(lan, netip.MustParsePrefix("198.51.100.0/24"))}},
		{name: "shared: mDNS", candidate: hostMDNS, leaving: "=", arriving: "=", filter: ice.Filter{Shared: append(lan, netip.MustParsePrefix("198.51.100.0/24"))}},
		{name: "shared by the sender alone", candidate: hostPrivate, leaving: "=", filter: ice.Filter{Shared: lan}},
		{name: "shared by the sender alone: mDNS", candidate: hostMDNS, leaving: "=", filter: ice.Filter{Shared: lan}},

		{name: "relay-only: relay", candidate: relay, leaving: relayBlank, arriving: relayBlank, filter: ice.Filter{RelayOnly: true}},
		{name: "relay-only: srflx", candidate: srflx, filter: ice.Filter{RelayOnly: true}},
		{name: "relay-only: host", candidate: hostPrivate, filter: ice.Filter{RelayOnly: true}},
		{name: "relay-only: own host", candidate: "candidate:1 1 udp 1 203.0.113.7 5 typ host", filter: ice.Filter{RelayOnly: true}},
		{name: "relay-only, shared: host", candidate: hostPrivate, filter: ice.Filter{RelayOnly: true, Shared: lan}},
		{name: "relay-only, shared: relay of the LAN", candidate: strings.ReplaceAll(relayBlank, "198.51.100.200", "192.168.1.2"), leaving: "=", filter: ice.Filter{RelayOnly: true, Shared: lan}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for half, pass := range map[string]struct {
				want string
				do   func([]byte) []byte
			}{
				"leaving":  {c.leaving, func(b []byte) []byte { return c.filter.Leaving(b, sender, nil) }},
				"arriving": {c.arriving, func(b []byte) []byte { return c.filter.Arriving(b, receiver) }},
			} {
				want := pass.want
				if want == "=" {
					want = c.candidate
				}
				// By itself, and in a description.
				for _, frame := range [...]struct{ kind, before, after string }{
					{"\x03", `{"candidate":"`, `","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"EsAw"}`},
					{"\x03", "{ \"sdpMid\" : null ,\n\"candidate\" : \"", `"}`},
					{"\x01", "v=0\r\na=", "\r\na=mid:0\r\n"},
					{"\x02", "v=0\na=", "\na=end-of-candidates"},
				} {
					got := string(pass.do([]byte(frame.kind + frame.before + c.candidate + frame.after)))
					wish := frame.kind + frame.before + want + frame.after
					if want == "" && frame.kind == "\x03" {
						wish = ""
					} else if want == "" {
						wish = frame.kind + strings.TrimSuffix(frame.before, "a=") + strings.TrimLeft(frame.after, "\r\n")
					}
					if got != wish {
						t.Errorf("%s: got %q, want %q", half, got, wish)
					}
					if arrived := c.filter.Arriving([]byte(got), receiver); half == "leaving" && !c.filter.Shares(sender) && string(arrived) != got {
						t.Errorf("left as %q, arrived as %q", got, arrived)
					}
				}
			}
		})
	}
}

func TestCandidateInit(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                ``,
		"with a=":                `{"candidate":"a=` + srflx + `"}`,
		"no object":              `"candidate"`,
		"no candidate":           `{"sdpMid":"0"}`,
		"cut off":                `{"candidate":"` + srflx,
		"more behind":            `{"candidate":"` + srflx + `"} {}`,
		"twice":                  `{"candidate":"` + srflx + `","candidate":"` + hostPrivate + `"}`,
		"twice, one as Go reads": `{"candidate":"` + srflx + `","Candidate":"` + hostPrivate + `"}`,
		"as Go reads":            `{"Candidate":"` + srflx + `"}`,
		"escaped name":           `{"candid\u0061te":"` + hostPrivate + `","candidate":"` + srflx + `"}`,
		"escaped value":          `{"candidate":"candidate:1 1 udp 1 10.0.0.1\u0020 5 typ host"}`,
		"nested":                 `{"candidate":"` + srflx + `","more":{"candidate":"x"}}`,
		"a list":                 `{"candidate":["` + srflx + `"]}`,
		"number":                 `{"candidate":1}`,
		"null":                   `{"candidate":null}`,
		"not in Unicode":         "{\"candidate\":\"" + srflx + "\xff\"}",
		"too many names":         `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"candidate":"` + srflx + `"}`,
	} {
		if got := (ice.Filter{}).Leaving([]byte("\x03"+text), sender, nil); got != nil {
			t.Errorf("%s: passed as %q", name, got)
		}
	}
	end := []byte("\x03" + `{"candidate":"","sdpMid":"0"}`)
	if got := (ice.Filter{}).Leaving(end, sender, nil); string(got) != string(end) {
		t.Errorf("the end of candidates passed as %q", got)
	}
	for _, kind := range []string{"", "\x00", "\x04v=0", "\x01" + strings.Repeat("a", wire.MaxSignal), "\x01" + strings.Repeat("\n", 2000)} {
		if got := (ice.Filter{}).Arriving([]byte(kind), receiver); got != nil {
			t.Errorf("%.10q passed as %.10q", kind, got)
		}
	}
}

func TestLines(t *testing.T) {
	for _, c := range []struct{ name, line, leaving, arriving string }{
		{"origin of Chromium", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "=", "="},
		{"origin of pion", "o=- 816189434379569032 1795841738 IN IP4 0.0.0.0", "=", "="},
		{"origin that tells", "o=jdoe 2890844526 2890842807 IN IP4 10.47.16.5", "o=jdoe 2890844526 2890842807 IN IP4 0.0.0.0", "o=jdoe 2890844526 2890842807 IN IP4 0.0.0.0"},
		{"connection", "c=IN IP4 0.0.0.0", "=", "="},
		{"connection that tells", "c=IN IP4 203.0.113.7", "c=IN IP4 0.0.0.0", "c=IN IP4 0.0.0.0"},
		{"connection that tells, IPv6", "c=IN IP6 fd00::1", "c=IN IP6 ::", "c=IN IP6 ::"},
		{"connection that tells by name", "c=IN IP6 my.local", "c=IN IP6 ::", "c=IN IP6 ::"},
		{"connection, multicast", "c=IN IP4 224.2.36.42/127", "c=IN IP4 0.0.0.0", "c=IN IP4 0.0.0.0"},
		{"RTCP", "a=rtcp:9 IN IP4 0.0.0.0", "=", "="},
		{"RTCP that tells", "a=rtcp:53020 IN IP4 10.0.0.1", "a=rtcp:53020 IN IP4 0.0.0.0", "a=rtcp:53020 IN IP4 0.0.0.0"},
		{"RTCP, port alone", "a=rtcp:9", "=", "="},
		{"pairs", "a=remote-candidates:1 10.0.0.1 5", "", ""},
		{"candidate, as Firefox reads", "a=Candidate:1 1 udp 1 203.0.113.7 5 typ srflx", "", ""},
		{"candidate after a space", " a=" + hostPrivate, "", ""},
		{"candidate in capitals", "A=" + hostPrivate, "", ""},
		{"candidate with a space", "a= " + hostPrivate, "", ""},
		{"no value", "a=candidate", "", ""},
		{"unknown", "a=x-new:10.0.0.1", "=", "="},
		{"unknown type", "z=10.0.0.1", "=", "="},
		{"no line of SDP", "hello", "=", "="},
	} {
		t.Run(c.name, func(t *testing.T) {
			for half, want := range map[string]string{"leaving": c.leaving, "arriving": c.arriving} {
				for _, ending := range []string{"\r\n", "\n", "\r"} {
					before, after := "\x01v=0"+ending, "s=-"+ending
					wish := before + want + ending + after
					switch want {
					case "=":
						wish = before + c.line + ending + after
					case "":
						wish = before + after
					}
					payload := []byte(before + c.line + ending + after)
					got := (ice.Filter{}).Leaving(payload, sender, nil)
					if half == "arriving" {
						got = (ice.Filter{}).Arriving(payload, receiver)
					}
					if string(got) != wish {
						t.Errorf("%s: got %q, want %q", half, got, wish)
					}
				}
			}
		})
	}
}

// TestFromASharedNetwork: what leaves a viewer of a shared network as it is reaches one that is elsewhere without a private address.
func TestFromASharedNetwork(t *testing.T) {
	f := ice.Filter{Shared: []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}}
	own, neighbour, elsewhere := netip.MustParseAddr("192.168.1.5"), netip.MustParseAddr("192.168.7.7"), netip.MustParseAddr("198.51.100.7")
	for name, said := range map[string]string{
		"candidate": "\x03" + `{"candidate":"candidate:2 1 udp 1 203.0.113.7 5 typ srflx raddr 192.168.1.5 rport 6","sdpMid":"0"}`,
		"description": "\x01v=0\r\no=- 1 2 IN IP4 192.168.1.5\r\nc=IN IP4 192.168.1.5\r\na=rtcp:6 IN IP4 192.168.1.5\r\n" +
			"a=candidate:1 1 udp 1 192.168.1.5 6 typ host\r\na=candidate:2 1 udp 1 203.0.113.7 5 typ srflx raddr 192.168.1.5 rport 6\r\n",
	} {
		left := f.Leaving([]byte(said), own, nil)
		if got := f.Arriving(left, neighbour); string(got) != said {
			t.Errorf("%s: a neighbour is shown %q", name, got)
		}
		got := f.Arriving(left, elsewhere)
		if strings.Contains(string(got), "192.168.1.5") || !strings.Contains(string(got), "203.0.113.7") {
			t.Errorf("%s: a stranger is shown %q", name, got)
		}
		if n := testing.AllocsPerRun(100, func() { f.Arriving(got, elsewhere) }); n != 0 {
			t.Errorf("%s: %.0f allocations where nothing changes", name, n)
		}
	}
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"198.51.100.1": true, "8.8.8.8": true, "2001:db8::1": true, "2a00::1": true, "::ffff:8.8.8.8": true,
		"10.0.0.1": false, "172.31.255.255": false, "172.32.0.1": true, "100.127.0.1": false, "100.128.0.1": true, "169.254.169.254": false,
		"127.9.9.9": false, "0.0.0.0": false, "::": false, "::1": false, "fd00::1": false, "fe80::1": false, "ff02::fb": false, "239.1.1.1": false,
		"::ffff:127.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:0:7f00::": false, "::127.0.0.1": false,
	} {
		if got := ice.Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %v", text, got)
		}
	}
	if ice.Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// FuzzFilter: whatever comes in, nothing breaks, nothing grows much, what has passed once passes again unchanged, and what has
// left one who shares nothing arrives at everybody.
func FuzzFilter(f *testing.F) {
	for _, c := range []string{srflx, relay, hostPrivate, hostMDNS} {
		f.Add([]byte("\x01v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\na="+c+"\r\n"), false)
		f.Add([]byte("\x03"+`{"candidate":"`+c+`","sdpMid":"0"}`), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, only bool) {
		for _, filter := range []ice.Filter{{RelayOnly: only}, {RelayOnly: only, Shared: lan}, {RelayOnly: only, Shared: others}} {
			was := string(b)
			once := filter.Leaving(b, sender, nil)
			if string(b) != was {
				t.Fatal("the payload was written to")
			}
			if len(once) > 4*len(b)+64 {
				t.Fatalf("%d bytes became %d", len(b), len(once))
			}
			if again := filter.Leaving(once, sender, make([]byte, 100)); string(again) != string(once) {
				t.Fatalf("once %q, again %q", once, again)
			}
			arrived := filter.Arriving(once, receiver)
			if !filter.Shares(sender) && string(arrived) != string(once) {
				t.Fatalf("left %q, arrived %q", once, arrived)
			}
			if again := filter.Arriving(arrived, receiver); string(again) != string(arrived) {
				t.Fatalf("arrived once %q, again %q", arrived, again)
			}
		}
	})
}
