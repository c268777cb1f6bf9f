// The swarm: four viewers carry most of the stream for each other, counted by the players and by the edge.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch, noStalls } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const SECONDS = 20; // from when all are linked

// Clause: api, viewer-counts
test('four viewers get most of the stream from each other', { timeout: 150_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const browser = await launch(t);
  const sent = async () => (await shoal.metrics()).sum('shoal_edge_sent_bytes_total', { kind: 'media', stream: 'demo' });

  const viewers = [];
  for (let i = 0; i < 4; i++) {
    viewers.push(await browser.open(`${shoal.base}/watch/demo`));
    await viewers[i].moving();
  }
  const joined = Date.now();
  await until('all to be in the swarm', async () => {
    const stats = await Promise.all(viewers.map((v) => v.stats()));
    return stats.every((s) => s.p2p === 'on' && s.peers === 3);
  }, { seconds: 15 });
  t.diagnostic(`all linked with all ${Date.now() - joined} ms after the last one's picture`);

  const count = () => Promise.all([sent(), ...viewers.map((v) => v.stats())]);
  const [before, ...was] = await count();
  await pass(SECONDS);
  const [edge, ...stats] = await count();
  const sum = (name) => stats.reduce((all, s, i) => all + s[name] - was[i][name], 0);
  const consumed = sum('bytesFromPeers') + sum('bytesFromEdge');
  const byPlayers = sum('bytesFromPeers') / consumed;
  const byEdge = 1 - (edge - before) / consumed;
  const metrics = await shoal.metrics();
  t.diagnostic(`offload by the players ${byPlayers.toFixed(3)} (each: ${stats.map((s) => s.offload.toFixed(3)).join(' ')}), by the edge ${byEdge.toFixed(3)}, ` +
    `the tracker's last minute ${metrics.sum('shoal_swarm_offload_ratio', { stream: 'demo' }).toFixed(3)}; ` +
    `copies ${metrics.sum('shoal_swarm_copies_per_chunk', { stream: 'demo' }).toFixed(2)}`);
  t.diagnostic(`bytes: ${consumed} consumed, ${sum('bytesFromPeers')} from peers, ${sum('bytesFromEdge')} from the edge (${edge - before} sent by it), ` +
    `${sum('duplicateBytes')} twice, rescues ${sum('rescues')}; latency ${stats.map((s) => s.latencySeconds.toFixed(2)).join(' ')} s`);
  const told = await until('what viewers told', async () => {
    const now = await shoal.stream('demo');
    return now.viewers === 4 && now.offload > 0 && now.copies > 0 && now;
  });
  t.diagnostic(`the API tells of ${told.viewers} viewers, offload ${told.offload}, copies ${told.copies}, ${told.bitrate} bit/s, ` +
    `${told.latency.originSeconds} s behind live at the origin, ${told.latency.viewerSeconds} s at the viewers`);
  assert.ok(told.latency.viewerSeconds > 0.5 && told.bitrate > 100_000, JSON.stringify(told));
  assert.ok(told.latency.originSeconds > -0.1 && told.latency.originSeconds < 1.5, `the newest part is ${told.latency.originSeconds} s old`);
  assert.ok(byPlayers >= 0.6, `offload by the players' count: ${byPlayers}`);
  assert.ok(byEdge >= 0.6, `offload by the edge's count: ${byEdge}`);
  assert.ok(Math.abs(byPlayers - byEdge) <= 0.05 * byPlayers, `the counts differ: ${byPlayers} and ${byEdge}`);
  await noStalls(t, viewers, `from their first picture to ${SECONDS} s later`);
});
