import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Loop, type Machine } from '../src/loop.ts';
import { Parking } from '../src/parking.ts';

class Fake implements Machine<string> {
  next = 1e12;
  ticks = 0;
  tick(): string[] {
    this.ticks++;
    return ['ticked'];
  }
}

test('what a call asks for is carried out before the next call, whoever makes it', () => {
  const log: string[] = [];
  const loop: Loop<Fake, string, number> = new Loop<Fake, string, number>(new Fake(), {
    act: (action, context) => {
      log.push(`${action} ${context}`);
      if (action === 'b') loop.call(() => (log.push('call 2'), ['d']), 2);
    },
    due: () => log.push('due'),
    settled: () => log.push('settled'),
    failed: () => log.push('failed'),
  });
  loop.call(() => (log.push('call 1'), ['a', 'b', 'c']), 1);
  loop.close();
  assert.deepEqual(log, ['call 1', 'a 1', 'b 1', 'c 1', 'call 2', 'd 2', 'settled']);
});

test('whoever closes it is asked for nothing more', () => {
  const log: string[] = [];
  const loop: Loop<Fake, string, null> = new Loop<Fake, string, null>(new Fake(), {
    act: (action) => {
      log.push(action);
      if (action === 'refused') loop.close();
    },
    due: () => undefined, settled: assert.fail, failed: assert.fail,
  });
  loop.call(() => ['send', 'refused', 'connect']);
  assert.deepEqual(log, ['send', 'refused']);
});

test('tick is called when it is due, and at least each second', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const fake = new Fake();
  const loop = new Loop<Fake, string, null>(fake, { act: () => undefined, due: () => undefined, settled: () => undefined, failed: assert.fail });
  loop.call(() => []);
  mock.timers.tick(990);
  assert.equal(fake.ticks, 0);
  fake.next = 0; // due at once: not sooner than after 5 ms
  mock.timers.tick(10);
  assert.equal(fake.ticks, 1);
  mock.timers.tick(5);
  assert.equal(fake.ticks, 2);
  loop.close();
  mock.timers.tick(5000);
  assert.equal(fake.ticks, 2);
  mock.timers.reset();
});

test('a machine that breaks is told of once, and not called again', () => {
  let failures = 0;
  let calls = 0;
  const loop = new Loop<Fake, string, null>(new Fake(), { act: () => undefined, due: () => undefined, settled: assert.fail, failed: () => failures++ });
  loop.call(() => {
    throw new Error('unreachable executed');
  });
  loop.call(() => (calls++, []));
  assert.deepEqual([failures, calls], [1, 0]);
});

test('what tick has to know first is told just before it, and a call that comes when it is due brings it on', () => {
  const log: string[] = [];
  const fake = new Fake();
  const loop: Loop<Fake, string, null> = new Loop<Fake, string, null>(fake, {
    act: (action) => log.push(action),
    due: () => loop.call(() => (log.push('due'), [])),
    settled: () => log.push('settled'),
    failed: assert.fail,
  });
  loop.call(() => (log.push('early'), []));
  fake.next = 0; // and no timer has called
  loop.call(() => (log.push('late'), []));
  loop.close();
  assert.deepEqual(log, ['early', 'settled', 'late', 'due', 'ticked', 'settled']);
});

interface Frame {
  peer: number;
  bytes: Uint8Array;
  at: number;
}

test('parked frames are bounded in bytes and time', () => {
  const parking = new Parking<Frame>();
  for (let i = 0; i < 100; i++) parking.park({ peer: i % 4, bytes: new Uint8Array(60_000), at: i * 100 });
  const left = parking.leave(10_000);
  assert.equal(left[0]?.at, 8100);
  assert.equal(left.length, 19);
  assert.deepEqual(parking.leave(10_000), []);
  for (let i = 0; i < 100; i++) parking.park({ peer: i % 4, bytes: new Uint8Array(60_000), at: 0 });
  assert.equal(parking.leave(0).length, 69); // 4 MiB
});

test('parked frames are bounded in number, of each peer and of all', () => {
  const parking = new Parking<Frame>();
  parking.park({ peer: 7, bytes: new Uint8Array(9), at: 0 });
  for (let i = 0; i < 100; i++) parking.park({ peer: 8, bytes: new Uint8Array(9), at: i });
  const left = parking.leave(0);
  assert.deepEqual(left.slice(0, 2).map(({ peer, at }) => [peer, at]), [[7, 0], [8, 36]], 'its own oldest go first');
  assert.equal(left.length, 65);
  for (let i = 0; i < 600; i++) parking.park({ peer: i % 10, bytes: new Uint8Array(9), at: i });
  assert.deepEqual([parking.leave(0).length, parking.leave(0).length], [256, 0]);
});

test('a frame that is parked again keeps the time it first came', () => {
  const parking = new Parking<Frame>();
  parking.park({ peer: 1, bytes: new Uint8Array(9), at: 0 });
  for (const now of [900, 1800]) for (const frame of parking.leave(now)) parking.park(frame);
  assert.deepEqual(parking.leave(2700), []);
});
