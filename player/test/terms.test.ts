import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkedLimit, misreadLimit, readLimit } from '../src/terms.ts';

test('what cannot be read as a limit lends nothing, and whoever wrote it is told', () => {
  for (const [limit, most] of [[null, Infinity], [undefined, Infinity], ['500', 500], [' 0 ', 0], [2000, 2000], ['1e3', 1000], ['Infinity', Infinity], [Infinity, Infinity]] as const) {
    assert.deepEqual([readLimit(limit), misreadLimit(limit)], [most, null], String(limit));
  }
  for (const limit of ['500k', '-1', '', ' ', '1,5', -1, NaN]) {
    assert.equal(readLimit(limit), 0, String(limit));
    assert.match(misreadLimit(limit) ?? '', /^shoal: max-upload-kbps=".*" is no number of kbit\/s, like 500, and nothing is lent/);
  }
});

test('a link lends less than the page, and never more', () => {
  for (const [page, link, want] of [
    [null, null, null], [null, '500', '500'], ['300', '500', '300'], ['500', '300', '300'], ['0', '500', '0'], [null, '500k', '500k'], ['500', 'Infinity', '500'],
  ] as const) assert.equal(linkedLimit(page, link), want, `${page}, ${link}`);
});
