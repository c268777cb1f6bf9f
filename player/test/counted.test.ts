// One, none and many, wherever they are counted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harms } from '../src/ops/consequences.ts';
import { counted } from '../src/ops/counted.ts';
import { silent } from '../src/ops/desk.ts';
import { caption } from '../src/ops/drawing.ts';
import type { Swarm } from '../src/pages/api.ts';
import { audience } from '../src/pages/share.ts';
import { LIVE } from '../src/pages/words/live.ts';
import { WATCH } from '../src/pages/words/watch.ts';
import { NO_STATS, type P2P } from '../src/stats.ts';
import { words } from '../src/words.ts';

test('one is not told as many, in any language', () => {
  for (const [said, one, two] of [
    [WATCH.en.viewers, '1 viewer', '2 viewers'], [WATCH.pt.viewers, '1 espectador', '2 espectadores'], [WATCH.zh.viewers, '1 位观众', '2 位观众'],
    [LIVE.en.streamCount, '1 stream', '2 streams'], [LIVE.pt.streamCount, '1 transmissão', '2 transmissões'],
    [words('en').peers, '1 peer', '2 peers'], [words('pt').peers, '1 par', '2 pares'],
    [(n: number) => counted(n, 'link', 'links'), '1 link', '2 links'],
  ] as const) assert.deepEqual([said(1), said(2)], [one, two]);
  assert.match(silent(1), /^1 of the trackers did not answer: its viewers are not/);
  assert.match(silent(2), /: their viewers are not/);
  const cell = { id: 1, root: true, members: [], feeds: [{ from: 1, to: 2, fed: true }] };
  const drawn = { name: 'show', viewers: 1, outside: 1, total: 1, keeps: true, cells: [cell] };
  assert.equal(caption(drawn as never), 'show: 1 viewer in 1 cell, 1 link by which cells feed others; 1 in no cell, who gets all from the edge.');
  assert.match(caption({ ...drawn, viewers: 3, outside: 2, total: 2 } as never), /^show: 3 viewers in 2 cells, .*; 2 in no cell, who get all/);
  const control = { p2p: true, share: 1, cellSize: 32, roots: 6, maxUploadKbps: 0 };
  const swarm = { viewers: 110, outside: 10, offload: 0.9, cells: 8, roots: 6 };
  assert.match(harms(control, { ...control, roots: 5 }, swarm).join(), /^1 of 6 cells that fetch from the edge is fed by others from now on: its viewers/);
  assert.deepEqual(harms(control, { ...control, p2p: false }, { ...swarm, viewers: 10 }), [], 'nobody leaves what nobody is in');
});

test('who watches is one of those who watch', () => {
  const swarm = (viewers: number, p2p = true, share = 1): Swarm => ({ viewers, control: { p2p, share } }) as Swarm;
  for (const [what, told, p2p, wait, plays, want] of [
    ['alone in the swarm', swarm(1), 'on', null, true, 1],
    ['among others', swarm(3), 'on', null, true, 3],
    ['alone, and asked', swarm(0), 'off', 'viewer', true, 1],
    ['asked, while others share', swarm(2), 'off', 'viewer', true, 3],
    ['who has said no', swarm(2), 'off', null, true, 3],
    ['turned off by the operator: still at the tracker', swarm(2, false), 'off', null, true, 2],
    ['not of the share: likewise', swarm(2, true, 0.5), 'off', null, true, 2],
    ['far behind live', swarm(1), 'away', null, true, 2],
    ['just joining', swarm(0), 'joining', null, true, 1],
    ['no tracker answers this one', swarm(1), 'joining', 'tracker', true, 2],
    ['nothing is played', swarm(0), 'off', 'viewer', false, 0],
  ] as const) assert.equal(audience(told, { ...NO_STATS, p2p: p2p as P2P }, wait, plays), want, what);
});
