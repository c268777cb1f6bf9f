import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Words, words } from '../src/words.ts';

const all: Record<string, Words> = { en: words('en'), pt: words('pt'), zh: words('zh') };

test('the first language that is known is spoken', () => {
  for (const [languages, name] of [
    [['pt-BR'], 'pt'], [['ZH-hans-CN', 'en'], 'zh'], [['fr', 'zh-TW', 'pt'], 'zh'], [[null, undefined, '', 'pt'], 'pt'], [['ptx'], 'en'], [['constructor'], 'en'], [[], 'en'],
  ] as const) assert.equal(words(...languages), all[name], languages.join());
});

// texts returns every text, by where it stands; those made of parts with parts that can be told.
function texts(value: unknown, at = ''): [string, string][] {
  if (typeof value === 'string') return [[at, value]];
  if (typeof value === 'function') return [[at, String(value('<1>', '<2>'))]];
  return Object.entries(value as object).flatMap(([key, inner]) => texts(inner, `${at}.${key}`));
}

for (const name of ['pt', 'zh']) {
  test(`${name} has a word of its own for each that English has`, () => {
    const own = new Map(texts(all[name]));
    const english = texts(all['en']);
    assert.equal(own.size, english.length);
    const same = new Set(['.auto', '.volume']); // that are the same in Portuguese
    for (const [at, text] of english) {
      const other = own.get(at) ?? '';
      assert.equal(other === '', text === '', `${at}: “${other}” for “${text}”`);
      if (text !== '' && !(name === 'pt' && same.has(at)) ) assert.notEqual(other.toLowerCase(), text.toLowerCase(), at);
      for (const part of ['<1>', '<2>', 'src', '/live/NAME/index.m3u8']) assert.equal(other.includes(part), text.includes(part), `${at}: ${part}`);
    }
  });
}
