// What is said over the picture.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noticeOf, type Still, veils } from '../src/notice.ts';
import { words } from '../src/words.ts';

const still: Still = { state: 'connecting', vod: false, idle: false, blocked: false, waiting: true, trouble: null, soundOnly: false };

test('each way to stand still has words of its own, in each language', () => {
  const ways: [string, Partial<Still>][] = [
    ['Connecting', {}],
    ['Reconnecting', { trouble: 'lost' }],
    ['The server cannot get the video', { trouble: 'faulty' }],
    ['The broadcaster is away', { state: 'away' }],
    ['The stream has ended', { state: 'ended' }],
    ['Nothing is on under this name yet', { state: 'unknown' }],
    ['There is no such recording', { state: 'unknown', vod: true }],
    ['Sound only', { state: 'playing', soundOnly: true }],
    ['Buffering', { state: 'buffering' }],
    ['', { state: 'playing' }],
  ];
  for (const [what, way] of ways) assert.equal(noticeOf({ ...still, ...way }, words('en'))[0], what);
  for (const language of ['pt', 'zh']) {
    const said = ways.map(([, way]) => noticeOf({ ...still, ...way }, words(language))[0]);
    assert.equal(new Set(said).size, ways.length, language);
  }
});

test('what waits for a tap is not said to begin by itself', () => {
  assert.deepEqual(noticeOf({ ...still, state: 'away', blocked: true }, words('en')), ['The broadcaster is away', '']);
});

test('the picture is veiled where there is none to come for now, and a recording at its end is not', () => {
  assert.deepEqual((['connecting', 'playing', 'buffering', 'away', 'ended', 'refused'] as const).map((state) => veils({ state, vod: false })), [false, false, false, true, true, true]);
  assert.equal(veils({ state: 'ended', vod: true }), false);
});

test('who comes while nothing answers is told so in the words for who was watching', () => {
  const w = words('en');
  assert.deepEqual(noticeOf({ ...still, trouble: 'unreached' }, w), [w.states.connecting[0], w.lost[1]]);
});
