import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_STATS, type Stats } from '../src/stats.ts';
import { Tidings } from '../src/tidings.ts';

test('a page is told what changes, and the numbers each second', () => {
  const target = new EventTarget();
  const told: string[] = [];
  for (const name of ['state', 'peer', 'fallback', 'stats']) {
    target.addEventListener(`shoal:${name}`, (event) => {
      const { detail } = event as CustomEvent<Record<string, unknown>>;
      told.push(name === 'stats' ? `stats ${String(detail['peers'])}` : `${name} ${Object.values(detail).join(' ').trim()}`);
      assert.ok(event.bubbles);
    });
  }
  const tidings = new Tidings(target);
  const at = (now: number, state: string, more: Partial<Stats> = {}): string[] => {
    tidings.stand(state);
    tidings.note(now, { ...NO_STATS, ...more });
    return told.splice(0);
  };
  assert.deepEqual(at(0, 'connecting'), ['state connecting', 'stats 0']);
  assert.deepEqual(at(500, 'playing', { p2p: 'joining' }), ['state playing']);
  assert.deepEqual(at(1000, 'playing', { p2p: 'on', peers: 2 }), ['peer 2', 'stats 2']);
  assert.deepEqual(at(1500, 'playing', { p2p: 'on', peers: 2 }), []);
  assert.deepEqual(at(2000, 'playing', { p2p: 'off', refusal: '' }), ['peer 0', 'fallback off', 'stats 0']);
  assert.deepEqual(at(2500, 'away', { p2p: 'refused', refusal: '503' }), ['state away']);
});
