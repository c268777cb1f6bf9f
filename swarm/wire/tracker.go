package wire

import (
	"encoding/binary"
	"slices"
)

// MessageType is the first byte of a message between a viewer and the tracker.
type MessageType uint8

const (
	TypeJoin      MessageType = 0x01
	TypeUpdate    MessageType = 0x02
	TypeSignal    MessageType = 0x03
	TypeBeacon    MessageType = 0x04
	TypeLeave     MessageType = 0x05
	TypeWelcome   MessageType = 0x41
	TypeRoster    MessageType = 0x42
	TypeDelta     MessageType = 0x43
	TypeSignalled MessageType = 0x44
	TypeRefused   MessageType = 0x45
	TypeBridges   MessageType = 0x46
	TypeControl   MessageType = 0x47
	TypeServers   MessageType = 0x48
)

// What a viewer says in its WebSocket handshake with the tracker, which decides by it whether to take the socket: the URL's query
// names the stream, and of the subprotocols that are offered one is Subprotocol, which is accepted, and one, where the
// tracker wants a viewer token, is TokenProtocol and the token. So a token stands in no URL, and in no log of URLs.
const (
	StreamParameter = "stream"
	Subprotocol     = "shoal"
	TokenProtocol   = "shoal.token."
)

// Bounds of tracker messages.
const (
	ProtocolVersion = 3
	MaxName         = 64
	MaxToken        = 2048 // of a viewer token
	MaxMembers      = 64
	MaxBridges      = 16
	MaxICEServers   = 8
	MaxSignal       = 16 << 10
	MaxMessage      = 20 << 10 // the longest message either side may send
)

// ViewerID is the name the tracker gives a viewer; see Join. It is never zero.
type ViewerID uint64

// Flags of a member. Bit 5 is not used any more.
const (
	MayUpload uint8 = 1 << 0 // its owner and its settings let it send to peers
	Metered   uint8 = 1 << 1 // its link is paid by the byte: it owns nothing
	Hidden    uint8 = 1 << 2 // its page is not seen: it owns nothing
	Ready     uint8 = 1 << 3 // linked to the cell well enough to own chunks
	Fed       uint8 = 1 << 4 // linked to a member of the parent cell that feeds it; see Bridges
	Feeds     uint8 = 1 << 6 // linked to followers in other cells: what comes to it first goes on sooner
)

// Member is one viewer in a roster: 12 bytes, ID u64, flags u8, rendition u8, weight u16.
type Member struct {
	ID        ViewerID
	Flags     uint8
	Rendition uint8  // that it watches
	Weight    uint16 // spare uplink in units of 10 kbit/s
}

// Elects tells whether the member may own chunks.
func (m Member) Elects() bool {
	return m.Flags&(MayUpload|Ready) == MayUpload|Ready && m.Flags&(Metered|Hidden) == 0 && m.Weight > 0
}

const memberSize = 12

func (m Member) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(m.ID))
	b = append(b, m.Flags, m.Rendition)
	return binary.BigEndian.AppendUint16(b, m.Weight)
}

// Join is a viewer's first message: type, version u8, flags u8, rendition u8, weight u16, round trip u16, secret 16,
// name length u8, name: the stream that the handshake named, if it named one.
//
// The viewer draws its secret once; the tracker names it by the first 8 bytes of the secret's SHA-256. So a viewer
// keeps its ID, and with it its links, when it comes back to this or another tracker, and nobody else can take it.
type Join struct {
	Flags     uint8
	Rendition uint8
	Weight    uint16
	RoundTrip uint16 // to the edge, in milliseconds; 0: not known
	Secret    [16]byte
	Stream    string
}

func (j Join) Append(b []byte) []byte {
	b = append(b, byte(TypeJoin), ProtocolVersion, j.Flags, j.Rendition)
	b = binary.BigEndian.AppendUint16(b, j.Weight)
	b = binary.BigEndian.AppendUint16(b, j.RoundTrip)
	b = append(b, j.Secret[:]...)
	b = append(b, byte(len(j.Stream)))
	return append(b, j.Stream...)
}

// Update tells the tracker what changed of a viewer: type, flags u8, rendition u8, weight u16, round trip u16.
type Update struct {
	Flags     uint8
	Rendition uint8
	Weight    uint16
	RoundTrip uint16 // to the edge, in milliseconds; 0: not known
}

func (u Update) Append(b []byte) []byte {
	b = append(b, byte(TypeUpdate), u.Flags, u.Rendition)
	b = binary.BigEndian.AppendUint16(b, u.Weight)
	return binary.BigEndian.AppendUint16(b, u.RoundTrip)
}

// SignalKind is the first byte of a signal's payload.
type SignalKind uint8

const (
	Offer     SignalKind = 1 // SDP follows
	Answer    SignalKind = 2 // SDP follows
	Candidate SignalKind = 3 // a JSON RTCIceCandidateInit follows
)

// Signal carries connection set-up between two viewers of a cell: type, peer u64, payload. From a viewer (TypeSignal)
// the peer is the addressee; from the tracker (TypeSignalled) it is the sender, stamped by the tracker.
type Signal struct {
	Type    MessageType
	Peer    ViewerID
	Payload []byte // kind u8, text
}

func (s Signal) Append(b []byte) []byte {
	b = append(b, byte(s.Type))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Peer))
	return append(b, s.Payload...)
}

// Beacon tells the tracker what a viewer got since its last beacon; all counts are differences, but for Latency and
// Links. Type, then sixteen u32 in the order of the fields.
//
// A link is counted once by each of its ends, and once only: when it opened, or when it was given up before it had, and
// once more if it broke afterwards. One that an end closed, since its peer left or is of another cell, is not lost.
type Beacon struct {
	BytesFromPeers  uint32
	BytesFromEdge   uint32 // media bytes
	BytesToPeers    uint32
	ChunksFromPeers uint32
	ChunksFromEdge  uint32
	DuplicateBytes  uint32
	BadPieces       uint32
	EdgeRequests    uint32
	Stalls          uint32
	StalledMillis   uint32
	LatencyMillis   uint32
	Links           uint32 // that are up
	LinksOpened     uint32
	LinksNoAnswer   uint32 // no answer to our offer came through the tracker
	LinksNoRoute    uint32 // the descriptions were exchanged, and no connection came of them
	LinksLost       uint32 // they were up, and broke
}

func (c *Beacon) fields() [16]*uint32 {
	return [...]*uint32{
		&c.BytesFromPeers, &c.BytesFromEdge, &c.BytesToPeers, &c.ChunksFromPeers, &c.ChunksFromEdge,
		&c.DuplicateBytes, &c.BadPieces, &c.EdgeRequests, &c.Stalls, &c.StalledMillis, &c.LatencyMillis, &c.Links,
		&c.LinksOpened, &c.LinksNoAnswer, &c.LinksNoRoute, &c.LinksLost,
	}
}

func (c Beacon) Append(b []byte) []byte {
	b = append(b, byte(TypeBeacon))
	for _, f := range c.fields() {
		b = binary.BigEndian.AppendUint32(b, *f)
	}
	return b
}

// Leave says that the viewer goes: type alone.
type Leave struct{}

func (Leave) Append(b []byte) []byte { return append(b, byte(TypeLeave)) }

// ICEServer is one STUN or TURN server for viewers.
type ICEServer struct {
	URL, Username, Credential string
}

// Flags of a Welcome. They spare viewers what would come to nothing: the tracker withholds by itself what they rule out.
const (
	RelayOnly uint8 = 1 << 0 // link through relays alone (iceTransportPolicy "relay")
	HideHost  uint8 = 1 << 1 // signal no candidates of the own network
)

// Welcome answers a Join: type, version u8, viewer u64, beacon interval u8 in seconds, flags u8, server count u8, and for
// each server three strings, each a length u8 and its bytes.
type Welcome struct {
	Viewer        ViewerID
	BeaconSeconds uint8
	Flags         uint8
	ICEServers    []ICEServer
}

func (w Welcome) Append(b []byte) []byte {
	b = append(b, byte(TypeWelcome), ProtocolVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(w.Viewer))
	return appendServers(append(b, w.BeaconSeconds), w.Flags, w.ICEServers)
}

// Servers tells a viewer that stays its ICE servers anew, before the credentials end that it has: type, flags u8, server count u8,
// and the servers, all as in a Welcome.
type Servers struct {
	Flags      uint8
	ICEServers []ICEServer
}

func (s Servers) Append(b []byte) []byte {
	return appendServers(append(b, byte(TypeServers)), s.Flags, s.ICEServers)
}

func appendServers(b []byte, flags uint8, servers []ICEServer) []byte {
	b = append(b, flags, byte(len(servers)))
	for _, s := range servers {
		for _, text := range [...]string{s.URL, s.Username, s.Credential} {
			b = append(b, byte(len(text)))
			b = append(b, text...)
		}
	}
	return b
}

// Roster is the whole cell, the receiver included: type, cell u32, version u32, depth u8, count u16, members.
//
// The depth is how many cells lie between this one and the edge: the members of a cell of depth 0, a root, fetch from the
// edge; those of another are fed by members of a cell that is one less deep. See Bridges.
type Roster struct {
	Cell    uint32
	Version uint32
	Depth   uint8
	Members []Member
}

func (r Roster) Append(b []byte) []byte {
	b = slices.Grow(b, 12+memberSize*len(r.Members))
	b = append(b, byte(TypeRoster))
	b = binary.BigEndian.AppendUint32(b, r.Cell)
	b = binary.BigEndian.AppendUint32(b, r.Version)
	b = append(b, r.Depth)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Members)))
	for _, m := range r.Members {
		b = m.append(b)
	}
	return b
}

// Delta takes a roster from version Version-1 to Version: type, version u32, count u16, members that are new or
// changed, count u16, IDs of those that left. A viewer that misses a version asks for nothing: the tracker sends a
// Roster whenever it had to drop a delta.
type Delta struct {
	Version uint32
	Set     []Member
	Left    []ViewerID
}

func (d Delta) Append(b []byte) []byte {
	b = slices.Grow(b, 9+memberSize*len(d.Set)+8*len(d.Left))
	b = append(b, byte(TypeDelta))
	b = binary.BigEndian.AppendUint32(b, d.Version)
	b = binary.BigEndian.AppendUint16(b, uint16(len(d.Set)))
	for _, m := range d.Set {
		b = m.append(b)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(d.Left)))
	for _, id := range d.Left {
		b = binary.BigEndian.AppendUint64(b, uint64(id))
	}
	return b
}

// Apply brings the roster to the version of a delta.
func (r *Roster) Apply(d Delta) {
	r.Version = d.Version
	for _, set := range d.Set {
		if i := slices.IndexFunc(r.Members, func(m Member) bool { return m.ID == set.ID }); i >= 0 {
			r.Members[i] = set
		} else {
			r.Members = append(r.Members, set)
		}
	}
	r.Members = slices.DeleteFunc(r.Members, func(m Member) bool { return slices.Contains(d.Left, m.ID) })
}

// BridgeRole says who feeds whom.
type BridgeRole uint8

const (
	Feeder   BridgeRole = 0 // the other feeds the receiver of the message
	Follower BridgeRole = 1 // the receiver of the message feeds the other
)

// Bridge is a link between two cells: 13 bytes, role u8 and the member at the other end.
type Bridge struct {
	Role   BridgeRole
	Member Member
}

// Bridges tells a viewer all its links to other cells than its own: type, count u16, bridges. Of the two ends the one with
// the lower ID offers the connection, as within a cell.
type Bridges struct {
	Bridges []Bridge
}

func (o Bridges) Append(b []byte) []byte {
	b = append(b, byte(TypeBridges))
	b = binary.BigEndian.AppendUint16(b, uint16(len(o.Bridges)))
	for _, r := range o.Bridges {
		b = r.Member.append(append(b, byte(r.Role)))
	}
	return b
}

// Off is the flag of a Control that takes a viewer out of the swarm: it closes its links, gets all from the edge, and
// stays connected to the tracker. The next Roster brings it back.
const Off uint8 = 1 << 0

// Control tells a viewer what its operator allows: type, flags u8, most u16. It comes after a Welcome, where there is
// something to tell, and whenever that changes. A Welcome that no Control follows allows everything.
type Control struct {
	Flags uint8
	Most  uint16 // that may be lent of the uplink, in units of 10 kbit/s, whatever the viewer's own bound; 0: no bound
}

func (c Control) Append(b []byte) []byte {
	b = append(b, byte(TypeControl), c.Flags)
	return binary.BigEndian.AppendUint16(b, c.Most)
}

// Reasons of a Refused.
const (
	RefusedVersion uint8 = 1 // speak another protocol version
	RefusedStream  uint8 = 2 // no such stream name
	RefusedToken   uint8 = 3 // the token is another viewer's at this moment
	RefusedBusy    uint8 = 4 // come back later
	RefusedMessage uint8 = 5 // the message made no sense
	RefusedMoving  uint8 = 6 // go to another tracker now, or come back to this one, within the seconds of RetryAfter
)

// Refused is the tracker's last message on a socket: type, reason u8, retry after u16 in seconds (0 never), text.
type Refused struct {
	Reason     uint8
	RetryAfter uint16
	Text       string
}

func (r Refused) Append(b []byte) []byte {
	b = append(b, byte(TypeRefused), r.Reason)
	b = binary.BigEndian.AppendUint16(b, r.RetryAfter)
	return append(b, r.Text...)
}
