import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type Hls from 'hls.js';
import { Crossing } from '../src/crossing.ts';
import type { Taken } from '../src/loader.ts';

interface World {
  crossing: Crossing;
  buffered: number;
  asked: string[];
  bring: Map<string, { come(): void; fail(): void; signal: AbortSignal }>;
  take(url: string, start?: number | null): Promise<string> | null;
  signal: AbortController; // of whoever takes
  settle(): Promise<void>;
  come(...urls: string[]): Promise<void>; // one after the other
}

// world has a playhead at 10.5, with what is before 11.3 buffered of another rendition. Parts are of a third of a second.
function world(t: TestContext): World {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const parts = Array.from({ length: 12 }, (_, i) => ({ url: `v8/s${5 + Math.floor(i / 6)}.${i % 6}`, start: 10 + i / 3, index: i % 6, fragment: { sn: 5 + Math.floor(i / 6) } }));
  const hls = { media: { currentTime: 10.5 }, levels: [{}, { details: { partList: parts } }] } as unknown as Hls;
  const w: World = {
    buffered: 0.8, asked: [], bring: new Map(), signal: new AbortController(),
    crossing: new Crossing(hls, {
      buffered: () => w.buffered,
      bring: (url, signal) => {
        w.asked.push(url);
        return new Promise<Taken>((resolve, reject) => w.bring.set(url, { come: () => resolve({ bytes: url } as unknown as Taken), fail: () => reject(new Error('no')), signal }));
      },
    }),
    take: (url, start = 10) => w.crossing.take({ url, start, signal: w.signal.signal })?.then(({ bytes }) => String(bytes)) ?? null,
    settle: async () => {
      t.mock.timers.tick(50);
      await new Promise((resolve) => setImmediate(resolve));
    },
    come: async (...urls) => {
      for (const url of urls) {
        w.bring.get(url)?.come();
        await w.settle();
      }
    },
  };
  return w;
}

test('all that overlaps what is buffered is fetched, one after the other, and given when the last of it has come', async (t) => {
  const w = world(t);
  const parts = ['v8/s5.0', 'v8/s5.1', 'v8/s5.2', 'v8/s5.3'];
  let got = '';
  void w.take('v8/s5.0')?.then((url) => (got = url));
  for (const [i, url] of parts.entries()) {
    assert.deepEqual([got, w.asked], ['', parts.slice(0, i + 1)]);
    await w.come(url);
  }
  assert.equal(got, 'v8/s5.0');
  for (const url of parts.slice(1)) assert.equal(await w.take(url), url);
  assert.deepEqual([w.take('v8/s5.4'), w.asked.length], [null, 4], 'that is after it');
});

test('what has come is given when there is nothing more to lose', async (t) => {
  const w = world(t);
  let got = '';
  void w.take('v8/s5.0')?.then((url) => (got = url));
  w.bring.get('v8/s5.0')?.come();
  await w.settle();
  assert.equal(got, '');
  w.buffered = 0.03;
  await w.settle();
  assert.equal(got, '');
  w.buffered = 0.02;
  await w.settle();
  assert.equal(got, 'v8/s5.0');
});

test('while what overlaps is on its way nothing else is asked for', async (t) => {
  const w = world(t);
  assert.equal(w.crossing.past(), null);
  void w.take('v8/s5.0');
  let asks = false;
  void w.crossing.past()?.catch(() => (asks = true));
  await w.come('v8/s5.0', 'v8/s5.1', 'v8/s5.2');
  assert.equal(asks, false);
  await w.come('v8/s5.3');
  assert.deepEqual([asks, w.crossing.past()], [true, null]);
  void w.take('v8/s5.0');
  w.crossing.close();
  assert.equal(w.crossing.past(), null);
});

test('what does not overlap, or is no media, or not known, is for hls.js', (t) => {
  const w = world(t);
  for (const [url, start] of [['v8/s5.3', 11], ['v8/s6.0', 12], ['v8/init', null], ['v9/s5.0', 10]] as const) assert.equal(w.take(url, start), null);
  assert.deepEqual(w.asked, []);
});

test('an error is told to who takes the part, and not to who takes another', async (t) => {
  const w = world(t);
  const first = w.take('v8/s5.0');
  await w.come('v8/s5.0');
  w.bring.get('v8/s5.1')?.fail();
  await w.settle();
  await w.come('v8/s5.2', 'v8/s5.3');
  assert.equal(await first, 'v8/s5.0');
  await assert.rejects(w.take('v8/s5.1') ?? Promise.resolve());
  assert.equal(await w.take('v8/s5.2'), 'v8/s5.2');
});

test('who gives up one gives up all, the first or a later one, and so does who goes elsewhere', async (t) => {
  for (const give of ['first', 'later', 'elsewhere']) {
    const w = world(t);
    const first = w.take('v8/s5.0');
    first?.catch(() => undefined);
    if (give !== 'first') {
      await w.come('v8/s5.0', 'v8/s5.1');
      w.buffered = 0;
      await w.settle();
      assert.equal(await first, 'v8/s5.0');
      w.signal = new AbortController();
      w.take('v8/s5.2')?.catch(() => undefined);
    }
    if (give === 'elsewhere') assert.equal(w.take('v8/s6.3', 13), null);
    else w.signal.abort();
    assert.ok([...w.bring.values()].every(({ signal }) => signal.aborted), give);
    const { length } = w.asked;
    await w.come(...w.asked);
    assert.equal(w.asked.length, length, 'nothing more is asked for');
    t.mock.timers.reset();
  }
});
