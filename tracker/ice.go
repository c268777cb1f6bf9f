package tracker

import (
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/shoal-live/shoal/swarm/wire"
)

// iceServers returns what a viewer is told that reached the tracker under a host name, but for the own TURN server.
func (t *Tracker) iceServers(host string) []wire.ICEServer {
	if len(t.config.ICEServers) > 0 || t.stun == nil {
		return t.config.ICEServers
	}
	bound, ok := t.stun.Bound()
	if host = hostName(host); !ok || host == "" {
		return nil
	}
	return []wire.ICEServer{{URL: "stun:" + net.JoinHostPort(host, strconv.Itoa(int(bound.Port())))}}
}

// servers returns what the viewer is told, and notes when it is to be told anew.
func (v *viewer) servers(now time.Time) []wire.ICEServer {
	list := v.t.privacy.servers(v.t.iceServers(v.host), v.host, now)
	if lifetime := v.t.privacy.lifetime(); lifetime > 0 {
		v.host, v.renewal = strings.Clone(v.host), v.t.millis(now.Add(lifetime/2))
	} else {
		v.host = ""
	}
	return list
}

// renew tells the viewer its ICE servers anew when half of the time is over for which it may use the relays. It is called at
// each pong, so viewers who came together are told one after the other, as the wheel comes round.
func (v *viewer) renew(now time.Time) {
	if v.renewal == 0 || v.t.millis(now) < v.renewal {
		return
	}
	m := wire.Servers{ICEServers: v.servers(now), Flags: v.t.privacy.flags(v.from)}
	v.push(servers, m.Append(nil))
}
