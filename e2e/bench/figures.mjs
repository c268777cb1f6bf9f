// What was measured, from counts: pure functions.

/** The middle of numbers; of an even number of them, halfway between the two in the middle. */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The figures of one phase. `start` is before anyone joined ({edge}), `before` and `after` are the ends of the measured
 * time ({at, stats, edge, cpu}), `samples` are their stats within that time ({at, stats}), `moved` is after how many
 * milliseconds each viewer's picture moved. Stalls are those of all viewers together, and of the whole phase.
 */
export function figures({ start, before, samples, after, moved }) {
  const viewers = after.stats.length;
  const seconds = (after.at - before.at) / 1000;
  const sum = (stats, name) => stats.reduce((all, s) => all + s[name], 0);
  const grown = (name) => sum(after.stats, name) - sum(before.stats, name);
  const [bytesFromPeers, bytesFromEdge, duplicates] = ['bytesFromPeers', 'bytesFromEdge', 'duplicateBytes'].map(grown);
  const consumed = bytesFromPeers + bytesFromEdge;
  const consumedFromStart = sum(after.stats, 'bytesFromPeers') + sum(after.stats, 'bytesFromEdge');
  const bytesSentByEdge = after.edge.media - before.edge.media;
  const perViewerMinute = (n) => n / viewers / (seconds / 60);
  const requests = Object.entries(after.edge.requests).map(([kind, n]) => [kind, perViewerMinute(n - before.edge.requests[kind])]);
  const latencies = after.stats.map((_, i) => median(samples.flatMap((s) => s.stats[i]?.latencySeconds ?? [])));
  return {
    offload: 1 - bytesSentByEdge / consumed,
    offloadByPlayers: bytesFromPeers / consumed,
    offloadFromStart: 1 - (after.edge.media - start.edge.media) / consumedFromStart,
    copies: bytesSentByEdge / (consumed / viewers),
    latencySeconds: median(latencies),
    stalls: sum(after.stats, 'stalls'),
    stalledSeconds: sum(after.stats, 'stalledSeconds'),
    slowedSeconds: sum(after.stats, 'slowedSeconds'),
    startupMillis: median(after.stats.map((s) => s.startupMillis)),
    pictureMillis: median(moved),
    duplicateRatio: bytesFromPeers + duplicates > 0 ? duplicates / (bytesFromPeers + duplicates) : 0,
    edgeRequestsPerViewerMinute: requests.reduce((all, [, n]) => all + n, 0),
    edgeRequests: Object.fromEntries(requests),
    bytesFromPeers,
    bytesFromEdge,
    bytesSentByEdge,
    rescues: grown('rescues'),
    badPieces: sum(after.stats, 'badPieces'),
    droppedFrames: grown('droppedFrames'),
    cpuSeconds: after.cpu - before.cpu,
  };
}

/** The medians of all figures of several phases or runs, also of those within. */
export function medians(all) {
  const [first] = all;
  return Object.fromEntries(Object.keys(first).map((name) => {
    const values = all.map((figures) => figures[name]);
    return [name, typeof first[name] === 'object' ? medians(values) : median(values)];
  }));
}

/** The same with numbers as short as they are true. */
export function rounded(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(5));
  if (Array.isArray(value)) return value.map(rounded);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, rounded(v)]));
}
