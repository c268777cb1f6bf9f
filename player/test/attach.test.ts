import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeLive, describeStream, streamName } from '../src/attach.ts';
import { Pass } from '../src/pass.ts';

test('trackers are made absolute, and one that is no URL keeps nobody from the others', () => {
  Object.assign(globalThis, { document: { baseURI: 'https://page/' } });
  const { trackers, name } = describeStream('https://edge/live/demo/index.m3u8', { tracker: '/tracker, http://[, http://other:8080/t,' });
  assert.equal(name, 'demo');
  assert.deepEqual(trackers, ['wss://edge/tracker', 'http://[', 'ws://other:8080/t']);
});

test('a recording is not the stream that it is of', () => {
  assert.equal(streamName('https://edge/live/demo/v0/index.m3u8'), 'demo');
  const { name, trackers } = describeStream('https://edge/live/demo/recordings/20260101T120000Z/index.m3u8', {});
  assert.deepEqual([name, trackers], ['', []]);
});

test('a stream that is not known is another thing than a server that cannot tell', async (t) => {
  let answer = new Response('', { status: 404 });
  t.mock.method(globalThis, 'fetch', async (url: URL) => {
    assert.equal(url.href, 'http://edge.example/api/v1/streams/show');
    return answer;
  });
  const ask = (): ReturnType<typeof describeLive> => describeLive('http://edge.example/live/show/index.m3u8', 'show');
  assert.equal(await ask(), null);
  answer = new Response('{"state":"live","publicKey":"k","lastMsn":7}');
  assert.deepEqual(await ask(), { state: 'live', publicKey: 'k', lastMsn: 7 });
  for (const status of [500, 502, 503, 504]) {
    answer = new Response('the edge cannot reach its origin', { status });
    await assert.rejects(ask(), new RegExp(`${status}`));
  }
});

test('who has gone asks nothing, and who goes ends what was asked', async (t) => {
  const gone: boolean[] = []; // when it was asked
  t.mock.method(globalThis, 'fetch', (_url: URL, { signal }: { signal: AbortSignal }) => {
    gone.push(signal.aborted);
    return new Promise((_, reject) => {
      if (signal.aborted) reject(new Error('aborted'));
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  });
  const address = 'http://edge.example/live/show/index.m3u8';
  await assert.rejects(describeLive(address, 'show', AbortSignal.abort()), /aborted/);
  const going = new AbortController();
  const asking = describeLive(address, 'show', going.signal);
  going.abort();
  await assert.rejects(asking, /aborted/);
  assert.deepEqual(gone, [true, false]);
});

test('what a player asks at its beginning it asks once, and then anew', async (t) => {
  let [now, asked]: [number, ((answer: Response | null) => void)[]] = [0, []];
  t.mock.method(performance, 'now', () => now);
  t.mock.method(globalThis, 'fetch', () => new Promise((resolve, reject) => asked.push((answer) => (answer ? resolve(answer) : reject(new Error('cut off'))))));
  const turn = (): Promise<void> => new Promise((passed) => setImmediate(passed));
  const address = 'http://edge.example/live/show/index.m3u8';
  const pass = new Pass(() => '', () => address);
  const live = (): Promise<unknown> => describeLive(address, 'show', undefined, pass);
  const { key } = describeStream(address, {}, pass);
  const lately = typeof key === 'function' ? key : assert.fail();
  const [met, first] = [live(), lately()]; // the second while the first is under way
  await turn();
  assert.equal(asked.length, 1);
  asked.pop()?.(new Response('{"publicKey":"k"}'));
  assert.deepEqual([await met, await first], [{ publicKey: 'k' }, 'k']);
  now = 5000;
  assert.deepEqual([await lately(), asked.length], ['k', 0]);
  void live();
  await turn();
  assert.equal(asked.length, 1, 'who has to know how it is now asks');
  asked.pop()?.(new Response('{"publicKey":"l"}'));
  await turn();
  assert.equal(await lately(), 'l');
  now = 10_001;
  const given = live().catch(() => 'given up');
  const second = lately();
  await turn();
  asked.pop()?.(null);
  assert.equal(await given, 'given up');
  await turn();
  assert.equal(asked.length, 1, 'an answer that does not come is asked for anew');
  asked.pop()?.(new Response('{"publicKey":"m"}'));
  assert.equal(await second, 'm');
});
