import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe } from '../src/pages/share.ts';
import { WATCH } from '../src/pages/words/watch.ts';
import { type Open, Pending } from '../src/pending.ts';
import { NO_STATS, type Stats } from '../src/stats.ts';
import { words } from '../src/words.ts';

// said returns what is said of it in the panel and below the picture.
function teller(): (seconds: number, p2p: Stats['p2p'], open?: Open, language?: 'en' | 'pt' | 'zh') => [string, string] {
  const pending = new Pending();
  return (seconds, p2p, open = null, language = 'en') => {
    pending.note(seconds * 1000, p2p, open);
    const { swarm, waits } = words(language);
    return [pending.wait ? waits[pending.wait] : p2p === 'on' ? 'on' : swarm[p2p], describe({ ...NO_STATS, p2p }, undefined, pending.wait, WATCH[language])];
  };
}

test('a tracker that does not answer is not waited for in words for ever', () => {
  const said = teller();
  assert.match(said(0, 'joining').join(), /^joining,Joining/);
  assert.match(said(14, 'joining').join(), /^joining,Joining/);
  assert.match(said(15, 'joining').join(), /^no tracker answers,No tracker answers/);
  assert.match(said(16, 'on').join(), /^on,No link/);
  assert.match(said(30, 'joining').join(), /^joining,Joining/); // it was there in between
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
