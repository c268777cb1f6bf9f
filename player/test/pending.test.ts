import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe } from '../src/pages/share.ts';
import { WATCH } from '../src/pages/words/watch.ts';
import { type Delay, type Open, Pending } from '../src/pending.ts';
import { NO_STATS, type Stats } from '../src/stats.ts';
import { words } from '../src/words.ts';

// said returns what is said of it in the panel and below the picture.
function teller(): (seconds: number, p2p: Stats['p2p'], open?: Open, language?: 'en' | 'pt' | 'zh', delay?: Delay) => [string, string] {
  const pending = new Pending();
  return (seconds, p2p, open = null, language = 'en', delay = null) => {
    pending.note(seconds * 1000, p2p, delay, open);
    const { swarm, waits } = words(language);
    return [pending.wait ? waits[pending.wait] : p2p === 'on' ? 'on' : swarm[p2p], describe({ ...NO_STATS, p2p }, undefined, pending.wait, WATCH[language])];
  };
}

test('a tracker that does not answer is not waited for in words for ever', () => {
  const said = teller();
  const asks = (seconds: number): string => said(seconds, 'joining', null, 'en', 'tracker').join();
  assert.match(asks(0), /^joining,Joining/);
  assert.match(asks(14), /^joining,Joining/);
  assert.match(asks(15), /^no tracker answers,No tracker answers/);
  assert.match(said(16, 'on').join(), /^on,No link/);
  assert.match(asks(30), /^joining,Joining/); // it was there in between
});

test('no tracker is blamed that was not asked for long, nor while the machine is busy, which is said where that lasts', () => {
  for (const language of ['en', 'pt', 'zh'] as const) {
    const said = teller();
    const joining = (seconds: number, delay: Delay): [string, string] => said(seconds, 'joining', null, language, delay);
    const usual = joining(0, null);
    assert.deepEqual(joining(60, null), usual, 'for want of something else');
    assert.deepEqual(joining(61, 'machine'), usual);
    assert.deepEqual(joining(76, 'machine'), [words(language).waits.machine, WATCH[language].resting]);
    assert.deepEqual(joining(77, 'tracker'), usual);
    assert.deepEqual(joining(91, 'tracker'), usual);
    assert.deepEqual(joining(91.5, 'machine'), usual);
    assert.deepEqual(joining(92, 'tracker'), usual);
    assert.deepEqual(joining(107, 'tracker'), [words(language).waits.tracker, WATCH[language].inVain]);
  }
});

test('while the viewer is asked, the swarm is not off: the question is open', () => {
  const said = teller();
  assert.match(said(0, 'off').join(), /^off,The swarm is off/);
  assert.match(said(1, 'off', 'asked').join(), /^waits for you/);
  for (const language of ['en', 'pt', 'zh'] as const) {
    const [panel, page] = said(2, 'off', 'asked', language);
    assert.notEqual(panel, words(language).swarm.off, language);
    assert.equal(page, WATCH[language].asked, language);
  }
  assert.match(said(3, 'joining').join(), /^joining/);
});

test('who has said no is not told that the swarm is off, but where to change that', () => {
  const said = teller();
  for (const [language, key] of [['en', 'Statistics in the player (the button with bars, or key S)'], ['pt', 'Estatísticas no player (o botão com barras, ou tecla S)'], ['zh', '统计信息（柱形图按钮，或 S 键）']] as const) {
    const [panel, page] = said(0, 'off', 'no', language);
    assert.equal(panel, words(language).waits.declined, language);
    assert.ok(page.includes(key) && page.includes(words(language).statistics), page);
  }
  assert.match(said(1, 'joining', 'no').join(), /^joining/);
});
