// The operator turns P2P off while three browsers share, and on again: nobody notices but the edge.

import assert from 'node:assert/strict';
import test from 'node:test';

import { alone, launch, noStalls } from '../harness/browser.mjs';
import { run } from '../harness/process.mjs';
import { program, up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const QUIET = 5; // seconds that nothing is shared

/** Has a page keep count of its peer connections that are not closed. */
const counted = {
  before: (page) => page.addInitScript(() => {
    const open = (window.openConnections = new Set());
    window.RTCPeerConnection = class extends window.RTCPeerConnection {
      constructor(...args) {
        super(...args);
        open.add(this);
      }
      close() {
        open.delete(this);
        super.close();
      }
    };
  }),
};

test('P2P is turned off within two seconds, and on again', { timeout: 180_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const api = `http://127.0.0.1:${shoal.ports.admin}/api/v1/control/demo`;
  const change = async (control) => {
    const answer = await fetch(api, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(control) });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  };
  const browser = await launch(t);
  const viewers = [];
  for (let i = 0; i < 3; i++) {
    viewers.push(await browser.open(`${shoal.base}/watch/demo`, counted));
    await viewers[i].moving();
  }
  const control = await browser.open(`${shoal.base}/watch/demo`, alone);
  await control.moving();
  const began = Date.now();
  const all = () => Promise.all(viewers.map((v) => v.stats()));
  const connections = () => Promise.all(viewers.map((v) => v.page.evaluate(() => window.openConnections.size)));
  const linked = (s) => s.p2p === 'on' && s.peers === 2;
  await until('all to be linked', async () => (await all()).every(linked), { seconds: 30 });
  await until('all to share: else there is nothing to turn off', async () => (await all()).every((s) => s.bytesFromPeers > 0), { seconds: 15 });

  const turned = Date.now();
  assert.equal((await change({ p2p: false })).p2p, false);
  let asked;
  await until('all links to be closed', async () => {
    asked = Date.now();
    return (await all()).every((s) => s.p2p === 'off' && s.peers === 0) && (await connections()).every((n) => n === 0);
  }, { seconds: 5, every: 20 });
  const off = asked - turned;
  await pass(2 - (Date.now() - turned) / 1000);
  const quiet = await all();
  await pass(QUIET);
  const still = await all();
  const growth = (name) => still.map((s, i) => s[name] - quiet[i][name]);
  t.diagnostic(`all links closed ${off} ms after the change was asked for; in ${QUIET} s from 2 s on: ${growth('bytesFromPeers').join(' ')} bytes from peers, ` +
    `${growth('bytesToPeers').join(' ')} to peers, ${growth('bytesFromEdge').join(' ')} from the edge`);
  assert.ok(off <= 2000, `links were open for ${off} ms`);
  for (const name of ['bytesFromPeers', 'bytesToPeers']) assert.ok(growth(name).every((bytes) => bytes === 0), `${name} grew: ${growth(name)}`);
  assert.ok(growth('bytesFromEdge').every((bytes) => bytes > 0), 'a viewer got nothing from the edge');
  const [swarm] = (await (await fetch(`${shoal.base}/api/v1/swarm`)).json()).streams;
  assert.deepEqual([swarm.viewers, swarm.outside, swarm.cells, swarm.control.p2p], [3, 3, 0, false]);
  await noStalls(t, [...viewers, control], `until P2P had been off for ${2 + QUIET} s (last: without the swarm)`);

  const on = Date.now();
  const { code, output } = await run('control', program, ['control', 'demo', '-p2p=on', '-admin', `127.0.0.1:${shoal.ports.admin}`]);
  assert.equal(code, 0, output);
  assert.match(output, /^demo +on +1 /m);
  await until('all to be linked again', async () => (await all()).every(linked), { seconds: 15 });
  t.diagnostic(`all linked again ${Date.now() - on} ms after it was turned on`);
  await until('all to share again', async () => (await all()).every((s, i) => s.bytesFromPeers > still[i].bytesFromPeers), { seconds: 20 });
  await noStalls(t, [...viewers, control], 'with P2P off and on again (last: without the swarm)');

  // What it cost the tracker: the control page has no swarm and sends none.
  const metrics = await shoal.metrics();
  const beacons = metrics.sum('shoal_tracker_beacons_total', { stream: 'demo' });
  const most = 3 * ((Date.now() - began) / 10_000 + 2);
  const links = (outcome) => metrics.sum('shoal_tracker_links_total', { stream: 'demo', outcome });
  t.diagnostic(`${beacons} beacons, at most ${most.toFixed(1)} allowed; links told so far: ${links('opened')} opened, ${links('no_answer')} unanswered, ` +
    `${links('no_route')} without a route, ${links('lost')} lost`);
  assert.ok(beacons > 0 && beacons <= most, `${beacons} beacons`);
  assert.equal(links('lost'), 0, 'links that were turned off are no losses');
});

test('no web page and nobody outside steers a swarm', { timeout: 60_000 }, async (t) => {
  const shoal = await up(t, { demo: false });
  const send = (base, headers, method = 'PUT') => fetch(`${base}/api/v1/control/demo`, { method, headers, body: '{"p2p":false}' });
  const json = { 'Content-Type': 'application/json' };
  const admin = `http://127.0.0.1:${shoal.ports.admin}`;
  for (const [base, headers, method] of [
    [shoal.base, json, 'PUT'], [shoal.base, json, 'PATCH'], [shoal.base, {}, 'POST'],
    [admin, {}, 'PUT'], [admin, { ...json, Origin: 'https://evil.example' }, 'PUT'], [admin, { ...json, Origin: admin }, 'PATCH'], [admin, json, 'POST'],
  ]) {
    const { status } = await send(base, headers, method);
    assert.ok(status >= 400 && status < 500, `${method} ${base} ${JSON.stringify(headers)} was answered ${status}`);
  }
  assert.notEqual((await fetch(`${shoal.base}/api/v1/control/demo`)).status, 200, 'the public door shows the controls');
  const browser = await launch(t);
  const page = await browser.open(`${shoal.base}/ops`, { expected: [/CORS|ERR_FAILED|Failed to load resource|403/] });
  const got = await page.page.evaluate(async (url) => {
    const outcomes = [];
    for (const [method, mode, type] of [['PUT', 'cors', 'application/json'], ['PATCH', 'cors', 'application/json'], ['POST', 'no-cors', 'text/plain'], ['GET', 'cors', '']]) {
      const body = method === 'GET' ? {} : { body: '{"p2p":false}', headers: { 'Content-Type': type } };
      outcomes.push(await fetch(url, { method, mode, ...body }).then((r) => r.type, () => 'failed'));
    }
    return outcomes;
  }, `${admin}/api/v1/control/demo`);
  assert.deepEqual(got, ['failed', 'failed', 'opaque', 'failed']);
  assert.equal((await (await fetch(`${admin}/api/v1/control/demo`)).json()).p2p, true, 'somebody has turned P2P off');
});
