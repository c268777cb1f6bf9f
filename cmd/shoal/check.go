package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/tracker"
)

// Checks of what flags hold, before a port is taken and a line is logged. Each names the flag and says what may be.

// refuse returns the error for a flag that can hold on no machine what it holds, with what may be.
func (s *flagSet) refuse(name, may string, args ...any) error {
	return usageError(s.of(name, may, args...))
}

// fail returns the error for a flag that is well said, and does not go here: the file it names is missing, say.
func (s *flagSet) fail(name, why string, args ...any) error {
	return errors.New(s.of(name, why, args...))
}

// of says something of what a flag holds.
func (s *flagSet) of(name, text string, args ...any) string {
	value := s.Lookup(name).Value.String()
	if value == "" || strings.ContainsAny(value, " \t\n") {
		value = strconv.Quote(value)
	}
	return fmt.Sprintf("%s: -%s %s: %s", s.Name(), name, value, fmt.Sprintf(text, args...))
}

// given tells whether a flag was set, on the command line or in the environment.
func (s *flagSet) given(name string) bool { return s.changed[name] }

// atLeast refuses numbers below a least one.
func (s *flagSet) atLeast(least float64, names ...string) error {
	return s.between(least, math.Inf(1), names...)
}

// between refuses numbers out of bounds.
func (s *flagSet) between(least, most float64, names ...string) error {
	may := fmt.Sprintf("%v to %v", least, most)
	if math.IsInf(most, 1) {
		may = fmt.Sprintf("%v or more", least)
	}
	for _, name := range names {
		f := s.Lookup(name)
		if number, err := strconv.ParseFloat(f.Value.String(), 64); err != nil || !(number >= least && number <= most) {
			return s.refuse(name, "choose %s (by default %s)", may, f.DefValue)
		}
	}
	return nil
}

// lasts refuses times out of bounds, and those that are no whole number of steps if there is a step. Most is 0 for no bound.
func (s *flagSet) lasts(name string, least, most, step time.Duration) error {
	f := s.Lookup(name)
	value, err := time.ParseDuration(f.Value.String())
	if err == nil && value >= least && (most == 0 || value <= most) && (step == 0 || value%step == 0) {
		return nil
	}
	may := fmt.Sprintf("%v to %v", least, most)
	if most == 0 {
		may = fmt.Sprintf("%v or more", least)
	}
	if step == time.Second {
		may += ", in whole seconds"
	}
	return s.refuse(name, "choose %s (by default %s)", may, f.DefValue)
}

// optional are the flags of addresses that may be empty: nothing is opened then.
var optional = []string{"stun", "turn", "rtmps", "https"}

// addresses refuses what cannot be listened on, and a port that two flags want.
func (s *flagSet) addresses(network string, names ...string) error {
	type place struct {
		flag, host string
		port       int
	}
	var places []place
	for _, name := range names {
		f := s.Lookup(name)
		if f.Value.String() == "" && slices.Contains(optional, name) {
			continue
		}
		host, text, err := net.SplitHostPort(f.Value.String())
		port, e := net.LookupPort(network, text)
		if err != nil || e != nil || text == "" {
			like := f.DefValue
			switch {
			case name == "rtmps":
				like = ":1936"
			case name == "https":
				like = ":8443"
			case like == "":
				like = defaultTURN
			}
			return s.refuse(name, "want HOST:PORT or :PORT, with a port of 65535 at most, like -%s %s", name, like)
		}
		for _, p := range places {
			if port != 0 && p.port == port && (p.host == host || everywhere(p.host) || everywhere(host)) {
				return s.refuse(name, "-%s has that port too: give each its own", p.flag)
			}
		}
		places = append(places, place{name, host, port})
	}
	return nil
}

// everywhere tells whether a host stands for all addresses of the machine.
func everywhere(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

// folder refuses what is no folder, and cannot become one.
func (s *flagSet) folder(name string) error {
	path := s.Lookup(name).Value.String()
	if path == "" {
		return s.refuse(name, "want a folder, like -%s %s", name, s.Lookup(name).DefValue)
	}
	for at := filepath.Clean(path); ; at = filepath.Dir(at) { // up to what is there
		info, err := os.Stat(at)
		if err == nil && !info.IsDir() {
			return s.fail(name, "%s is a file: choose a folder, which is made if need be", at)
		}
		if err == nil || at == filepath.Dir(at) {
			return nil
		}
	}
}

// headers refuses what is no name of a header.
func (s *flagSet) headers(names ...string) error {
	for _, name := range names {
		odd := func(r rune) bool {
			return r <= ' ' || r > '~' || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r)
		}
		if strings.ContainsFunc(s.Lookup(name).Value.String(), odd) {
			return s.refuse(name, "want the name of one header, like X-Forwarded-For")
		}
	}
	return nil
}

// streamName refuses what no stream is called; empty is none.
func (s *flagSet) streamName(name string) error {
	if text := s.Lookup(name).Value.String(); text != "" && !tracker.ValidName(text) {
		return s.refuse(name, "a stream's name has 1 to 64 letters (A-Z, a-z), digits, _ or -")
	}
	return nil
}

// A worded value says in words what may be where its text cannot be read.
type worded struct {
	value interface {
		String() string
		Set(string) error
	}
	want string
}

func (w worded) String() string {
	if w.value == nil {
		return ""
	}
	return w.value.String()
}

func (w worded) Set(text string) error {
	if w.value.Set(text) != nil {
		return errors.New(w.want)
	}
	return nil
}

// wording returns what a flag wants whose value has a type, "" for types that say so themselves.
func wording(value any) string {
	switch value.(type) {
	case int, uint64:
		return "want a whole number"
	case float64:
		return "want a number"
	case time.Duration:
		return "want a time, like 500ms, 90s or 2m"
	case *slog.Level:
		return "choose debug, info, warn or error"
	case *netip.Addr:
		return "want an IP address, like 203.0.113.7"
	}
	return ""
}
