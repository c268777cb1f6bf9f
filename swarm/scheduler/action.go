package scheduler

// Time is a moment on the host's own monotonic clock, in microseconds.
type Time int64

// Handy lengths of time.
const (
	Millisecond Time = 1000
	Second      Time = 1000 * Millisecond
)

// Peer is the handle of a link to a peer. Zero is nobody. A handle is never used twice.
type Peer uint32

// Chunk is the handle of a learned chunk. Zero is none. A handle is never used twice.
type Chunk uint32

// Kind says what an Action asks for. Fields that are not named are zero.
type Kind uint32

const (
	// SendTracker: send Bytes to the tracker. Without a socket to it: forget the action.
	SendTracker Kind = 1 + iota
	// ICEServers: use these for connections opened from now on. Bytes holds lines of text "URL\x00user\x00secret\n",
	// Count the flags of wire.Welcome.
	ICEServers
	// Refused: the tracker will not have us. Count holds seconds until it may be asked again (0 never), First the reason, Bytes
	// its words. Of the reasons wire.RefusedMoving is none to stop for: another tracker is to be asked within Count seconds.
	Refused
	// Connect: open a peer connection for Peer. Count 1: make the data channel and the offer; Count 0: an offer follows.
	Connect
	// Signal: Bytes (kind u8, text; see wire.SignalKind) came for Peer's connection.
	Signal
	// Disconnect: close Peer's connection. Count holds a Reason. The handle is not used again; no LinkDown is owed.
	Disconnect
	// Send: send Bytes to Peer.
	Send
	// SendHashes: send to Peer one message: Bytes, then the hashes of the pieces of Chunk.
	SendHashes
	// SendPieces: send to Peer one message: Bytes, then the pieces First to First+Count-1 of Chunk.
	SendPieces
	// Fetch: get pieces First to First+Count-1 of Chunk from the edge, verify them, keep them with their hashes, and
	// report Fetched. Where the answer brings the hashes ahead of the media, report HashesTaken with peer 0, and Arrived
	// for each run of pieces as it comes.
	Fetch
	// TakeHashes: the payload of the frame just handed in claims to be the hashes of Chunk: verify it against the
	// record's digest, keep it if true, and report HashesTaken.
	TakeHashes
	// TakePieces: the payload of the frame just handed in claims to be pieces First to First+Count-1 of Chunk: verify
	// them against the hashes, keep them if all are true, and report PiecesTaken.
	TakePieces
	// Park: the frame just handed in comes before what it needs. Keep it (bounded in bytes, oldest out first, at most
	// two seconds) and hand it in again as if new after the next Learn or HashesTaken.
	Park
	// Complete: Chunk is held whole and verified.
	Complete
	// Drop: Chunk is no longer wanted by anybody: forget its bytes.
	Drop
	// Reload: get the playlist of the rendition that is watched from the edge, by a blocking reload for what follows the
	// newest part that is learned or, where parts are missing before that one, for itself, since the answer may end with what was asked
	// for; Learn what is new, then report Reloaded. Count 1: we are likely to Fetch what follows: ask for what the playlist hints at
	// too, at once, and answer the Fetch with it.
	Reload
	// TakeRecord: Bytes claim to be the record of a chunk, from Peer: verify the signature, and report RecordTaken.
	TakeRecord
)

// Reason says why a link is closed.
type Reason uint32

const (
	Gone     Reason = 1 // no longer of the cell
	TooSlow  Reason = 2 // did not open in time
	BadPiece Reason = 3 // sent bytes that are not the chunk's
	BadFrame Reason = 4 // broke the protocol
)

// Action is one thing the host has to do.
type Action struct {
	Kind         Kind
	Peer         Peer
	Chunk        Chunk
	First, Count int
	Bytes        []byte
}
