// A choice by hand, with hls.js itself: what it does after an error, and what comes of it.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type Hls from 'hls.js';
import { Choice } from '../src/choice.ts';
import { AUTO } from '../src/quality.ts';
import { playing } from './stream.ts';

const levelOf = (hls: Hls): number => (hls.autoLevelEnabled ? AUTO : hls.loadLevel);

test('hls.js drops a choice after an error', async (t) => {
  const { hls, err, open } = playing(t);
  await open();
  assert.equal(hls.levels.length, 3);
  hls.nextLevel = 1;
  assert.equal(levelOf(hls), 1);
  err();
  assert.equal(levelOf(hls), AUTO, 'it does so no longer: then choice.ts has less to do');
});

test('a choice stands after an error, and after several, with a pause', async (t) => {
  const { hls, err, open } = playing(t);
  const choice = new Choice();
  choice.serve(hls);
  await open();
  err();
  assert.equal(levelOf(hls), AUTO, 'nobody has chosen');
  choice.index = 1;
  assert.deepEqual([choice.index, levelOf(hls)], [1, 1]);
  err();
  assert.equal(levelOf(hls), 1, 'at once');
  for (const seconds of [2, 4, 8]) {
    err();
    mock.timers.tick(1000 * seconds - 1);
    assert.equal(levelOf(hls), AUTO, `there is something to see for ${seconds} s`);
    mock.timers.tick(1);
    assert.equal(levelOf(hls), 1);
  }
  err();
  choice.index = AUTO;
  mock.timers.tick(60_000);
  assert.equal(levelOf(hls), AUTO, 'the viewer chooses none');
});

test('a choice goes along to a stream that is loaded anew, and to another hls.js', async (t) => {
  const first = playing(t);
  const choice = new Choice();
  choice.serve(first.hls);
  await first.open();
  choice.index = 2;
  await first.open();
  assert.equal(levelOf(first.hls), 2);
  choice.serve(null);
  assert.deepEqual([choice.index, choice.all], [AUTO, []]);
  const second = playing(t);
  choice.serve(second.hls);
  await second.open();
  assert.equal(levelOf(second.hls), 2);
});
