package tracker

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/shoal-live/shoal/swarm/wire"
	"github.com/shoal-live/shoal/token"
	"github.com/shoal-live/shoal/tracker/cell"
	"github.com/shoal-live/shoal/tracker/store"
	"github.com/shoal-live/shoal/tracker/turn"
)

// What a tracker holds unless it is told otherwise.
const (
	DefaultViewers           = 15000
	DefaultStreams           = 1000
	DefaultJoins             = 50.0
	DefaultJoinBurst         = 200
	DefaultViewersPerAddress = 1000
	DefaultStreamsPerAddress = 100
)

// Config is all a tracker can be told. The zero value works.
type Config struct {
	CellSize int           // members a cell has room for; 0: cell.DefaultSize, at most wire.MaxMembers
	Roots    int           // cells of a stream that fetch from the edge and feed the others: copies of each chunk; 0: 24
	CellGap  time.Duration // a cell's deltas are at least this far apart; 0: 100 ms

	STUNAddr   string           // UDP address of the STUN responder, such as ":3478"; empty: none
	ICEServers []wire.ICEServer // what viewers are told to use; empty: the STUN responder, if there is one

	BeaconInterval time.Duration // how often viewers report, whole seconds; 0: 10 s

	// AllowedOrigins are the web origins, such as "https://tv.example", whose pages may join besides those that the
	// tracker's own host serves; "*" allows all. Programs that send no Origin are not asked for one.
	AllowedOrigins []string
	// AddressHeader names the request header in which a trusted proxy puts the viewer's address (its last element
	// counts); empty: the connection's own address. Others than the proxy must not reach the tracker: they could write it too.
	AddressHeader string
	// RegionHeader and ASHeader name headers in which the same proxy puts the viewer's region, any text, and its AS number,
	// such as "64500" or "AS64500": who is near whom. Only with AddressHeader; empty: not known.
	RegionHeader, ASHeader string

	JoinsPerSecond    float64 // sockets an address, the machine's own too, may open each second; 0: DefaultJoins
	JoinBurst         int     // and at once; 0: DefaultJoinBurst
	MessagesPerSecond float64 // kilobytes or messages a viewer may send each second, then it is read slower; 0: 50
	MessageBurst      int     // and at once; 0: 1000
	MaxViewers        int     // sockets in all; 0: DefaultViewers. Each needs a file descriptor
	MaxStreams        int     // streams in all; 0: DefaultStreams

	// What one address, IPv6 by its /64 and eight times as much by its /48, may hold of all that. Connections of the machine's own (loopback) addresses are exempt, unless their proxy names another.
	ViewersPerAddress int     // sockets at once; 0: DefaultViewersPerAddress
	StreamsPerAddress int     // streams at once that it was the first to name; 0: DefaultStreamsPerAddress
	StreamsPerSecond  float64 // and new ones each second; 0: 0.1
	StreamBurst       int     // and at once; 0: 10

	Store store.Store // where trackers of the same streams meet; nil: there are no others

	// What viewers learn of each other; see package ice.
	Acquaintances  int            // viewers of a stream that those of one network (IPv4 /24, IPv6 /48) may go and meet at once; 0: 2 more than the control's cell size
	SharedNetworks []netip.Prefix // networks whose viewers reach each other by private addresses, and may show them; nil: none
	RelayOnly      bool           // viewers link through relays alone; needs TURN, or an ICE server that is a relay
	TURN           turn.Config    // the relay; without an Addr: none. Closed and Shared follow from what stands above

	// Admission: who may join, and what one token and one network may hold.
	Tokens          *token.Keys // that viewer tokens must be signed with; nil: viewers need none
	Audience        string      // that tokens must be made for; empty: it is not looked at
	ViewersPerToken int         // viewers one token admits at once; 0: 1
	JoinsPerToken   float64     // sockets one token may open each second; 0: one for each of its viewers
	TokenBurst      int         // and at once; 0: ten for each of its viewers
	PerPrefix       int         // members that a cell has of one /24, in IPv6 /48, at most, 2 or more; 0: half of the cell. Private networks are exempt

	Registry prometheus.Registerer // nil: metrics are kept and shown to nobody
	Log      *slog.Logger          // nil: slog.Default()
}

// A ConfigError says what in a Config cannot be.
type ConfigError string

func (e ConfigError) Error() string { return string(e) }

// validate fills in the defaults and says what cannot work.
func (c *Config) validate() error {
	setDefault(&c.CellSize, cell.DefaultSize)
	setDefault(&c.Roots, cell.DefaultRoots)
	setDefault(&c.JoinBurst, DefaultJoinBurst)
	setDefault(&c.MessageBurst, 1000)
	setDefault(&c.MaxViewers, DefaultViewers)
	setDefault(&c.MaxStreams, DefaultStreams)
	setDefault(&c.ViewersPerAddress, DefaultViewersPerAddress)
	setDefault(&c.StreamsPerAddress, DefaultStreamsPerAddress)
	setDefault(&c.StreamsPerSecond, 0.1)
	setDefault(&c.StreamBurst, 10)
	setDefault(&c.CellGap, 100*time.Millisecond)
	setDefault(&c.BeaconInterval, 10*time.Second)
	setDefault(&c.JoinsPerSecond, DefaultJoins)
	setDefault(&c.MessagesPerSecond, 50)
	setDefault(&c.Log, slog.Default())
	if err := c.validateAdmission(); err != nil {
		return err
	}
	if c.CellSize < 2 || c.CellSize > wire.MaxMembers {
		return fmt.Errorf("tracker: cell size %d: choose 2 to %d", c.CellSize, wire.MaxMembers)
	}
	if err := notNegative([]number{
		{"cell gap", c.CellGap.Seconds()}, {"roots", float64(c.Roots)},
		{"joins per second", c.JoinsPerSecond}, {"join burst", float64(c.JoinBurst)},
		{"messages per second", c.MessagesPerSecond}, {"message burst", float64(c.MessageBurst)},
		{"viewers", float64(c.MaxViewers)}, {"viewers per address", float64(c.ViewersPerAddress)},
		{"streams", float64(c.MaxStreams)}, {"streams per address", float64(c.StreamsPerAddress)},
		{"new streams per second", c.StreamsPerSecond}, {"new streams at once", float64(c.StreamBurst)},
	}); err != nil {
		return err
	}
	if c.MessageBurst < messageCost(wire.MaxMessage) {
		return fmt.Errorf("tracker: message burst %d: the longest message alone costs %d", c.MessageBurst, messageCost(wire.MaxMessage))
	}
	if s := c.BeaconInterval / time.Second; s < 1 || s > 255 || s*time.Second != c.BeaconInterval {
		return fmt.Errorf("tracker: beacon interval %v: choose whole seconds, 1 to 255", c.BeaconInterval)
	}
	if len(c.ICEServers) > wire.MaxICEServers {
		return fmt.Errorf("tracker: -ice names %d servers: at most %d", len(c.ICEServers), wire.MaxICEServers)
	}
	for _, s := range c.ICEServers {
		if max(len(s.URL), len(s.Username), len(s.Credential)) > 255 {
			return fmt.Errorf("tracker: ICE server %.40s: no text may be longer than 255 bytes", s.URL)
		}
	}
	if err := newControls(c).defaults.validate(); err != nil {
		return err
	}
	if err := c.validatePrivacy(); err != nil {
		return err
	}
	if c.AddressHeader == "" && c.RegionHeader+c.ASHeader != "" {
		return errors.New("tracker: a region or AS header is believed of a trusted proxy only: name its address header too")
	}
	for _, o := range c.AllowedOrigins {
		if u, err := url.Parse(o); o != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "") {
			return fmt.Errorf("tracker: -allow-origin %q: want scheme://host, scheme://host:port or *", o)
		}
	}
	return nil
}

func (c *Config) validateAdmission() error {
	if err := notNegative([]number{
		{"viewers per token", float64(c.ViewersPerToken)}, {"joins per token", c.JoinsPerToken}, {"joins of a token at once", float64(c.TokenBurst)},
		{"viewers per prefix", float64(c.PerPrefix)},
	}); err != nil {
		return err
	}
	if c.PerPrefix == 1 {
		return errors.New("tracker: 1 viewer per prefix: choose 2 or more, so that neighbours can link, or 0 for half of a cell")
	}
	setDefault(&c.ViewersPerToken, 1)
	setDefault(&c.JoinsPerToken, float64(c.ViewersPerToken))
	setDefault(&c.TokenBurst, 10*c.ViewersPerToken)
	if c.Audience != "" && c.Tokens == nil {
		return errors.New("tracker: an audience is a token's: name the file of token keys too")
	}
	return nil
}

// number is one of the configuration, as a person calls it.
type number struct {
	name  string
	value float64
}

// notNegative says which number cannot be.
func notNegative(numbers []number) error {
	for _, n := range numbers {
		if !(n.value >= 0) {
			return fmt.Errorf("tracker: %s: %v cannot be: choose more than 0, or 0 for the default", n.name, n.value)
		}
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
