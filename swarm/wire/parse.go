package wire

// reader takes fields off the front of a message; after the first missing byte all it returns is zero and err is set.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err == nil && len(r.b) < n {
		r.err = ErrShort
	}
	if r.err != nil {
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) uint(n int) (v uint64) {
	for _, c := range r.take(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

func (r *reader) u8() uint8   { return uint8(r.uint(1)) }
func (r *reader) u16() uint16 { return uint16(r.uint(2)) }
func (r *reader) u32() uint32 { return uint32(r.uint(4)) }
func (r *reader) u64() uint64 { return r.uint(8) }

func (r *reader) text(n, most int) string {
	if n > most {
		r.err = ErrBounds
	}
	return string(r.take(n))
}

func (r *reader) member() Member {
	return Member{ID: ViewerID(r.u64()), Flags: r.u8(), Rendition: r.u8(), Weight: r.u16()}
}

// count reads how many follow and refuses more than most, or more than the bytes left can hold.
func (r *reader) count(most, each int) int {
	n := int(r.u16())
	if n > most {
		r.err = ErrBounds
	} else if len(r.b) < n*each {
		r.err = ErrShort
	}
	if r.err != nil {
		return 0
	}
	return n
}

func open(b []byte, t MessageType) reader {
	r := reader{b: b}
	if len(b) > MaxMessage {
		r.err = ErrBounds
	} else if MessageType(r.u8()) != t && r.err == nil {
		r.err = ErrType
	}
	return r
}

func (r *reader) version() {
	if v := r.u8(); r.err == nil && v != ProtocolVersion {
		r.err = ErrVersion
	}
}

func ParseJoin(b []byte) (Join, error) {
	r := open(b, TypeJoin)
	r.version()
	j := Join{Flags: r.u8(), Rendition: r.u8(), Weight: r.u16(), RoundTrip: r.u16()}
	copy(j.Secret[:], r.take(len(j.Secret)))
	j.Stream = r.text(int(r.u8()), MaxName)
	return j, r.err
}

func ParseUpdate(b []byte) (Update, error) {
	r := open(b, TypeUpdate)
	u := Update{Flags: r.u8(), Rendition: r.u8(), Weight: r.u16(), RoundTrip: r.u16()}
	return u, r.err
}

// ParseSignal reads a Signal of either direction. The payload is part of b.
func ParseSignal(b []byte, t MessageType) (Signal, error) {
	r := open(b, t)
	s := Signal{Type: t, Peer: ViewerID(r.u64())}
	s.Payload = r.b
	if r.err == nil && len(s.Payload) == 0 {
		return s, ErrShort
	}
	if len(s.Payload) > MaxSignal {
		return s, ErrBounds
	}
	return s, r.err
}

func ParseBeacon(b []byte) (c Beacon, err error) {
	r := open(b, TypeBeacon)
	for _, f := range c.fields() {
		*f = r.u32()
	}
	return c, r.err
}

func ParseWelcome(b []byte) (Welcome, error) {
	r := open(b, TypeWelcome)
	r.version()
	w := Welcome{Viewer: ViewerID(r.u64()), BeaconSeconds: r.u8()}
	w.Flags, w.ICEServers = r.servers()
	return w, r.err
}

func ParseServers(b []byte) (s Servers, err error) {
	r := open(b, TypeServers)
	s.Flags, s.ICEServers = r.servers()
	return s, r.err
}

func (r *reader) servers() (flags uint8, servers []ICEServer) {
	flags = r.u8()
	n := int(r.u8())
	if r.err == nil && n > MaxICEServers {
		r.err = ErrBounds
	}
	if r.err != nil {
		return flags, nil
	}
	for range n {
		servers = append(servers, ICEServer{
			URL:        r.text(int(r.u8()), 255),
			Username:   r.text(int(r.u8()), 255),
			Credential: r.text(int(r.u8()), 255),
		})
	}
	return flags, servers
}

func ParseRoster(b []byte) (Roster, error) {
	r := open(b, TypeRoster)
	o := Roster{Cell: r.u32(), Version: r.u32(), Depth: r.u8()}
	for range r.count(MaxMembers, memberSize) {
		o.Members = append(o.Members, r.member())
	}
	return o, r.err
}

func ParseDelta(b []byte) (Delta, error) {
	r := open(b, TypeDelta)
	d := Delta{Version: r.u32()}
	for range r.count(MaxMembers, memberSize) {
		d.Set = append(d.Set, r.member())
	}
	for range r.count(MaxMembers, 8) {
		d.Left = append(d.Left, ViewerID(r.u64()))
	}
	return d, r.err
}

func ParseBridges(b []byte) (Bridges, error) {
	r := open(b, TypeBridges)
	var o Bridges
	for range r.count(MaxBridges, 1+memberSize) {
		o.Bridges = append(o.Bridges, Bridge{Role: BridgeRole(r.u8()), Member: r.member()})
	}
	return o, r.err
}

func ParseControl(b []byte) (Control, error) {
	r := open(b, TypeControl)
	return Control{Flags: r.u8(), Most: r.u16()}, r.err
}

func ParseRefused(b []byte) (Refused, error) {
	r := open(b, TypeRefused)
	f := Refused{Reason: r.u8(), RetryAfter: r.u16()}
	f.Text = string(r.b)
	return f, r.err
}
