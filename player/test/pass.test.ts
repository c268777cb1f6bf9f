import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import type { HlsConfig, LoaderContext } from 'hls.js';
import { type Ask, Pass } from '../src/pass.ts';

const HERE = 'https://tv.example/live/demo/index.m3u8';
const AWAY = 'https://edge.example/live/demo/index.m3u8';

interface Sent {
  url: string;
  authorization: string | null;
}

interface World {
  pass: Pass;
  sent: Sent[];
  server: { status: number };
  clock: { now: number; wall: number };
}

function setup(t: TestContext, ask: Ask, home = HERE): World {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  Object.assign(globalThis, { document: { baseURI: 'https://tv.example/watch/demo' } });
  const clock = { now: 1000, wall: 1_800_000_000_000 };
  t.mock.method(performance, 'now', () => clock.now);
  t.mock.method(Date, 'now', () => clock.wall);
  t.mock.method(console, 'warn', () => undefined);
  const sent: Sent[] = [];
  const server = { status: 200 };
  t.mock.method(globalThis, 'fetch', async (url: string | URL, init?: RequestInit) => {
    sent.push({ url: String(url), authorization: new Headers(init?.headers).get('authorization') });
    return new Response('', { status: server.status });
  });
  return { pass: new Pass(ask, () => home), sent, server, clock };
}

// made is a token that ends in so many seconds.
const made = (w: { clock: { wall: number } }, name: string, seconds: number): string => {
  const claims = btoa(JSON.stringify({ exp: w.clock.wall / 1000 + seconds, n: name })).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return `h.${claims}.s`;
};

test('the token goes to the stream\'s own server, in a header on its own pages and in the query from others', async (t) => {
  for (const [home, want] of [
    [HERE, [{ url: 'https://tv.example/live/demo/v0/1/s1.m4s', authorization: 'Bearer a.b.c' }]],
    [AWAY, [{ url: 'https://edge.example/live/demo/v0/1/s1.m4s?token=a.b.c', authorization: null }]],
  ] as const) {
    const w = setup(t, () => ' a.b.c\n', home);
    await w.pass.fetch(new URL('v0/1/s1.m4s', home), { headers: { Range: 'bytes=0-1' } });
    assert.deepEqual(w.sent, want);
    await w.pass.fetch('https://keys.example/key');
    assert.deepEqual(w.sent[1], { url: 'https://keys.example/key', authorization: null }, 'another server got it');
    assert.equal(w.pass.plain(w.sent[0]?.url ?? ''), new URL('v0/1/s1.m4s', home).href);
    mock.restoreAll();
  }
});

test('without a token nothing is changed', async (t) => {
  const w = setup(t, () => '');
  await w.pass.fetch(HERE);
  assert.deepEqual(w.sent, [{ url: HERE, authorization: null }]);
  assert.equal(await w.pass.renew(), false);
});

test('a token may stand in the stream\'s URL', async (t) => {
  const w = setup(t, () => '', `${AWAY}?token=q.q.q`);
  await w.pass.fetch('https://edge.example/live/demo/v0/index.m3u8?_HLS_msn=3');
  assert.equal(w.sent[0]?.url, 'https://edge.example/live/demo/v0/index.m3u8?_HLS_msn=3&token=q.q.q');
  assert.equal(w.pass.plain(w.sent[0]?.url ?? ''), 'https://edge.example/live/demo/v0/index.m3u8?_HLS_msn=3');
});

test('an attribute is read for each request', async (t) => {
  let token = '1';
  const w = setup(t, () => token);
  await w.pass.fetch(HERE);
  token = '2';
  assert.equal(await w.pass.renew(), true, 'the page has set another one');
  await w.pass.fetch(HERE);
  assert.deepEqual(w.sent.map((s) => s.authorization), ['Bearer 1', 'Bearer 2']);
  assert.equal(await w.pass.renew(), false, 'the same again');
});

test('a function is asked once, before the end, and when the server refuses', async (t) => {
  const asked: string[] = [];
  const w: World = setup(t, async () => {
    asked.push(made(w, String(asked.length), 600));
    return asked.at(-1) ?? '';
  });
  await Promise.all([w.pass.fetch(HERE), w.pass.fetch(HERE), w.pass.fetch(HERE)]);
  assert.equal(asked.length, 1);
  w.clock.now += 569_000;
  await w.pass.fetch(HERE);
  assert.equal(asked.length, 1, 'half a minute is left');
  w.clock.now += 2000;
  w.clock.wall += 571_000;
  await w.pass.fetch(HERE);
  await new Promise(setImmediate);
  await w.pass.fetch(HERE);
  assert.equal(asked.length, 2);
  assert.equal(w.sent.at(-2)?.authorization, `Bearer ${asked[0]}`, 'a request does not wait for the new one');
  assert.equal(w.sent.at(-1)?.authorization, `Bearer ${asked[1]}`);
  w.clock.now += 10_000;
  w.server.status = 401;
  await w.pass.fetch(HERE);
  await new Promise(setImmediate);
  assert.equal(asked.length, 3, 'the server said that it has ended');
  await w.pass.fetch(HERE);
  await new Promise(setImmediate);
  assert.equal(asked.length, 3, 'nobody asks again within seconds');
});

test('a clock that is wrong has nobody asked again and again', async (t) => {
  let asked = 0;
  const w: World = setup(t, async () => made(w, String(asked++), -86400));
  for (let i = 0; i < 10; i++) {
    await w.pass.fetch(HERE);
    w.clock.now += 60_000;
  }
  assert.equal(asked, 1);
});

test('a function that fails, or does not answer, leaves what there was', async (t) => {
  let answer: () => Promise<string> = async () => made(w, 'first', 300);
  const w: World = setup(t, () => answer());
  const first = await w.pass.token();
  answer = async () => Promise.reject(new Error('away'));
  w.clock.now += 10_000;
  assert.equal(await w.pass.renew(), false);
  answer = () => new Promise(() => undefined);
  w.clock.now += 10_000;
  const renewed = w.pass.renew();
  await Promise.resolve();
  mock.timers.tick(10_000);
  assert.equal(await renewed, false);
  assert.equal(await w.pass.token(), first);
});

test('a function that has none yet is not asked for each request', async (t) => {
  let asked = 0;
  const w = setup(t, async () => {
    asked++;
    throw new Error('away');
  });
  for (let i = 0; i < 20; i++) {
    await w.pass.fetch(HERE);
    w.clock.now += 300;
  }
  assert.equal(asked, 2, 'in six seconds');
  assert.equal(w.sent.length, 20, 'requests go out without one');
});

// A request of hls.js, as far as its setup has to do with it.
class Request {
  readyState = 0;
  url = '';
  header = '';
  open(_method: string, url: string): void {
    this.readyState = 1;
    this.url = url;
  }
  setRequestHeader(_name: string, value: string): void {
    assert.equal(this.readyState, 1, 'a header is set once it is open');
    this.header = value;
  }
}

test('hls.js sends it too, beside what the page does itself', async (t) => {
  for (const [home, url, header] of [
    [HERE, HERE, 'Bearer a.b.c'],
    [AWAY, `${AWAY}?token=a.b.c`, ''],
  ] as const) {
    const w = setup(t, () => 'a.b.c', home);
    const own: string[] = [];
    const config = { xhrSetup: (_: unknown, at: string) => own.push(at) } as unknown as HlsConfig;
    const before = { ...config };
    const undo = w.pass.lend(config);
    const xhr = new Request();
    await config.xhrSetup?.(xhr as unknown as XMLHttpRequest, home, {} as LoaderContext);
    assert.deepEqual([xhr.url, xhr.header, own], [url, header, [home]]);
    const foreign = new Request();
    await config.xhrSetup?.(foreign as unknown as XMLHttpRequest, 'https://keys.example/key', {} as LoaderContext);
    assert.deepEqual([foreign.readyState, foreign.header], [0, '']);
    const request = await config.fetchSetup?.({ url: home } as LoaderContext, {});
    assert.deepEqual([request?.url, request?.headers.get('authorization') ?? ''], [url, header]);
    undo();
    assert.equal(config.xhrSetup, before.xhrSetup);
    mock.restoreAll();
  }
});
