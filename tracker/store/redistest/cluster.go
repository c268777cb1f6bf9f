package redistest

import (
	"fmt"
	"slices"
	"strings"
)

// StartCluster runs three masters that share the slots, and returns the URL of the Cluster.
func StartCluster(t Life) (url string, masters []*Server) {
	t.Helper()
	const slots, n = 16384, 3
	var addrs []string
	for range n {
		s := start(t, []string{"--cluster-enabled", "yes", "--cluster-port", portOf(FreeAddr(t)), "--cluster-node-timeout", "2000"})
		masters, addrs = append(masters, s), append(addrs, s.Addr)
	}
	for i, s := range masters {
		s.Do("CLUSTER", "ADDSLOTSRANGE", i*slots/n, (i+1)*slots/n-1)
		if i > 0 {
			s.Do("CLUSTER", "MEET", "127.0.0.1", portOf(masters[0].Addr), masters[0].args[3])
		}
	}
	for _, s := range masters {
		await(t, "the cluster", func() bool {
			info := s.Do("CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return "redis-cluster://" + strings.Join(addrs, ","), masters
}

// Holding returns the master of a Cluster that holds a key.
func Holding(t Life, masters []*Server, key string) (holds *Server) {
	t.Helper()
	slot := masters[0].Do("CLUSTER", "KEYSLOT", key)
	await(t, "the key "+key, func() bool {
		for _, s := range masters {
			if s.Do("CLUSTER", "COUNTKEYSINSLOT", slot) != "0" {
				holds = s
			}
		}
		return holds != nil
	})
	return holds
}

// Move gives the slot of a channel, in which no keys are, to a master of a Cluster at which nobody listens to it.
func Move(t Life, masters []*Server, channel string) {
	t.Helper()
	slot := masters[0].Do("CLUSTER", "KEYSLOT", channel)
	to := slices.IndexFunc(masters, func(s *Server) bool {
		return s.Do("PUBSUB", "SHARDNUMSUB", channel) == fmt.Sprint([]any{channel, 0})
	})
	if to < 0 {
		t.Fatal("all listen to " + channel)
	}
	id := masters[to].Do("CLUSTER", "MYID")
	for i := range masters { // who gets it is told first
		masters[(to+i)%len(masters)].Do("CLUSTER", "SETSLOT", slot, "NODE", id)
	}
}
