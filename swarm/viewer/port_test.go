package viewer

import (
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// TestSparedQuestions has pion's rhythm: often while a link comes about, and every two seconds once it is there.
func TestSparedQuestions(t *testing.T) {
	a, b := netip.MustParseAddrPort("192.0.2.1:1000"), netip.MustParseAddrPort("192.0.2.2:1000")
	begun := time.Now()
	var p port
	for _, c := range []struct {
		at     time.Duration
		to     netip.AddrPort
		spared bool
	}{
		{0, a, false}, {0, b, false}, {200 * time.Millisecond, a, false}, {200 * time.Millisecond, b, false},
		{400 * time.Millisecond, b, false}, {600 * time.Millisecond, b, false},
		{2600 * time.Millisecond, b, true}, {4600 * time.Millisecond, b, true}, {6600 * time.Millisecond, b, false},
		{8600 * time.Millisecond, b, true}, {10600 * time.Millisecond, b, true}, {12600 * time.Millisecond, b, false},
		{14600 * time.Millisecond, a, false}, {14800 * time.Millisecond, a, false}, // another way is tried
	} {
		if got := p.spares(c.to, begun.Add(c.at)); got != c.spared {
			t.Errorf("%v, %v: spared %v, want %v", c.at, c.to, got, c.spared)
		}
	}
}

func TestIsCheck(t *testing.T) {
	build := func(with ...stun.Setter) []byte {
		m, err := stun.Build(append(with, stun.Fingerprint)...)
		if err != nil {
			t.Fatal(err)
		}
		return m.Raw
	}
	user := stun.NewUsername("abcde:fghij")
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"question":          {build(stun.BindingRequest, stun.TransactionID, user, ice.AttrControlled(7)), true},
		"nomination":        {build(stun.BindingRequest, stun.TransactionID, user, ice.UseCandidate()), false},
		"answer":            {build(stun.BindingSuccess, stun.TransactionID), false},
		"DTLS":              {append([]byte{23, 254, 253}, make([]byte, 60)...), false},
		"short":             {[]byte{0, 1, 0, 0}, false},
		"nothing":           {nil, false},
		"cut short":         {build(stun.BindingRequest, stun.TransactionID, user)[:25], true},
		"a length too long": {append(build(stun.BindingRequest, stun.TransactionID)[:20], 0, 6, 255, 255), true},
	} {
		if got := isCheck(c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestLinksReadFromPorts: pion reads what comes for a link from a port of that link alone, and from one that spares questions. It takes such a port for
// what it is if that has both methods, so what it writes goes by the port as well.
func TestLinksReadFromPorts(t *testing.T) {
	const viewers = 3
	const ends = viewers * (viewers - 1)
	st := newStage(t, 5000, 200*time.Millisecond)
	loops, ports := 0, 0 // when all were linked last
	c := Config{P2P: true}
	st.watch(t, 8, func(a audience) bool {
		links := 0
		for _, v := range a.viewers {
			links += v.Report().Peers
		}
		if links == ends {
			loops, ports = reading()
		}
		return loops >= ends && ports == loops // one that is busy with what it has read is not seen to read
	}, c, c, c)
	if loops < ends {
		t.Fatalf("%d goroutines of pion read for links, want one or more for each of %d ends", loops, ends)
	}
	if ports != loops {
		t.Errorf("%d of %d goroutines of pion that read for links read from a port that spares questions", ports, loops)
	}
}

// reading counts the goroutines in which pion reads for a link, and those of them that read from a port of ours.
func reading() (loops, ports int) {
	stacks := make([]byte, 16<<20)
	for one := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if !strings.Contains(one, "/ice/v4.(*candidateBase).recvLoop(") {
			continue
		}
		loops++
		if strings.Contains(one, "/viewer.(*port).ReadFromAddrPort(") {
			ports++
		}
	}
	return loops, ports
}
