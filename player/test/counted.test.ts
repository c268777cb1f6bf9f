// One, none and many, wherever they are counted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harms } from '../src/ops/consequences.ts';
import { caption } from '../src/ops/drawing.ts';
import type { Service } from '../src/ops/desk.ts';
import { held } from '../src/ops/services.ts';
import { members } from '../src/pages/crowd.ts';
import { counted } from '../src/pages/words/counted.ts';
import { FIGURES } from '../src/pages/words/figures.ts';
import { LIVE } from '../src/pages/words/live.ts';
import { STEERING } from '../src/pages/words/steering.ts';
import { WATCH } from '../src/pages/words/watch.ts';
import { words } from '../src/words.ts';

test('one is not told as many, in any language', () => {
  for (const [said, one, two] of [
    [WATCH.en.members, '1 in the swarm', '2 in the swarm'], [WATCH.pt.members, '1 no enxame', '2 no enxame'], [WATCH.zh.members, '1 位观众正在互助', '2 位观众正在互助'],
    [LIVE.en.streamCount, '1 stream', '2 streams'], [LIVE.pt.streamCount, '1 transmissão', '2 transmissões'],
    [words('en').peers, '1 peer', '2 peers'], [words('pt').peers, '1 par', '2 pares'],
    [(n: number) => counted(n, 'link', 'links'), '1 link', '2 links'],
  ] as const) assert.deepEqual([said(1), said(2)], [one, two]);
  assert.match(FIGURES.en.silent(1), /^1 of the trackers did not answer: its viewers are not/);
  assert.match(FIGURES.en.silent(2), /: their viewers are not/);
  const cell = { id: 1, root: true, members: [], feeds: [{ from: 1, to: 2, fed: true }] };
  const drawn = { name: 'show', viewers: 1, outside: 1, total: 1, keeps: true, cells: [cell] };
  assert.equal(caption(drawn as never), 'show: 1 viewer in 1 cell, 1 link by which cells feed others; 1 in no cell, who gets all from the edge.');
  assert.match(caption({ ...drawn, viewers: 3, outside: 2, total: 2 } as never), /^show: 3 viewers in 2 cells, .*; 2 in no cell, who get all/);
  const control = { p2p: true, share: 1, cellSize: 32, roots: 6, maxUploadKbps: 0 };
  const swarm = { viewers: 110, outside: 10, offload: 0.9, cells: 8, roots: 6 };
  assert.match(harms(control, { ...control, roots: 5 }, swarm).join(), /^1 of 6 cells that fetch from the edge is fed by others from now on: its viewers/);
  assert.deepEqual(harms(control, { ...control, p2p: false }, { ...swarm, viewers: 10 }), [], 'nobody leaves what nobody is in');
});

test('what is said of one agrees with it, in figures and in steering', () => {
  const { en, pt } = FIGURES;
  assert.deepEqual([1, 2].map((n) => pt.last(n, `${n} min`)), ['Último 1 min', 'Últimos 2 min']);
  assert.equal(en.links(1, 1, 1, 1, 1), '1 introduction; links: 1 opened, 1 had no answer, 1 no route, 1 was lost');
  assert.equal(en.links(2, 2, 2, 2, 2), '2 introductions; links: 2 opened, 2 had no answer, 2 no route, 2 were lost');
  assert.equal(pt.links(1, 1, 1, 1, 1), '1 apresentação; ligações: 1 abriu, 1 sem resposta, 1 sem caminho, 1 caiu');
  assert.equal(pt.links(2, 2, 2, 2, 2), '2 apresentações; ligações: 2 abriram, 2 sem resposta, 2 sem caminho, 2 caíram');
  assert.deepEqual([1, 2].map(en.redisFailed), ['1 failure of Redis', '2 failures of Redis']);
  for (const [said, one, two, all] of [
    [STEERING.en.leave, /^About 1 of 5 viewers in the swarm leaves it .* gets /, /^About 2 of 5 .* leave it .* get /, /^All 5 .* leave it .* get /],
    [STEERING.pt.leave, /^Cerca de 1 dos 5 espectadores do enxame sai .* recebe /, /^Cerca de 2 dos 5 .* saem .* recebem /, /^Todos os 5 .* saem .* recebem /],
  ] as const) {
    assert.match(said(1, 5, ''), one);
    assert.match(said(2, 5, ''), two);
    assert.match(said(5, 5, ''), all);
  }
});

test('who shares with nobody is in no number of the swarm, and in that of the requests that edges hold', () => {
  assert.equal(members({ viewers: 5, outside: 2 }), 3);
  const service = (is: string[], requests?: number): Service => ({ name: '', state: 'ready', why: '', sent: -1, viewers: -1, self: { is, version: '', since: '', figures: requests === undefined ? {} : { shoal_edge_held_requests: requests } } });
  assert.equal(held([service(['tracker'])]), '', 'no edge is known');
  assert.equal(held([service(['origin', 'edge', 'tracker'], 2), service(['edge'], 1), { ...service([]), self: null }]), '3 requests held at edges');
  assert.equal(held([service(['edge'])]), '0 requests held at edges');
});
