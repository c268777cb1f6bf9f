// An edge takes connections and answers nothing any more: a viewer there that shares has its media from a peer at another edge, and its picture
// stands for much less long than that of one there that does not, which is the control.

import assert from 'node:assert/strict';
import test from 'node:test';

import { AWAY, twoEdges } from '../harness/edges.mjs';
import { pass, until } from '../harness/until.mjs';

const HUNG = 12; // seconds
const FIND = 1000; // milliseconds that finding out may take, beside half of what a picture stands without the swarm

test('a viewer whose edge hangs plays on from its peer', { timeout: 120_000 }, async (t) => {
  const { edges, browser, viewers, stats } = await twoEdges(t);
  const control = await browser.open(`${edges[0].base}/watch/show?p2p=off`, { expected: [AWAY] });
  await control.moving(40);
  await until('it to have a buffer as the others have', async () => (await control.stats()).bufferSeconds > 1);
  const [before] = await stats();
  const { pid } = edges[0].process;
  process.kill(pid, 'SIGSTOP');
  await pass(HUNG).finally(() => process.kill(pid, 'SIGCONT'));
  const [after] = await stats();
  const [sharing, other, without] = await Promise.all([...viewers, control].map((viewer) => viewer.standstill()));
  const count = (name) => after[name] - before[name];
  t.diagnostic(`in ${HUNG} s its picture stood still for ${sharing.millis} ms, its peer's for ${other.millis} ms, that of who does not share for ${without.millis} ms; ` +
    `${count('playlistsFromCell')} playlists from the cell, ${count('bytesFromPeers')} bytes from the peer`);
  assert.ok(without.millis > 1000, 'who does not share has missed nothing: the edge did not hang');
  assert.ok(sharing.millis <= without.millis / 2 + FIND, `it stood still for ${sharing.millis} ms`);
  assert.ok(count('bytesFromPeers') > 0, 'its peer gave nothing');
});
