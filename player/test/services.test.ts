import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '../src/ops/desk.ts';
import { does } from '../src/ops/services.ts';
import { FIGURES } from '../src/pages/words/figures.ts';

const edge = (figures: Record<string, number>): Service => ({ name: '', state: 'ready', why: '', sent: -1, viewers: -1, self: { is: ['edge'], version: '', since: '', figures } });

test('a disk that is full and still read is not said to have failed', () => {
  assert.deepEqual(does(edge({ shoal_edge_disk_off: 0 })), ['0 requests held', '0\u00a0MB cached']);
  assert.equal(does(edge({ shoal_edge_disk_off: 1 })).at(-1), 'its disk rests');
  for (const { diskRests } of Object.values(FIGURES)) assert.doesNotMatch(diskRests, /fail|falh|故障/);
});
