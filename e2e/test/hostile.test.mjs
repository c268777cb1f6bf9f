// A liar in the swarm: one viewer that flips a byte in every piece it sends, among three honest browsers.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import test from 'node:test';

import { launch, noStalls } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { Process, scratch } from '../harness/process.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

// Truth compares what players were given with what the edge serves at the same address.
class Truth {
  #hashes = new Map();
  compared = 0;
  different = [];

  async compare(viewer) {
    for (const { url, size, hash } of await viewer.appended()) {
      if (!this.#hashes.has(url)) {
        this.#hashes.set(url, fetch(url).then(async (answer) => {
          assert.equal(answer.status, 200, url);
          return createHash('sha256').update(new Uint8Array(await answer.arrayBuffer())).digest('hex');
        }));
      }
      this.compared++;
      if ((await this.#hashes.get(url)) !== hash) this.different.push(`${viewer.name}: ${url} (${size} bytes)`);
    }
  }
}

test('a viewer that lies is found out and cut off, and no bad byte is played', { timeout: 120_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const browser = await launch(t);
  const viewers = [];
  for (let i = 0; i < 3; i++) {
    viewers.push(await browser.open(`${shoal.base}/watch/demo`, { hash: true }));
    await viewers[i].moving();
  }
  const all = () => Promise.all(viewers.map((v) => v.stats()));
  await until('the honest to be linked', async () => (await all()).every((s) => s.p2p === 'on' && s.peers === 2), { seconds: 15 });

  const hostile = new Process('hostile', join(scratch, 'hostile'), ['-url', `${shoal.base}/live/demo/index.m3u8`]);
  atEnd(t, () => hostile.end());
  const report = () => {
    assert.ok(hostile.running, `hostile ended: ${hostile.output.slice(-1000)}`);
    const lines = hostile.output.trim().split('\n').filter((line) => line.startsWith('{'));
    return lines.length > 0 ? JSON.parse(lines.at(-1)) : null;
  };
  const truth = new Truth();
  const compare = () => Promise.all(viewers.map((v) => truth.compare(v)));

  const began = Date.now();
  await until('the hostile viewer to have sent bad pieces', async () => {
    await compare();
    return report()?.piecesTampered > 0;
  }, { seconds: 30, every: 500 });
  await until('all honest viewers to have cut it off', async () => {
    await compare();
    return (await all()).every((s) => s.peers === 2) && report().peers === 0;
  }, { seconds: 30, every: 500 });
  const sent = report().piecesTampered;
  t.diagnostic(`cut off ${Date.now() - began} ms after it was started, when it had sent ${sent} bad pieces`);

  for (const end = Date.now() + 20_000; Date.now() < end; await pass(1)) await compare();
  const stats = await all();
  const bad = stats.map((s) => s.badPieces);
  const { piecesTampered, peers } = report();
  t.diagnostic(`bad pieces sent ${piecesTampered}, refused by each ${bad.join(' ')}; ` +
    `chunks given to the players ${truth.compared}, different from the edge's ${truth.different.length}; offload ${stats.map((s) => s.offload.toFixed(2)).join(' ')}`);
  assert.ok(truth.compared > 200, `only ${truth.compared} chunks were compared`);
  assert.deepEqual(truth.different, [], 'bad bytes reached a player');
  assert.ok(piecesTampered > 0, 'no bad piece was sent: nothing was tested');
  assert.ok(bad.reduce((sum, n) => sum + n, 0) > 0, 'no honest viewer has seen a bad piece');
  assert.equal(piecesTampered, sent, 'it could send more after it was cut off');
  assert.equal(peers, 0, 'it is linked again');
  assert.ok(stats.every((s) => s.peers === 2 && s.bytesFromPeers > 0), 'the honest have lost each other');
  await noStalls(t, viewers, 'with a liar among them');
});
