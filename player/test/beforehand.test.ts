import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Beforehand } from '../src/beforehand.ts';
import type { Taken } from '../src/loader.ts';

const LIST = 'http://edge/live/show/v8/index.m3u8';
const INIT = 'http://edge/live/show/v8/7/init1.mp4';
const TEXT = '#EXTM3U\n#EXT-X-MAP:URI="7/init0.mp4"\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:BYTERANGE="9@0",URI="7/init1.mp4"\n';

interface World {
  beforehand: Beforehand;
  now: number;
  asked: string[];
  read: string[];
  come(url: string): Promise<void>;
  fail(url: string): Promise<void>;
  taken(url: string, rests?: Promise<void> | null): Promise<string | null>;
}

function world(t: TestContext): World {
  t.mock.method(performance, 'now', () => w.now);
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const coming = new Map<string, { come(): void; fail(): void }>();
  const ask = <T>(url: string, signal: AbortSignal, what: T): Promise<T> => {
    w.asked.push(url);
    return new Promise((resolve, reject) => {
      coming.set(url, { come: () => resolve(what), fail: () => reject(new Error('no')) });
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  };
  const w: World = {
    now: 1000, asked: [], read: [],
    beforehand: new Beforehand({
      playlist: (url, signal) => ask(url, signal, TEXT),
      bring: (url, signal) => ask(url, signal, { millis: 7 } as unknown as Taken),
      read: (url) => w.read.push(url),
    }),
    come: async (url) => {
      coming.get(url)?.come();
      await settle();
    },
    fail: async (url) => {
      coming.get(url)?.fail();
      await settle();
    },
    taken: async (url, rests = null) => {
      const taken = url === INIT ? w.beforehand.takeInit(url, rests) : w.beforehand.take(url, rests);
      return taken && taken.then((what) => JSON.stringify(what), ({ message }: Error) => message);
    },
  };
  return w;
}

test('a playlist and its newest init segment are there before they are asked for, once', async (t) => {
  const w = world(t);
  w.beforehand.get(LIST);
  w.beforehand.get(LIST);
  await w.come(LIST);
  await w.come(INIT);
  assert.deepEqual(w.asked, [LIST, INIT]);
  w.now = 1500;
  assert.equal(await w.taken(`${LIST}?_HLS_msn=8&_HLS_part=1`), JSON.stringify({ text: TEXT, at: 1000 }));
  assert.deepEqual(w.read, [`${LIST}?_HLS_msn=8&_HLS_part=1`], 'it is read as any other');
  assert.equal(await w.taken(INIT), JSON.stringify({ millis: 7 }));
  assert.deepEqual([await w.taken(LIST), await w.taken(INIT)], [null, null]);
});

test('another rendition is asked of the edge, and so is what has not come where the link carries', async (t) => {
  const w = world(t);
  w.beforehand.get(LIST);
  assert.equal(await w.taken('http://edge/live/show/v4/index.m3u8'), null);
  assert.equal(await w.taken(LIST), null);
});

test('while the link rests what is on its way is waited for, and no longer', async (t) => {
  const w = world(t);
  w.beforehand.get(LIST);
  let carries = (): void => undefined;
  const rests = new Promise<void>((resolve) => (carries = resolve));
  const taken = w.taken(LIST, rests);
  await w.come(LIST);
  assert.equal(await taken, JSON.stringify({ text: TEXT, at: 1000 }));
  const init = w.taken(INIT, rests);
  carries();
  assert.equal(await init, 'beforehand: late');
});

test('what failed, or is older than two seconds, is asked for anew', async (t) => {
  const w = world(t);
  w.beforehand.get(LIST);
  await w.fail(LIST);
  assert.equal(await w.taken(LIST), null);
  w.now = 4000;
  w.beforehand.get(LIST);
  await w.come(LIST);
  w.now = 6000;
  assert.equal(await w.taken(LIST), null);
  w.beforehand.get(LIST);
  w.beforehand.close();
  await w.come(LIST);
  assert.deepEqual([await w.taken(LIST), w.asked], [null, [LIST, LIST, INIT, LIST]]);
});
