// The report of bench swarm for people.

const rows = [
  ['offload', 'offload', 3],
  ['  by the players\' count', 'offloadByPlayers', 3],
  ['  from the first join on', 'offloadFromStart', 3],
  ['copies', 'copies', 2],
  ['latency, s', 'latencySeconds', 2],
  ['stalls, whole phase', 'stalls', 0],
  ['stalled, s', 'stalledSeconds', 2],
  ['played slowly, s', 'slowedSeconds', 2],
  ['startup, ms', 'startupMillis', 0],
  ['picture moves after, ms', 'pictureMillis', 0],
  ['duplicates', 'duplicateRatio', 4],
  ['edge requests a minute', 'edgeRequestsPerViewerMinute', 1],
  ['  for media', 'edgeRequests.media', 1],
  ['  for playlists', 'edgeRequests.playlist', 1],
  ['  for pages and their API', 'edgeRequests.others', 1],
  ['from peers, kB', 'bytesFromPeers', 0, 1000],
  ['from the edge, kB', 'bytesFromEdge', 0, 1000],
  ['sent by the edge, kB', 'bytesSentByEdge', 0, 1000],
  ['rescues', 'rescues', 0],
  ['bad pieces', 'badPieces', 0],
  ['dropped frames', 'droppedFrames', 0],
  ['processor, s', 'cpuSeconds', 2],
  ['viewers not fully linked', 'unlinked', 0],
  ['network: packets', 'network.packets', 0],
  ['  that waited at an uplink', 'network.waited', 0],
  ['  at most, ms', 'network.longestMillis', 0],
  ['  dropped', 'network.dropped', 0],
  ['  late', 'network.late', 0],
];

function value(figures, name) {
  if (name === 'edgeRequests.others') return figures.edgeRequests.page + figures.edgeRequests.api;
  return name.split('.').reduce((all, part) => all?.[part], figures);
}

/** One line for each figure, with and without the swarm: the medians, and if there are several runs each of them. */
export function table(report) {
  const runs = report.runs.length > 1 ? report.runs : [];
  const columns = [report, report.control, ...runs.flatMap((run) => [run, run.control])];
  const heads = ['swarm', 'without', ...runs.flatMap((_, i) => [`run ${i + 1}`, 'without'])];
  const lines = [`${''.padEnd(26)}${heads.map((head) => head.padStart(10)).join('')}`];
  for (const [label, name, digits, unit = 1] of rows) {
    const values = columns.map((figures) => value(figures, name));
    if (values[0] === undefined) continue;
    lines.push(label.padEnd(26) + values.map((v) => (v / unit).toFixed(digits).padStart(10)).join(''));
  }
  const ratios = [report, ...runs].flatMap((run) => [run.cpuRatio.toFixed(3).padStart(10), ''.padStart(10)]);
  lines.push('processor, swarm : without'.padEnd(26) + ratios.join('').trimEnd());
  return lines.join('\n');
}
