// The operator turns the swarm off while two viewers that share have no tracker any more: the server tells them, and their links end.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch, noStalls } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

/** Runs in a page before its own scripts: its trackers can be taken away. */
function cuttable() {
  const sockets = [];
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(url, ...rest) {
      super(window.trackerless ? url.replace(/:\d+\//, ':9/') : url, ...rest);
      sockets.push(this);
    }
  };
  window.cut = () => {
    window.trackerless = true;
    for (const socket of sockets) socket.close();
  };
}

test('who has no tracker learns from the server that the swarm is off', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t), launch(t)]);
  await shoal.live('demo');
  const viewers = [];
  const answered = []; // times that each has been told by the server
  for (const options of [{}, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }]) {
    const viewer = await browser.open(`${shoal.base}/watch/demo`, { ...options, before: (page) => page.addInitScript(cuttable), expected: [/WebSocket|ERR_/] });
    const at = viewers.push(viewer) - 1;
    answered[at] = 0;
    viewer.page.on('requestfinished', (request) => request.url().endsWith('/api/v1/streams/demo') && answered[at]++);
    await viewer.moving(40);
  }
  const all = () => Promise.all(viewers.map((viewer) => viewer.stats()));
  await until('a link', async () => (await all()).every(({ peers }) => peers === 1), { seconds: 30 });
  await Promise.all(viewers.map(({ page }) => page.evaluate(() => window.cut())));
  answered.fill(0);
  await until('both to have asked the server', () => answered.every((times) => times > 0), { seconds: 30 }); // which does not tell them to stop
  await pass(0.5);
  assert.ok((await all()).every(({ peers, p2p }) => peers === 1 && p2p === 'on'), 'links ended with the tracker');

  const turned = Date.now();
  const answer = await fetch(`http://127.0.0.1:${shoal.ports.admin}/api/v1/control/demo`, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: '{"p2p":false}' });
  assert.equal(answer.status, 200);
  await until('the links to end', async () => (await all()).every(({ peers }) => peers === 0), { seconds: 20, every: 250 });
  t.diagnostic(`both were alone after ${((Date.now() - turned) / 1000).toFixed(1)} s`);
  const given = (await all()).map(({ bytesToPeers }) => bytesToPeers);
  await pass(3);
  const after = await all();
  assert.deepEqual(after.map(({ bytesToPeers }) => bytesToPeers), given);
  assert.ok(after.some(({ p2p, refusal }) => p2p === 'off' && refusal === 'turned off by the operator'), JSON.stringify(after.map(({ p2p, refusal }) => [p2p, refusal])));
  await noStalls(t, viewers, 'while the tracker went, and the swarm was turned off');
});
