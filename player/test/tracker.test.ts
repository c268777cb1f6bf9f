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
    if (protocols.some((text) => /\s/.test(text))) throw new Error('SyntaxError');
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
  denials: string[];
  asked: { url: string; method: string; body: string }[]; // by fetch
  end: () => void;
}

// setup makes a tracker in a world where a question is answered as the test says: by default the tracker is away.
function setup(urls = ['ws://tracker/t'], { chance = 1, token = '' as string | (() => string | Promise<string>), answer = (_url: string): Response => { throw new TypeError('failed to fetch'); } } = {}): World {
  mock.timers.reset(); // of a test that failed
  mock.timers.enable({ apis: ['setTimeout'] });
  FakeSocket.made = [];
  const asked: World['asked'] = [];
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    fetch: async (url: string, init: RequestInit) => {
      asked.push({ url, method: init.method ?? 'GET', body: String(init.body) });
      return answer(url);
    },
  });
  const log: string[] = [];
  const denials: string[] = [];
  const events = {
    up: () => log.push('up'),
    down: () => log.push('down'),
    message: (b: Uint8Array) => log.push(`message ${[...b].join()}`),
    denied: (why: string) => denials.push(why),
    refused: (why: string) => log.push(`refused ${why}`),
  };
  const tracker = new Tracker({ urls, stream: 'demo', token: typeof token === 'function' ? token : () => token }, events, () => chance);
  return { tracker, log, denials, asked, end: () => { tracker.close(); mock.timers.reset(); } };
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

test('trackers are silent from the first socket on until one of them says something, be it why it did not take it', async () => {
  let answer = (): Response => { throw new TypeError('failed to fetch'); };
  const { tracker, end } = setup(['ws://one/t'], { answer: () => answer() });
  assert.equal(tracker.silent, false, 'none is asked yet');
  tracker.open();
  assert.equal(tracker.silent, true);
  last().close();
  await turn();
  assert.equal(tracker.silent, true, 'it is away');
  mock.timers.tick(1000);
  last().open();
  assert.equal(tracker.silent, true, 'who takes a socket has said nothing yet');
  last().onmessage?.({ data: Uint8Array.of(7).buffer });
  assert.equal(tracker.silent, false);
  answer = () => new Response('full', { status: 503, headers: { 'retry-after': '1' } });
  last().close();
  mock.timers.tick(2000);
  assert.equal(tracker.silent, true, 'it is lost');
  last().close();
  await turn();
  assert.equal(tracker.silent, false, 'it says that it is full');
  mock.timers.tick(2000);
  assert.equal(tracker.silent, true);
  tracker.rest();
  assert.equal(tracker.silent, false, 'it is asked no more');
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

const hosts = (): string => FakeSocket.made.map((s) => new URL(s.url).host).join('');
const tokens = (): string => FakeSocket.made.map((s) => s.protocols[1]?.slice('shoal.token.'.length) ?? '-').join('');

// fail lets sockets fail, as many as there will be, while time goes on.
async function fail(seconds: number): Promise<void> {
  for (let millis = 0; millis <= seconds * 1000; millis += 100) {
    if (FakeSocket.made.at(-1)?.readyState === 0) last().close();
    await turn();
    mock.timers.tick(100);
    await turn();
  }
}

for (const status of [400, 401, 403]) {
  test(`a handshake that is refused with ${status} costs one question and is not tried again`, async () => {
    const { tracker, log, asked, end } = setup(['wss://a/t'], { token: 'x.y.z', answer: () => new Response('get a token\n', { status }) });
    tracker.open();
    await fail(1000);
    assert.deepEqual(asked, [{ url: 'https://a/t?stream=demo', method: 'POST', body: 'x.y.z' }]);
    assert.deepEqual(log, [`refused ${status}: get a token`]);
    assert.equal(FakeSocket.made.length, 1);
    end();
  });
}

test('when all trackers refuse, each is asked once', async () => {
  const { tracker, log, end } = setup(['wss://a/t', 'wss://b/t', 'wss://c/t'], { chance: 0, token: 'T', answer: () => new Response('expired', { status: 403 }) });
  tracker.open();
  await fail(1000);
  assert.equal(hosts(), 'abc');
  assert.deepEqual(log, ['refused 403: expired']);
  end();
});

test('one tracker that has no new key yet does not keep a viewer from the others', async () => {
  const { tracker, log, end } = setup(['wss://a/t', 'wss://b/t'], { chance: 0, token: 'T', answer: () => new Response('unknown key', { status: 403 }) });
  tracker.open();
  last().close();
  await turn();
  mock.timers.tick(200);
  last().open();
  assert.equal(hosts(), 'ab');
  assert.deepEqual(log, ['up']);
  end();
});

test('while one tracker refuses and another is away it is not for good, and nobody is asked often', async () => {
  const { tracker, log, end } = setup(['wss://a/t', 'wss://b/t'], {
    answer: (url) => {
      if (url.startsWith('https://a')) return new Response('expired', { status: 403 });
      throw new TypeError('failed to fetch');
    },
  });
  tracker.open();
  await fail(3600);
  assert.deepEqual(log, []);
  const often = hosts().replaceAll('b', '').length;
  assert.ok(often > 5 && often < 25, `${often} times in an hour`);
  end();
});

for (const status of [404, 408, 421, 425]) {
  test(`${status} of a proxy means that the tracker is away`, async () => {
    const { tracker, log, end } = setup(['wss://a/t'], { answer: () => new Response('no upstream', { status }) });
    tracker.open();
    await fail(20);
    assert.ok(FakeSocket.made.length > 3, `${FakeSocket.made.length}`);
    last().open();
    assert.deepEqual(log, ['up']);
    end();
  });
}

for (const status of [429, 503]) {
  test(`a viewer who is told ${status} is told why, and comes back`, async () => {
    const { tracker, log, denials, end } = setup(['wss://a/t'], { answer: () => new Response('another viewer is here with this token\n', { status, headers: { 'retry-after': '10' } }) });
    tracker.open();
    await fail(9);
    assert.deepEqual([denials, log], [[`${status}: another viewer is here with this token`], []]);
    await fail(15);
    last().open();
    assert.deepEqual([FakeSocket.made.length > 1, log], [true, ['up']]);
    end();
  });
}

test('it is told that one tracker refuses while another is dead', async () => {
  const { tracker, log, denials, end } = setup(['wss://a/t', 'wss://b/t', 'wss://c/t'], {
    answer: (url) => {
      if (url.startsWith('https://c')) throw new TypeError('failed to fetch');
      return new Response('no token', { status: 401 });
    },
  });
  tracker.open();
  await fail(5);
  assert.deepEqual([denials[0], log], ['401: no token', []]);
  end();
});

test('a token that has just ended is asked for once more', async () => {
  const texts = ['1', '2'];
  const { tracker, log, end } = setup(['wss://a/t'], { token: async () => texts.shift() ?? '', answer: () => new Response('expired', { status: 403 }) });
  tracker.open();
  await turn();
  last().close();
  await turn();
  mock.timers.tick(7500);
  await turn();
  last().open();
  assert.equal(tokens(), '12');
  assert.deepEqual(log, ['up']);
  end();
});

test('and no oftener, be it another each time', async () => {
  let n = 0;
  const { tracker, log, end } = setup(['wss://a/t', 'wss://b/t'], { chance: 0, token: () => String(n++), answer: () => new Response('wrong key', { status: 403 }) });
  tracker.open();
  await fail(1000);
  assert.equal(hosts(), 'abab');
  assert.equal(tokens(), '0123');
  assert.deepEqual(log, ['refused 403: wrong key']);
  end();
});

test('a day later it may be asked for again', async () => {
  let n = 0;
  const { tracker, log, end } = setup(['wss://a/t'], { token: () => String(n++), answer: () => new Response('expired', { status: 403 }) });
  const clock = mock.method(performance, 'now', () => n * 1e6);
  tracker.open();
  for (let days = 0; days < 3; days++) {
    last().close();
    await turn();
    mock.timers.tick(7500);
    last().open();
    n++; // time goes by
    last().close();
    mock.timers.tick(1000);
  }
  clock.mock.restore();
  assert.deepEqual(log, ['up', 'down', 'up', 'down', 'up', 'down']);
  end();
});

for (const [name, token] of Object.entries<() => string | Promise<string>>({
  'that throws': () => { throw new Error('no session'); },
  'whose promise fails': () => Promise.reject(new Error('no session')),
  'that never answers': () => new Promise(() => undefined),
})) {
  test(`a token function ${name} is asked again`, async () => {
    const warned = mock.method(console, 'warn', () => undefined);
    let calls = 0;
    const { tracker, log, end } = setup(['wss://a/t'], { token: () => (++calls < 3 ? token() : 'T') });
    tracker.open();
    await fail(30);
    assert.ok(calls >= 3, `asked ${calls} times`);
    assert.equal(warned.mock.callCount(), 2);
    last().open();
    assert.equal(last().protocols[1], 'shoal.token.T');
    assert.deepEqual(log, ['up']);
    warned.mock.restore();
    end();
  });
}

test('a token that comes too late is not used', async () => {
  const warned = mock.method(console, 'warn', () => undefined);
  const late: ((text: string) => void)[] = [];
  const { tracker, end } = setup(['wss://a/t'], { token: () => new Promise<string>((resolve) => late.push(resolve)) });
  tracker.open();
  mock.timers.tick(10_000);
  late[0]?.('1');
  await turn();
  assert.equal(FakeSocket.made.length, 0);
  mock.timers.tick(1000);
  late[1]?.('2\n');
  await turn();
  assert.equal(tokens(), '2');
  tracker.rest();
  tracker.open();
  tracker.rest(); // while a token is waited for
  late[2]?.('3');
  await turn();
  assert.equal(tokens(), '2');
  warned.mock.restore();
  end();
});

test('a URL with which no socket can be made is left out', async () => {
  const { tracker, log, end } = setup(['ws://[', 'ws://forbidden/', 'wss://c/t'], { chance: 0 });
  tracker.open();
  mock.timers.tick(1000);
  mock.timers.tick(1000);
  last().open();
  assert.equal(hosts(), 'c');
  assert.deepEqual(log, ['up']);
  end();
});

for (const [name, urls, token] of [['URL', ['ws://[', 'ws://forbidden/'], ''], ['token', ['wss://a/t'], 'not a token']] as const) {
  test(`without a ${name} that will do it is said, and nothing follows`, async () => {
    const { tracker, log, asked, end } = setup([...urls], { token });
    tracker.open();
    await fail(1000);
    assert.match(log.join(), /^refused no socket can be made to \S+: look at the URL [^,]*, [^,]* and at the token$/);
    assert.deepEqual(asked, []);
    assert.equal(FakeSocket.made.length, 0);
    end();
  });
}

test('who rests while a tracker is asked why does not come back by it', async () => {
  const { tracker, end } = setup();
  tracker.open();
  last().close();
  tracker.rest();
  await turn();
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 1);
  tracker.open();
  assert.equal(FakeSocket.made.length, 2);
  end();
});

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

test('a tracker that refuses on the socket is asked again when it says, or never', async () => {
  const { tracker, log, end } = setup();
  tracker.open();
  last().open();
  tracker.refused(10, false, 'busy');
  mock.timers.tick(14999);
  assert.equal(FakeSocket.made.length, 1);
  mock.timers.tick(1);
  assert.equal(FakeSocket.made.length, 2);
  last().open();
  tracker.refused(0, false, 'speak version 2');
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 2);
  assert.deepEqual(log, ['up', 'up', 'refused speak version 2']);
  end();
});

test('a tracker that speaks another version is left for one that may not', () => {
  const { tracker, log, end } = setup(['ws://a/t', 'ws://b/t'], { chance: 0 });
  tracker.open();
  last().open();
  tracker.refused(0, false, 'speak version 2');
  mock.timers.tick(200);
  last().open();
  assert.equal(hosts(), 'ab');
  assert.deepEqual(log, ['up', 'up']);
  end();
});

test('a tracker that goes or sends away is left for the next', async () => {
  const { tracker, log, end } = setup(['ws://a/t', 'ws://b/t', 'ws://c/t'], { chance: 0 });
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

test('closed is closed', async () => {
  const { tracker, end } = setup();
  tracker.open();
  last().open();
  tracker.close();
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 1);
  end();
  const second = setup(undefined, { answer: () => new Response('', { status: 401 }) });
  second.tracker.open();
  last().close();
  second.tracker.close(); // while it is asked why
  await turn();
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 1);
  assert.deepEqual(second.log, []);
  second.end();
});
