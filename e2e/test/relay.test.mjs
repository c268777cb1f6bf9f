// Relay-only: viewers carry the stream for each other through the tracker's TURN server, and no packet goes from one to
// another. The kernel counts all packets of the namespace; a run without relay-only shows that it would see them.

import assert from 'node:assert/strict';
import test from 'node:test';

import { alone, launch, noStalls } from '../harness/browser.mjs';
import { blocking, counting } from '../harness/packets.mjs';
import { port, up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const FIRST = 15000; // of the relay ports, below the ephemeral ones that viewers have
const LAST = 15999;

async function swarm(t, { relayOnly, viewers: n }) {
  const turn = port();
  const shoal = await up(t, {
    args: ['-turn', `:${turn}`, '-turn-ports', `${FIRST}-${LAST}`, ...(relayOnly ? ['-relay-only'] : [])],
  });
  const packets = await counting(t, { turn, relays: `${FIRST}-${LAST}`, services: Object.values(shoal.ports) });
  await shoal.live('demo');
  const browser = await launch(t);
  const viewers = [];
  for (let i = 0; i < n; i++) {
    viewers.push(await browser.open(`${shoal.base}/watch/demo`));
    await viewers[i].moving();
  }
  const all = () => Promise.all(viewers.map((v) => v.stats()));
  await until('all to be linked', async () => (await all()).every((s) => s.p2p === 'on' && s.peers === n - 1), { seconds: 20 });
  return { shoal, browser, viewers, all, packets };
}

test('without relay-only, viewers send to each other', { timeout: 90_000 }, async (t) => {
  const { packets } = await swarm(t, { relayOnly: false, viewers: 2 });
  await until('packets from viewer to viewer', async () => (await packets()).direct > 100);
  t.diagnostic(`packets: ${JSON.stringify(await packets())}`);
});

test('with relay-only, no packet goes from viewer to viewer', { timeout: 150_000 }, async (t) => {
  const { shoal, browser, viewers, all, packets } = await swarm(t, { relayOnly: true, viewers: 2 });
  const control = await browser.open(`${shoal.base}/watch/demo`, alone);
  await control.moving();
  await pass(45);
  const counted = await packets();
  const stats = await all();
  const sum = (name) => stats.reduce((total, s) => total + s[name], 0);
  const offload = sum('bytesFromPeers') / (sum('bytesFromPeers') + sum('bytesFromEdge'));
  const metrics = await shoal.metrics();
  const relayed = metrics.sum('shoal_tracker_turn_bytes_total', { result: 'relayed' });
  const dropped = metrics.sum('shoal_tracker_turn_bytes_total', { result: 'dropped' });
  t.diagnostic(`packets: ${JSON.stringify(counted)}; offload ${offload.toFixed(3)}; ${relayed} bytes at relays, ${dropped} dropped, ` +
    `${metrics.sum('shoal_tracker_turn_allocations')} allocations open; latency ${stats.map((s) => s.latencySeconds.toFixed(2)).join(' ')} s, ` +
    `control ${(await control.stats()).latencySeconds.toFixed(2)} s`);
  assert.equal(counted.direct, 0, 'packets went from viewer to viewer');
  assert.ok(counted.relayed > 1000 && counted.between > 1000, `the relay was hardly used: ${JSON.stringify(counted)}`);
  assert.ok(relayed > sum('bytesFromPeers'), `relays carried ${relayed} bytes, players got ${sum('bytesFromPeers')} from peers`);
  assert.ok(offload >= 0.1, `offload through the relay: ${offload}`);
  assert.ok(stats.every((s) => s.p2p === 'on' && s.peers === 1), 'links were lost');
  await noStalls(t, [...viewers, control], 'in 45 s through relays (last: without the swarm)');
});

test('who does not reach the TURN server plays from the edge', { timeout: 90_000 }, async (t) => {
  const turn = port();
  const shoal = await up(t, { args: ['-relay-only', '-turn', `:${turn}`, '-turn-ports', `${FIRST}-${LAST}`] });
  const blocked = await blocking(t, turn);
  await shoal.live('demo');
  const browser = await launch(t);
  const viewers = [];
  for (let i = 0; i < 2; i++) {
    viewers.push(await browser.open(`${shoal.base}/watch/demo`));
    await viewers[i].moving();
  }
  await pass(30);
  const stats = await Promise.all(viewers.map((v) => v.stats()));
  t.diagnostic(`${await blocked()} packets to the TURN server dropped; from the edge ${stats.map((s) => s.bytesFromEdge).join(' ')} bytes`);
  assert.ok((await blocked()) > 0, 'nobody tried');
  assert.ok(stats.every((s) => s.bytesFromPeers === 0 && s.peers === 0 && s.bytesFromEdge > 0), 'there are peers all the same');
  await noStalls(t, viewers, 'in 30 s without the TURN server');
});
