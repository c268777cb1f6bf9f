import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Tracker } from '../src/tracker.ts';

// A socket that does what the test says.
class FakeSocket {
  static readonly OPEN = 1;
  static made: FakeSocket[] = [];
  readyState = 0;
  binaryType = '';
  sent: Uint8Array[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  constructor(readonly url: string, readonly protocols: string[]) {
    if (url.startsWith('ws://forbidden')) throw new Error('SecurityError');
    FakeSocket.made.push(this);
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }
  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.();
  }
}

interface World {
  tracker: Tracker;
  log: string[];
  asked: { url: string; method: string; body: string }[]; // by fetch
  end: () => void;
}

// setup makes a tracker in a world where a question is answered as the test says: by default the tracker is away.
function setup(urls = ['ws://tracker/t'], { chance = 1, token = '', answer = (): Response => { throw new TypeError('failed to fetch'); } } = {}): World {
  mock.timers.enable({ apis: ['setTimeout'] });
  FakeSocket.made = [];
  const asked: World['asked'] = [];
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    fetch: async (url: string, init: RequestInit) => {
      asked.push({ url, method: init.method ?? 'GET', body: String(init.body) });
      return answer();
    },
  });
  const log: string[] = [];
  const events = {
    up: () => log.push('up'),
    down: () => log.push('down'),
    message: (b: Uint8Array) => log.push(`message ${[...b].join()}`),
    refused: (why: string) => log.push(`refused ${why}`),
  };
  const tracker = new Tracker({ urls, stream: 'demo', token: () => token }, events, () => chance);
  return { tracker, log, asked, end: () => { tracker.close(); mock.timers.reset(); } };
}

const last = (): FakeSocket => FakeSocket.made.at(-1) as FakeSocket;

// turn lets all go on that waits for no timer.
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a dead tracker is tried at 1, 2, 4, 8, 12, 12 s and no oftener', async () => {
  const { tracker, log, asked, end } = setup();
  tracker.open();
  for (const wait of [1000, 2000, 4000, 8000, 12000, 12000]) {
    const before = FakeSocket.made.length;
    last().close();
    await turn();
    mock.timers.tick(wait - 1);
    assert.equal(FakeSocket.made.length, before, `before ${wait}`);
    mock.timers.tick(1);
    assert.equal(FakeSocket.made.length, before + 1, `at ${wait}`);
    assert.equal(asked.length, before, 'a question for each failed handshake');
  }
  assert.deepEqual(log, []);
  end();
});

test('a socket that does not open is given up, and nobody is asked why', async () => {
  const { tracker, asked, end } = setup();
  tracker.open();
  mock.timers.tick(5000);
  assert.equal(last().readyState, 3);
  await turn();
  assert.equal(asked.length, 0);
  mock.timers.tick(1000);
  assert.equal(FakeSocket.made.length, 2);
  end();
});

test('up, messages, down, and up again', () => {
  const { tracker, log, end } = setup();
  tracker.open();
  tracker.send(Uint8Array.of(1)); // no socket is open: dropped
  last().open();
  tracker.send(Uint8Array.of(2));
  last().onmessage?.({ data: Uint8Array.of(7, 8).buffer });
  last().onmessage?.({ data: 'text is not for us' });
  last().onmessage?.({ data: new ArrayBuffer((20 << 10) + 1) }); // longer than any message
  assert.deepEqual(last().sent, [Uint8Array.of(2)]);
  last().close();
  mock.timers.tick(1000);
  last().open();
  assert.deepEqual(log, ['up', 'message 7,8', 'down', 'up']);
  end();
});

test('stream and token come with the handshake, the token not in the URL', () => {
  const { tracker, end } = setup(['ws://tracker/t?a=b'], { token: 'x.y.z' });
  tracker.open();
  assert.equal(last().url, 'ws://tracker/t?a=b&stream=demo');
  assert.deepEqual(last().protocols, ['shoal', 'shoal.token.x.y.z']);
  end();
});

for (const status of [400, 401, 403]) {
  test(`a handshake that is refused with ${status} costs one question and is not tried again`, async () => {
    const { tracker, log, asked, end } = setup(['wss://a/t', 'wss://b/t'], { chance: 0, token: 'x.y.z', answer: () => new Response('get a token\n', { status }) });
    tracker.open();
    last().close();
    await turn();
    assert.deepEqual(asked, [{ url: 'https://a/t?stream=demo', method: 'POST', body: 'x.y.z' }]);
    assert.deepEqual(log, [`refused ${status}: get a token`]);
    mock.timers.tick(1e6);
    assert.equal(FakeSocket.made.length, 1);
    end();
  });
}

for (const [status, urls, wait] of [[429, 1, 30000], [503, 1, 30000], [429, 2, 30000], [503, 2, 200]] as const) {
  test(`${status} of ${urls === 1 ? 'the only tracker' : 'one of two trackers'} with Retry-After is heeded`, async () => {
    const { tracker, log, asked, end } = setup(['ws://a/t', 'ws://b/t'].slice(0, urls), { chance: 0, answer: () => new Response('', { status, headers: { 'retry-after': '30' } }) });
    tracker.open();
    last().close();
    await turn();
    mock.timers.tick(wait - 1);
    assert.equal(FakeSocket.made.length, 1);
    mock.timers.tick(1);
    assert.equal(FakeSocket.made.length, 2);
    assert.equal(asked.length, 1);
    assert.deepEqual(log, []);
    end();
  });
}

test('a tracker that refuses on the socket is asked again when it says, or never', () => {
  const { tracker, end } = setup();
  tracker.open();
  last().open();
  tracker.refused(10, false);
  mock.timers.tick(14999);
  assert.equal(FakeSocket.made.length, 1);
  mock.timers.tick(1);
  assert.equal(FakeSocket.made.length, 2);
  last().open();
  tracker.refused(0, false);
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 2);
  end();
});

test('a tracker that goes or sends away is left for the next', async () => {
  const { tracker, log, end } = setup(['ws://a/t', 'ws://b/t', 'ws://c/t'], { chance: 0 });
  const hosts = (): string => FakeSocket.made.map((s) => new URL(s.url).host).join('');
  tracker.open();
  last().open();
  last().close(); // killed
  mock.timers.tick(200);
  assert.equal(hosts(), 'ab');
  last().close(); // is not there
  await turn();
  mock.timers.tick(200);
  assert.equal(hosts(), 'abc');
  last().open();
  tracker.move(5);
  mock.timers.tick(5000);
  assert.equal(hosts(), 'abca');
  assert.deepEqual(log, ['up', 'down', 'up']);
  end();
});

test('closed is closed, and a URL that is forbidden is not tried again', async () => {
  const { tracker, end } = setup();
  tracker.open();
  last().open();
  tracker.close();
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 1);
  end();
  const second = setup(['ws://forbidden/']);
  second.tracker.open();
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 0);
  second.end();
  const third = setup(undefined, { answer: () => new Response('', { status: 401 }) });
  third.tracker.open();
  last().close();
  third.tracker.close(); // while it is asked why
  await turn();
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 1);
  assert.deepEqual(third.log, []);
  third.end();
});
