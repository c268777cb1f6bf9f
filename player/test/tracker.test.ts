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
  constructor(readonly url: string) {
    if (url === 'forbidden') throw new Error('SecurityError');
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

function setup(url = 'ws://tracker'): { tracker: Tracker; log: string[]; end: () => void } {
  mock.timers.enable({ apis: ['setTimeout'] });
  FakeSocket.made = [];
  Object.assign(globalThis, { WebSocket: FakeSocket });
  const log: string[] = [];
  const tracker = new Tracker(url, { up: () => log.push('up'), down: () => log.push('down'), message: (b) => log.push(`message ${[...b].join()}`) }, () => 1);
  return { tracker, log, end: () => { tracker.close(); mock.timers.reset(); } };
}

const last = (): FakeSocket => FakeSocket.made.at(-1) as FakeSocket;

test('a dead tracker is asked at 1, 2, 4, 8, 12, 12 s and no oftener', () => {
  const { tracker, log, end } = setup();
  tracker.open();
  for (const wait of [1000, 2000, 4000, 8000, 12000, 12000]) {
    const before = FakeSocket.made.length;
    last().close();
    mock.timers.tick(wait - 1);
    assert.equal(FakeSocket.made.length, before, `before ${wait}`);
    mock.timers.tick(1);
    assert.equal(FakeSocket.made.length, before + 1, `at ${wait}`);
  }
  assert.deepEqual(log, []);
  end();
});

test('a socket that does not open is given up', () => {
  const { tracker, end } = setup();
  tracker.open();
  mock.timers.tick(10000);
  assert.equal(last().readyState, 3);
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

test('a tracker that refuses is asked again when it says, or never', () => {
  const { tracker, end } = setup();
  tracker.open();
  last().open();
  tracker.refused(10);
  mock.timers.tick(14999);
  assert.equal(FakeSocket.made.length, 1);
  mock.timers.tick(1);
  assert.equal(FakeSocket.made.length, 2);
  last().open();
  tracker.refused(0);
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 2);
  end();
});

test('closed is closed, and a URL that is forbidden is not tried again', () => {
  const { tracker, end } = setup();
  tracker.open();
  last().open();
  tracker.close();
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 1);
  end();
  const second = setup('forbidden');
  second.tracker.open();
  mock.timers.tick(1e6);
  assert.equal(FakeSocket.made.length, 0);
  second.end();
});
