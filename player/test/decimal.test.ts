import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decimal, rate } from '../src/decimal.ts';

test('numbers as a language writes them', () => {
  assert.deepEqual([decimal(2.14, 1, 'en'), decimal(2.14, 1, 'pt'), decimal(1234.5, 1, 'en')], ['2.1', '2,1', '1234.5']);
  assert.deepEqual([decimal(1234.5, 1, 'pt-BR'), decimal(0.5, 2, 'zh-Hans'), decimal(1234.5, 1, 'de'), decimal(1234.5, 1, 'fr-FR')], ['1234,5', '0.50', '1234,5', '1234,5']);
});

test('what a link carries', () => {
  assert.deepEqual([0, 62_500, 124_999, 125_000, 187_500, 1_249_999].map((bytes) => rate(bytes, 'pt')), ['0 kbit/s', '500 kbit/s', '1,0 Mbit/s', '1,0 Mbit/s', '1,5 Mbit/s', '10,0 Mbit/s']);
});
