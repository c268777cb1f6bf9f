package edge

import (
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shoal-live/shoal/player"
	"github.com/shoal-live/shoal/token"
)

// Modes are what Config.P2P may be: viewers share unless they say no; once they say yes; only through relays, unless they say no; never.
var Modes = []string{"on", "ask", "relay-only", "off"}

// Config is what an Edge is made from. The zero value works: one origin on this machine, 256 MiB.
type Config struct {
	Origins     []string          // base URLs, tried in order; default http://127.0.0.1:8081, none where there are parents
	Parents     []string          // base URLs of edges that are asked before the origins, each for its share of the objects; default none
	MemoryBytes int64             // most bytes kept, in flight, cached or still being sent; default 256 MiB
	Disk        string            // folder for media that memory has no more room for; default none
	DiskBytes   int64             // most bytes in it; default 10 GiB
	ObjectBytes int64             // largest object taken from an origin; default 32 MiB, at most MemoryBytes
	MaxHeld     int               // most viewers waiting for a blocking reload at once; default 20000
	MaxFlights  int               // most requests under way to the origins at once; default 1024
	TrackerURLs []string          // what pages are told to join, one at a time; default "/tracker"
	RTMPURL     string            // what the live-now page tells broadcasters, like rtmp://origin.example/live; default RTMPPort of the page's own host
	RTMPPort    string            // default 1935 where an origin is on this machine, else none: the page does not know where broadcasters go
	P2P         string            // whether viewers of its pages share with each other: one of Modes; default "ask", but "on" for Demo
	Demo        string            // name of a stream of the program's own, whose viewers need not be asked; default none
	Tokens      *token.Keys       // what viewer tokens must be signed with; nil: viewers need none
	Audience    string            // what tokens must be made for; empty: it is not looked at
	Files       fs.FS             // the built player; default player.Files()
	Transport   http.RoundTripper // how origins are reached; default an own http.Transport

	RequestsPerAddress float64        // a second, twice as many at once; in IPv6 of one /64; default 0: no bound
	TrustedProxies     []netip.Prefix // whose X-Forwarded-For is believed, and who have no bound; default none
	AccessLog          io.Writer      // gets a line of JSON for each answer; default nil: none
	AccessLogAddresses bool           // viewers' addresses are in it

	Registry prometheus.Registerer // where metrics are registered; nil: nowhere
	Log      *slog.Logger          // default slog.Default()
}

const (
	defaultOrigin      = "http://127.0.0.1:8081"
	defaultMemoryBytes = 256 << 20
	defaultObjectBytes = 32 << 20
	defaultDiskBytes   = 10 << 30
	defaultMaxHeld     = 20000
	defaultMaxFlights  = 1024
	defaultRTMPPort    = "1935"
)

// A ConfigError says what in a Config cannot be.
type ConfigError string

func (e ConfigError) Error() string { return string(e) }

func wrong(format string, args ...any) error { return ConfigError(fmt.Sprintf(format, args...)) }

// validate fills in the defaults and refuses what cannot work.
func (c *Config) validate() error {
	if len(c.Origins) == 0 && len(c.Parents) == 0 {
		c.Origins = []string{defaultOrigin}
	}
	var err error
	if c.Origins, err = bases("origins", c.Origins); err != nil {
		return err
	}
	if c.Parents, err = bases("parents", c.Parents); err != nil {
		return err
	}
	if !(c.RequestsPerAddress >= 0 && c.RequestsPerAddress <= 1e9) {
		return wrong("edge: -requests-per-address %v: choose 0 to 1e9", c.RequestsPerAddress)
	}
	if c.MemoryBytes < 0 || c.ObjectBytes < 0 || c.DiskBytes < 0 || c.MaxHeld < 0 || c.MaxFlights < 0 {
		return wrong("edge: a limit is negative")
	}
	if c.MemoryBytes == 0 {
		c.MemoryBytes = defaultMemoryBytes
	}
	if c.ObjectBytes == 0 {
		c.ObjectBytes = defaultObjectBytes
	}
	c.ObjectBytes = min(c.ObjectBytes, c.MemoryBytes)
	if c.DiskBytes == 0 {
		c.DiskBytes = defaultDiskBytes
	}
	if c.MaxHeld == 0 {
		c.MaxHeld = defaultMaxHeld
	}
	if c.MaxFlights == 0 {
		c.MaxFlights = defaultMaxFlights
	}
	if len(c.TrackerURLs) == 0 {
		c.TrackerURLs = []string{"/tracker"}
	}
	for _, t := range c.TrackerURLs {
		if !isTracker(t) {
			return wrong("edge: -tracker %q: want ws://HOST:PORT/tracker, wss://HOST/tracker or a path at this host like /tracker", t)
		}
	}
	if c.Tokens == nil && c.Audience != "" {
		return wrong("edge: -token-audience %q is a token's: name the file of their keys too, with -viewer-key", c.Audience)
	}
	if err := c.broadcasters(); err != nil {
		return err
	}
	if c.P2P != "" && !slices.Contains(Modes, c.P2P) {
		return wrong("edge: -p2p %q: choose %s", c.P2P, strings.Join(Modes, ", "))
	}
	if c.Files == nil {
		c.Files = player.Files()
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return nil
}

// mode is in which of Modes the pages of a stream are. Whose operator has not said that viewers may share is not for this program to decide: they are asked.
func (c *Config) mode(stream string) string {
	switch {
	case c.P2P != "":
		return c.P2P
	case stream != "" && stream == c.Demo:
		return "on"
	}
	return "ask"
}

// broadcasters settles what pages tell broadcasters.
func (c *Config) broadcasters() error {
	if c.RTMPURL != "" {
		u, err := url.Parse(c.RTMPURL)
		switch {
		case err != nil || u.Hostname() == "" || u.Scheme != "rtmp" && u.Scheme != "rtmps" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
			return wrong("edge: -rtmp-url %q: want rtmp://HOST/live or rtmps://HOST:PORT/live, without a key: everybody sees it", c.RTMPURL)
		case c.RTMPPort != "":
			return wrong("edge: -rtmp-port %q: choose one, that of this host or -rtmp-url %s", c.RTMPPort, c.RTMPURL)
		}
		return nil
	}
	if c.RTMPPort == "" {
		if !slices.ContainsFunc(c.Origins, isHere) {
			return nil
		}
		c.RTMPPort = defaultRTMPPort
	}
	if port, err := strconv.ParseUint(c.RTMPPort, 10, 16); err != nil || port == 0 {
		return wrong("edge: -rtmp-port %q: choose a port, 1 to 65535", c.RTMPPort)
	}
	return nil
}

// broadcast is where broadcasters go: a URL, a colon and the port of the page's own host, or nothing where that is not known.
func (c *Config) broadcast() string {
	if c.RTMPPort != "" {
		return ":" + c.RTMPPort
	}
	return c.RTMPURL
}

// isHere tells whether a base URL is one of this machine's, as it names itself.
func isHere(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	at, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && at.IsLoopback()
}

// bases checks the base URLs of a flag, and writes them without a slash at their end.
func bases(flag string, urls []string) ([]string, error) {
	out := make([]string, len(urls))
	for i, base := range urls {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil {
			return nil, wrong("edge: -%s %q is not a base URL like http://HOST:PORT", flag, base)
		}
		out[i] = strings.TrimRight(base, "/")
	}
	return out, nil
}

// isTracker tells whether a text is what a page can be told to join: a WebSocket's URL, or a path at its own host.
func isTracker(text string) bool {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.User != nil || u.Fragment != "" || strings.ContainsAny(text, " ,"):
		return false
	case u.Scheme == "":
		return u.Host == "" && strings.HasPrefix(u.Path, "/")
	}
	return u.Host != "" && (u.Scheme == "ws" || u.Scheme == "wss")
}
