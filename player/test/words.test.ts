import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known } from '../src/pages/language.ts';
import { FIGURES } from '../src/pages/words/figures.ts';
import { LIVE } from '../src/pages/words/live.ts';
import { MISSING } from '../src/pages/words/missing.ts';
import { OPS } from '../src/pages/words/ops.ts';
import { STEERING } from '../src/pages/words/steering.ts';
import { STUDIO, told, unreached } from '../src/pages/words/studio.ts';
import { WATCH } from '../src/pages/words/watch.ts';
import { explain } from '../src/studio/whip.ts';
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
    const same = new Set(['.auto', '.volume', '.flow.minute']); // that are the same in Portuguese
    for (const [at, text] of english) {
      const other = own.get(at) ?? '';
      assert.equal(other === '', text === '', `${at}: “${other}” for “${text}”`);
      if (text !== '' && !(name === 'pt' && same.has(at)) ) assert.notEqual(other.toLowerCase(), text.toLowerCase(), at);
      for (const part of ['<1>', '<2>', 'src', '/live/NAME/index.m3u8']) assert.equal(other.includes(part), text.includes(part), `${at}: ${part}`);
    }
  });
}

// What is the same in Portuguese: units, a word, and what is between words.
const ALIKE = new Set(['.seconds', '.minutes', '.hours', '.codec', '.lately', '.clause', '.sentence']);

for (const [page, catalog] of Object.entries({ LIVE, MISSING, WATCH, STUDIO, OPS, FIGURES, STEERING })) {
  for (const language of ['pt', 'zh'] as const) {
    test(`${page} has a word in ${language} for each that English has`, () => {
      const own = new Map(texts(catalog[language]));
      for (const [at, text] of texts(catalog.en)) {
        const other = own.get(at) ?? '';
        assert.notEqual(other, '', at);
        if (!(language === 'pt' && ALIKE.has(at))) assert.notEqual(other, text, at);
        for (const part of ['<1>', '<2>']) assert.equal(other.includes(part), text.includes(part), `${at}: ${part}`);
      }
    });
  }
}

test('a sentence of the studio is told in its words, with the name that is in it', () => {
  assert.equal(told(STUDIO.pt, 'The server cannot be reached.'), 'Não foi possível alcançar o servidor.');
  assert.equal(told(STUDIO.pt, 'This browser cannot play “a*$&.txt”. An MP4 with H.264 and AAC will do.'), 'Este navegador não reproduz “a*$&.txt”. Um MP4 com H.264 e AAC serve.');
  assert.notEqual(told(STUDIO.zh, explain(409, 'stream: somebody is broadcasting to this stream already\n')), 'Somebody is broadcasting to this stream already.', 'what the origin says');
  assert.equal(told(STUDIO.zh, 'Something else.'), 'Something else.');
  assert.deepEqual(Object.keys(STUDIO.pt.told), Object.keys(STUDIO.zh.told));
});

test('only who has been live is told that he is on air again by himself when the server is back', () => {
  const said = (wanted: boolean, linked: boolean, since: number): string => unreached(STUDIO.en, 'Away.', { wanted, linked, since });
  assert.equal(said(false, false, 0), STUDIO.en.away('Away.'));
  assert.equal(said(true, false, 0), STUDIO.en.away('Away.'), 'it has never been live, and the first refusal ends it');
  assert.equal(said(true, false, 1), STUDIO.en.awayOnAir('Away.'));
  assert.equal(said(true, true, 1), STUDIO.en.awayLinked('Away.'));
  assert.equal(unreached(STUDIO.en, '', { wanted: true, linked: false, since: 1 }), '');
});

test('the language of a page is the first that is known', () => {
  assert.deepEqual([known([null, 'pt-PT', 'zh']), known(['fr', 'ZH-Hant']), known(['constructor']), known([])], ['pt', 'zh', 'en', 'en']);
});
