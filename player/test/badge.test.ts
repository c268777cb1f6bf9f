// The badge beside the picture.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stream } from '../src/pages/api.ts';
import { Badge } from '../src/pages/badge.ts';
import { WATCH } from '../src/pages/words/watch.ts';

const live = { state: 'live' } as Stream;
const plays = { state: 'playing', paused: false };

test('what stands is not called live, and what moves is', () => {
  const badge = new Badge();
  const said = (stream: Stream | null | undefined, seen: Partial<typeof plays> = {}): string => {
    const { text, live } = badge.of(0, stream, { ...plays, ...seen });
    return `${text}${live ? ', lit' : ''}`;
  };
  assert.equal(said(live), 'Live, lit');
  assert.equal(said(live, { state: 'buffering' }), 'Buffering');
  assert.equal(said(live, { state: 'connecting' }), 'Reconnecting');
  assert.equal(said(undefined, { state: 'buffering' }), 'Reconnecting', 'nor does the server answer');
  assert.equal(said({ state: 'interrupted' } as Stream, { state: 'buffering' }), 'Interrupted');
  assert.equal(said({ state: 'ended' } as Stream, { state: 'ended' }), 'Ended');
  assert.equal(said(null, { state: 'unknown' }), 'Offline');
  assert.equal(said(live, { state: 'refused' }), 'Invited viewers only');
});

test('what has not begun has some seconds, and as long as it likes where it waits for a tap', () => {
  const badge = new Badge();
  const lit = (at: number, seen: Partial<typeof plays> = {}): boolean => badge.of(at, live, { state: 'connecting', paused: false, ...seen }).live;
  assert.deepEqual([0, 10_000].map((at) => lit(at, { paused: true })), [true, true]);
  assert.deepEqual([11_000, 14_900, 15_000, 20_000].map((at) => lit(at)), [true, true, false, false]);
  assert.equal(lit(21_000, { state: 'playing' }), true);
});

test('that it is buffering is said in each language', () => {
  const said = (['en', 'pt', 'zh'] as const).map((language) => new Badge().of(0, live, { ...plays, state: 'buffering' }, WATCH[language]).text);
  assert.equal(new Set(said).size, 3);
});
