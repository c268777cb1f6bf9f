import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import { type Answer, Playlists } from '../src/playlists.ts';
import { at, news, sequence } from './sequences.ts';

const URL_ = 'http://edge/live/demo/v0/index.m3u8?token=1';
const texts = sequence('demo');

interface World {
  playlists: Playlists;
  told: string[];
  log: string[];
  ask(index: number, change?: (url: URL) => void): Promise<void> | null;
  add(index: number): void;
}

// what is asked for at the end of a playlist
function following(index: number): URL {
  const [, msn = '', part = ''] = /HINT.*s(\d+)\.(\d+)\.m4s/.exec(at('demo', index)) ?? [];
  const url = new URL(URL_);
  url.searchParams.set('_HLS_msn', msn);
  url.searchParams.set('_HLS_part', part);
  return url;
}

// world returns playlists that have read the first three, and logs which answer came.
function world(t: TestContext): World {
  mock.timers.enable({ apis: ['setTimeout'] });
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const tick = mock.timers.tick.bind(mock.timers);
  t.mock.method(mock.timers, 'tick', (millis: number) => {
    now += millis;
    tick(millis);
  });
  t.after(() => mock.timers.reset());
  const told: string[] = [];
  const log: string[] = [];
  const playlists = new Playlists((text) => told.push(text));
  for (const text of texts.slice(0, 3)) playlists.read(URL_, text);
  const name = ({ text }: Answer): string => `answer ${/HINT.*\/(s[\d.]+)\.m4s/.exec(text)?.[1]}`;
  return {
    playlists, told, log,
    ask: (index, change = () => undefined) => {
      const url = following(index);
      change(url);
      const asked = playlists.ask(url.href, new AbortController().signal);
      return asked && asked.then((answer) => void log.push(name(answer)), () => void log.push('edge'));
    },
    add: (index) => news(at('demo', index), at('demo', index - 1)).forEach((record) => playlists.add(record)),
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a request waits for the part, and gets what a later request would get', async (t) => {
  const w = world(t);
  const asked = w.ask(2);
  await settle();
  assert.deepEqual(w.log, []);
  w.add(3);
  await asked;
  assert.deepEqual(w.log, ['answer s91.1']);
  await w.ask(2);
  assert.equal(w.playlists.answered, 2);
  assert.deepEqual(w.told, [], 'the parts were known before');
});

test('a segment that is complete is told of once, before the playlist is given away', async (t) => {
  const w = world(t);
  for (let index = 3; index < 10; index++) {
    w.add(index);
    await w.ask(index - 1);
  }
  assert.equal(w.log.length, 7);
  assert.deepEqual(w.told.map((text) => text.includes('/s91.m4s\n')), [true], 'with the first part of the next');
});

test('the playlist of the edge is given as it is, and is not counted as of the cell', async (t) => {
  const w = world(t);
  const asked = w.playlists.ask(following(2).href, new AbortController().signal);
  w.playlists.read(following(2).href, at('demo', 3));
  assert.equal((await asked)?.text, at('demo', 3));
  assert.equal(w.playlists.answered, 0);
});

test('the answer says when its newest part came to be known', async (t) => {
  const w = world(t);
  mock.timers.tick(300);
  w.add(3);
  const came = performance.now();
  mock.timers.tick(200);
  w.playlists.read(URL_, at('demo', 3)); // no news
  const answer = await w.playlists.ask(following(2).href, new AbortController().signal);
  assert.equal(answer?.at, came);
});

test('what is not a blocking reload of this playlist is not waited for', (t) => {
  const w = world(t);
  const cases: Record<string, (url: URL) => void> = {
    'no directives': (url) => ['_HLS_msn', '_HLS_part'].forEach((name) => url.searchParams.delete(name)),
    'no number': (url) => url.searchParams.set('_HLS_msn', 'x'),
    'another rendition': (url) => (url.pathname = '/live/demo/v1/index.m3u8'),
    'another token': (url) => url.searchParams.set('token', '2'),
  };
  for (const [name, change] of Object.entries(cases)) assert.equal(w.ask(2, change), null, name);
});

test('who waits too long goes to the edge, and for a while nobody waits; late timers are made up for', async (t) => {
  for (const wake of ['timer', 'look']) {
    const w = world(t);
    const asked = w.ask(2);
    if (wake === 'timer') {
      mock.timers.tick(667);
      await settle();
      assert.deepEqual(w.log, []);
      mock.timers.tick(1);
    } else {
      const now = performance.now();
      t.mock.method(performance, 'now', () => now + 700);
      w.playlists.look();
    }
    await asked;
    assert.deepEqual(w.log, ['edge']);
    assert.equal(w.ask(2), null);
    w.add(3);
    await w.ask(2);
    assert.deepEqual(w.log, ['edge', 'answer s91.1'], 'what is known is told');
    mock.timers.reset();
    t.mock.restoreAll();
  }
});

test('who slept while it waited does not blame the cell', async (t) => {
  const w = world(t);
  const asked = w.ask(2);
  const now = performance.now();
  t.mock.method(performance, 'now', () => now + 3000);
  w.playlists.look();
  await asked;
  assert.deepEqual(w.log, ['edge']);
  const again = w.ask(2);
  assert.ok(again);
  w.add(3);
  await again;
  assert.deepEqual(w.log, ['edge', 'answer s91.1']);
});

test('an abort, the end, and another playlist end the waiting', async (t) => {
  const ends: Record<string, (w: World, give: AbortController) => void> = {
    abort: (_, give) => give.abort(),
    release: (w) => w.playlists.release(),
    close: (w) => w.playlists.close(),
    'another playlist': (w) => w.playlists.read('http://edge/live/demo/v1/index.m3u8', at('demo', 3)),
    'the end of the stream': (w) => w.playlists.read(URL_, `${at('demo', 3)}#EXT-X-ENDLIST\n`),
  };
  for (const [name, end] of Object.entries(ends)) {
    const w = world(t);
    const give = new AbortController();
    const asked = w.playlists.ask(following(2).href, give.signal) as Promise<Answer>;
    end(w, give);
    await assert.rejects(asked, name);
    mock.timers.reset();
    t.mock.restoreAll();
  }
});

test('where something is missing in between, the edge is asked soon', async (t) => {
  const w = world(t);
  const asked = w.ask(2);
  w.add(4); // without 3
  mock.timers.tick(299);
  await settle();
  assert.deepEqual(w.log, []);
  mock.timers.tick(1);
  await asked;
  assert.deepEqual(w.log, ['edge']);
  assert.equal(w.ask(2), null);
  w.add(3);
  await w.ask(2);
  assert.deepEqual(w.log, ['edge', 'answer s91.2']);
});

test('where the edge failed the cell is waited for, whatever is missing or was waited for in vain', async (t) => {
  const w = world(t);
  const hope = (url: string): Promise<void> | undefined =>
    w.playlists.hope(url, new AbortController().signal, 500)?.then(({ text }) => void w.log.push(text.split('HINT')[1]?.match(/s[\d.]+\d/)?.[0] ?? ''), () => void w.log.push('edge'));
  const vain = w.ask(2);
  mock.timers.tick(1500);
  await vain;
  w.add(4); // without 3
  mock.timers.tick(300);
  assert.equal(w.ask(2), null);
  const late = hope(following(2).href);
  mock.timers.tick(499);
  w.playlists.look();
  await settle();
  assert.deepEqual(w.log, ['edge']);
  mock.timers.tick(1);
  await late;
  const asked = [hope(following(2).href), hope(URL_)];
  w.add(3);
  await Promise.all(asked);
  assert.deepEqual(w.log, ['edge', 'edge', 's91.2', 's91.2']);
  assert.notEqual(w.ask(4), null, 'it is not the cell that failed');
  assert.equal(hope('http://edge/live/demo/index.m3u8'), undefined);
});

test('what follows is asked of the edge under its own URL', (t) => {
  const w = world(t);
  assert.equal(w.playlists.following, following(2).href);
  w.add(3);
  assert.equal(w.playlists.following, following(3).href);
  assert.equal(w.playlists.hinted, `http://edge/live/demo/v0/${/PRELOAD-HINT:.*URI="([^"]*)"/.exec(at('demo', 3))?.[1]}`);
  const [record] = news(at('demo', 5), at('demo', 4));
  assert.ok(record);
  assert.equal(w.playlists.uri(record), `http://edge/live/demo/v0/${/URI="([^"]*s91\.2\.m4s)"/.exec(at('demo', 5))?.[1]}`);
  w.add(6); // without 4 and 5: an answer that ends with what was asked for has these too
  assert.equal(w.playlists.following, following(5).href);
  assert.equal(w.playlists.hinted, `http://edge/live/demo/v0/${/PRELOAD-HINT:.*URI="([^"]*)"/.exec(at('demo', 3))?.[1]}`);
  w.playlists.close();
  assert.equal(w.playlists.following, '');
  assert.equal(w.playlists.hinted, '');
  assert.equal(w.playlists.uri(record), '');
});

test('who asks for a delta is answered too: with the whole playlist where nothing can be left out', async (t) => {
  const w = world(t);
  const asked = w.ask(2, (url) => url.searchParams.set('_HLS_skip', 'YES'));
  w.add(3);
  await asked;
  assert.deepEqual(w.log, ['answer s91.1']);
  assert.doesNotMatch(w.playlists.following, /_HLS_skip/);
});

test('a delta will do where what it leaves out is known, and not for a rendition that is come back to', async (t) => {
  const w = world(t);
  const [before, whole] = [at('demo', 3), at('demo', 4)].map((text) => text.replace('#EXT-X-SERVER-CONTROL:', '#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=4,'));
  assert.ok(before && whole);
  const asked = (url: string): string => `${url}&_HLS_msn=7&_HLS_skip=YES`;
  const other = URL_.replace('v0', 'v1');
  w.playlists.read(URL_, before);
  assert.deepEqual([w.playlists.skips(asked(URL_)), w.playlists.skips(asked(other))], [true, false]);
  w.playlists.read(other, before.replaceAll('/v0/', '/v1/'));
  assert.equal(w.playlists.skips(asked(URL_)), false);
  w.playlists.read(URL_, whole);
  assert.equal(w.playlists.skips(asked(URL_)), true);
  assert.notEqual(w.playlists.following, '', 'it goes on');
  w.playlists.read(URL_, 'something else');
  assert.equal(w.playlists.skips(asked(URL_)), true, 'what cannot be carried on is no reason to ask for all of it');
});
