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
		s := startMember(t)
		masters, addrs = append(masters, s), append(addrs, s.Addr)
	}
	for i, s := range masters {
		s.Do("CLUSTER", "ADDSLOTSRANGE", i*slots/n, (i+1)*slots/n-1)
		if i > 0 {
			s.Do("CLUSTER", "MEET", "127.0.0.1", portOf(masters[0].Addr), masters[0].args[3])
		}
	}
	awaitMembers(t, masters)
	return "redis-cluster://" + strings.Join(addrs, ","), masters
}

func startMember(t Life) *Server {
	t.Helper()
	return start(t, []string{
		"--cluster-enabled", "yes", "--cluster-port", portOf(FreeAddr(t)), "--cluster-node-timeout", "2000",
		"--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0",
	})
}

// awaitMembers waits until each knows all of them and serves.
func awaitMembers(t Life, all []*Server) {
	t.Helper()
	for _, s := range all {
		await(t, "the cluster", func() bool {
			info := s.Do("CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r", len(all)))
		})
	}
}

// AddReplicas gives each master of a Cluster a replica, in their order.
func AddReplicas(t Life, masters []*Server) (replicas []*Server) {
	t.Helper()
	for range masters {
		s := startMember(t)
		s.Do("CLUSTER", "MEET", "127.0.0.1", portOf(masters[0].Addr), masters[0].args[3])
		replicas = append(replicas, s)
	}
	all := slices.Concat(masters, replicas)
	awaitMembers(t, all)
	for i, s := range replicas {
		s.Do("CLUSTER", "REPLICATE", masters[i].Do("CLUSTER", "MYID"))
	}
	for _, s := range replicas {
		await(t, "the replica "+s.Addr, func() bool { return strings.Contains(s.Do("INFO", "replication"), "master_link_status:up") })
		id := s.Do("CLUSTER", "MYID")
		for _, other := range all { // who does not know it as one would not let it take over
			await(t, "that all know of a replica", func() bool { return isReplica(other.Do("CLUSTER", "NODES"), id) })
		}
	}
	return replicas
}

// isReplica looks a server up in what CLUSTER NODES says.
func isReplica(nodes, id string) bool {
	for line := range strings.Lines(nodes) {
		if words := strings.Fields(line); len(words) > 2 && words[0] == id {
			return strings.Contains(words[2], "slave")
		}
	}
	return false
}

// FailOver has a replica take over from its master, by request and with nothing lost.
func (s *Server) FailOver() {
	s.t.Helper()
	s.Do("CLUSTER", "FAILOVER")
	s.AwaitMaster()
}

// AwaitMaster waits until the server is a master.
func (s *Server) AwaitMaster() {
	s.t.Helper()
	await(s.t, "that "+s.Addr+" takes over", func() bool { return strings.Contains(s.Do("ROLE"), "[master") })
}

// Holding returns the server of a Cluster that holds a key, once one does.
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
