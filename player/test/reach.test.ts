import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reach } from '../src/studio/reach.ts';

test('a server is away when it was asked twice in vain, and back once it answers', () => {
  const reach = new Reach();
  const steps = ['', 'no answer', '', 'no answer', 'no origin', 'no answer', '', ''].map((amiss) => [reach.note(amiss), reach.amiss]);
  assert.deepEqual(steps, [
    [false, ''], [false, ''], [false, ''], // once is no news
    [false, ''], [false, 'no origin'], [false, 'no answer'],
    [true, ''], [false, ''],
  ]);
});
