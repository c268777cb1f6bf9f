// A liar in the swarm: one viewer that flips a byte in every piece it sends, among three honest browsers. And an origin
// that a thousand connections mean no good to, beside one that broadcasts.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import test from 'node:test';

import { demoClip } from '../harness/broadcaster.mjs';
import { alone, launch, noStalls } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { crowding } from '../harness/machine.mjs';
import { Process, run, scratch } from '../harness/process.mjs';
import { program, up } from '../harness/shoal.mjs';
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
  const control = await browser.open(`${shoal.base}/watch/demo`, alone);
  await control.moving();
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
  // A bad piece costs its sender the connection; whoever it has not lied to yet may still be linked to it.
  const cutOff = async () => {
    const [stats, liar] = [await all(), report()];
    const deceived = stats.filter((s) => s.badPieces > 0);
    if (deceived.length === 0 || deceived.some((s) => s.peers !== 2) || liar.peers !== 3 - deceived.length) {
      throw new Error(`links of the honest ${stats.map((s) => s.peers)} and of the liar ${liar.peers}; bad pieces refused ${stats.map((s) => s.badPieces)} of ${liar.piecesTampered} sent`);
    }
    return stats;
  };
  const cut = await until('those it lied to to have cut it off', async () => {
    await compare();
    return cutOff();
  }, { seconds: 30, every: 500 });
  t.diagnostic(`cut off by ${cut.filter((s) => s.badPieces > 0).length} of 3 ${Date.now() - began} ms after it was started, when it had sent ${report().piecesTampered} bad pieces`);

  for (const end = Date.now() + 8000; Date.now() < end || truth.compared <= 200; await pass(1)) await compare(); // the test's time is what bounds it
  const stats = await cutOff();
  const bad = stats.map((s) => s.badPieces);
  const { piecesTampered } = report();
  t.diagnostic(`bad pieces sent ${piecesTampered}, refused by each ${bad.join(' ')}; ` +
    `chunks given to the players ${truth.compared}, different from the edge's ${truth.different.length}; offload ${stats.map((s) => s.offload.toFixed(2)).join(' ')}`);
  assert.ok(truth.compared > 200, `only ${truth.compared} chunks were compared`);
  assert.deepEqual(truth.different, [], 'bad bytes reached a player');
  assert.ok(piecesTampered > 0, 'no bad piece was sent: nothing was tested');
  assert.ok(bad.reduce((sum, n) => sum + n, 0) > 0, 'no honest viewer has seen a bad piece');
  for (const [i, was] of cut.entries()) {
    if (was.badPieces > 0) assert.equal(bad[i], was.badPieces, `${viewers[i].name} took more from it after it had cut it off`);
    assert.ok(stats[i].bytesFromPeers > was.bytesFromPeers, `${viewers[i].name} gets nothing more from the honest`);
  }
  await noStalls(t, [...viewers, control], 'with a liar among them (last: without the swarm)');
});

// Clause: hostile
test('a thousand hostile connections leave a live stream without a gap', { timeout: 60_000 }, async (t) => {
  const { code, output } = await run('siege', join(scratch, 'origin'), ['siege', '-shoal', program, '-clip', demoClip, '-seconds', '6'], { seconds: 40 });
  assert.equal(code, 0, `the stream did not go on as if there were none: ${output.slice(-3000)}`);
  const seen = JSON.parse(output.trim().split('\n').at(-1));
  const { parts, partMillis, partAgeMillis: age, memoryBytes: memory, newcomerSeconds: newcomer } = seen;
  const kinds = Object.entries(seen.kinds).map(([name, kind]) => `${name} ${kind.ended} of ${kind.opened}`);
  t.diagnostic(`${seen.opened} connections, ${seen.open} open at the end; ended by the origin: ${kinds.join(', ')}`);
  t.diagnostic(`${parts} parts, none missing; ${age.Median} ms old, at worst ${age.Worst}; memory ${(memory.Before / 2 ** 20).toFixed(0)} MiB before, ` +
    `${(memory.Most / 2 ** 20).toFixed(0)} at most; who began to broadcast amid it was live after ${newcomer ?? 'more than 4'} s; ${crowding()}`);
  assert.equal(seen.connections, 1000);
  for (const [name, kind] of Object.entries(seen.kinds)) assert.ok(kind.opened >= 58, `${name}: ${kind.opened} connections`);
  assert.ok(parts > 15, `only ${parts} parts were read`);
  assert.ok(age.Median < partMillis + 300 && age.Worst < 5000, `parts appear ${age.Median} ms, at worst ${age.Worst} ms, after their first frame`);
  assert.ok(memory.Most - memory.Before < 128 * 2 ** 20, 'memory is not bounded');
});
