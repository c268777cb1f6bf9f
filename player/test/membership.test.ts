import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import { type Cell, type Door, Membership } from '../src/membership.ts';

const NONE: Cell = { links: 0, roster: 0, off: false };

function setup(t: TestContext): { membership: Membership; door: Door & { isUp: boolean; silent: boolean }; log: string[]; world: { now: number; buffered: number; behind: number; links: number; late: number; off: boolean; heardAt: number }; pass(seconds: number): void } {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setInterval'] });
  t.mock.method(console, 'warn', () => undefined);
  t.mock.method(console, 'info', () => undefined);
  const log: string[] = [];
  const world = { now: 1000, buffered: 1, behind: 2, links: 0, late: 0, off: false, heardAt: Infinity };
  t.mock.method(performance, 'now', () => world.now);
  const membership: Membership = new Membership({ now: () => world.now, hidden: () => false, buffered: () => world.buffered }, {
    steady: () => world.buffered > 0.5,
    plenty: () => world.buffered > 0.9,
    loadsBehind: () => world.behind,
    links: () => world.links,
    heardAt: () => world.heardAt,
    leave: () => {
      log.push('leave');
      world.links = 0;
      membership.settled(NONE);
    },
    off: async () => (log.push('asked'), world.off),
    over: () => {
      log.push('over');
      membership.end('refused');
    },
  }, () => 0.5);
  membership.hope();
  const door: Door & { isUp: boolean; silent: boolean } = {
    isUp: true,
    silent: false,
    open: () => log.push('open'),
    refused: (seconds, busy, why) => log.push(`refused ${seconds} ${busy} ${why}`),
    move: (seconds) => log.push(`move ${seconds}`),
    rest: () => log.push('rest'),
  };
  membership.enter(door);
  log.length = 0;
  // pass lets time go by, with timers as late as the machine has it.
  const pass = (seconds: number): void => {
    for (let beats = 0; beats < seconds * 10; beats++) {
      world.now += 100 + world.late;
      mock.timers.tick(100);
      if (beats % 10 === 9) membership.second();
    }
  };
  t.after(() => {
    membership.end('off');
    mock.timers.reset();
  });
  return { membership, door, log, world, pass };
}

test('it is time to join once: when playback is steady, or has had its time', (t) => {
  const { membership, world, pass } = setup(t);
  world.buffered = 0;
  assert.equal(membership.begin(), false);
  pass(3);
  assert.equal(membership.begin(), true);
  assert.equal(membership.begin(), false);
  membership.postpone();
  assert.equal(membership.begin(), false);
  pass(16);
  assert.equal(membership.begin(), true);
});

test('what keeps a viewer from joining is the machine, or else a tracker that says nothing', (t) => {
  const { membership, door, world, pass } = setup(t);
  assert.equal(membership.delay, null);
  door.silent = true;
  assert.equal(membership.delay, 'tracker');
  world.late = 40;
  pass(3);
  assert.equal(membership.delay, 'machine');
  world.late = 0;
  pass(3);
  assert.equal(membership.delay, 'tracker');
  membership.settled({ ...NONE, roster: 1 });
  assert.equal(membership.delay, null, 'it has joined');
});

test('a refusal for now is over with the first roster; being sent away is none', (t) => {
  const { membership, log } = setup(t);
  membership.refusal(6, 5, 'stops');
  membership.settled(NONE);
  assert.equal(membership.p2p, 'joining');
  membership.refusal(4, 30, 'full');
  membership.settled(NONE);
  assert.equal(membership.p2p, 'refused');
  membership.settled({ ...NONE, roster: 1 });
  assert.equal(membership.p2p, 'on');
  assert.deepEqual(log, ['move 5', 'refused 30 true full']);
});

test('where the operator turned the swarm off that is what is said, whatever refused before', (t) => {
  const { membership, door } = setup(t);
  membership.refusal(4, 30, 'full');
  door.isUp = false;
  membership.settled({ ...NONE, off: true });
  assert.equal(membership.p2p, 'refused', 'no tracker says that it is off');
  door.isUp = true;
  membership.settled({ ...NONE, off: true });
  assert.equal(membership.p2p, 'off');
  membership.settled({ ...NONE, roster: 1 });
  assert.equal(membership.p2p, 'on');
});

test('who is denied by one tracker is told why, until another has room; links do not mind', (t) => {
  const { membership } = setup(t);
  membership.denied('401: no token');
  membership.settled(NONE);
  assert.deepEqual([membership.p2p, membership.why], ['refused', '401: no token']);
  membership.settled({ ...NONE, roster: 1 });
  membership.denied('429: too many joins');
  assert.deepEqual([membership.p2p, membership.why], ['on', '']);
});

test('a refusal for good is felt when the last link has gone, though a roster is known', (t) => {
  const { membership, log, world } = setup(t);
  world.links = 1;
  membership.refused('expired');
  membership.settled({ links: 1, roster: 5, off: false });
  assert.deepEqual([membership.p2p, log], ['on', []]);
  membership.settled({ links: 0, roster: 5, off: false });
  assert.deepEqual([membership.p2p, log], ['refused', ['over']]);
});

test('links outlive a refusal for good by two minutes at most: nobody tells it of the operator', (t) => {
  const { membership, log, world, pass } = setup(t);
  world.links = 1;
  membership.settled({ links: 1, roster: 2, off: false });
  pass(300);
  membership.refused('expired');
  pass(80); // chance is a half
  membership.settled({ links: 1, roster: 2, off: false });
  assert.deepEqual([membership.p2p, log], ['on', []]);
  pass(20);
  assert.deepEqual([membership.p2p, log[0]], ['refused', 'over']);
});

test('who is refused for good and leaves because the machine is busy does not come back', (t) => {
  const { membership, log, world, pass } = setup(t);
  membership.settled({ links: 1, roster: 2, off: false });
  world.links = 1;
  membership.refused('expired');
  world.late = 60;
  world.buffered = 0.1;
  pass(4);
  assert.equal(membership.p2p, 'refused');
  assert.deepEqual(log.slice(0, 2), ['leave', 'over']);
  world.late = 0;
  pass(60);
  assert.ok(!log.includes('open'), log.join());
});

test('a player that loads what is far behind live leaves the swarm, and comes back when it is near', (t) => {
  const { membership, log, world, pass } = setup(t);
  world.links = 1;
  membership.settled({ links: 1, roster: 2, off: false });
  world.behind = 100;
  pass(4);
  world.behind = 25; // it has loaded that
  pass(10);
  assert.deepEqual([membership.p2p, log], ['on', []]);
  world.behind = 60;
  pass(5);
  assert.deepEqual([membership.p2p, membership.apart, log], ['away', true, ['leave', 'rest']]);
  membership.settled({ links: 0, roster: 5, off: false });
  world.behind = 20;
  pass(600);
  assert.equal(membership.p2p, 'away', 'it goes to and fro');
  world.behind = 2;
  pass(1);
  assert.deepEqual([membership.p2p, membership.rests, log], ['joining', 0, ['leave', 'rest', 'open']]);
  membership.settled({ links: 0, roster: 5, off: false });
  assert.equal(membership.p2p, 'on');
});

test('who goes far back while the swarm is being loaded does not join before it is near', (t) => {
  const { membership, door, log, world, pass } = setup(t);
  assert.equal(membership.begin(), true);
  world.behind = 100;
  membership.enter(door);
  membership.settled(NONE);
  pass(60);
  assert.deepEqual([membership.p2p, log], ['away', []]);
  world.behind = 2;
  pass(1);
  assert.deepEqual([membership.p2p, log], ['joining', ['open']]);
});

test('who begins far behind live does not join before it is near', (t) => {
  const { membership, world } = setup(t);
  world.behind = 3600;
  world.now += 60_000;
  assert.equal(membership.begin(), false);
  world.behind = 3;
  assert.equal(membership.begin(), true);
});

test('of a swarm that is off, or has refused, it is that which is said, however far behind live', (t) => {
  const { membership, log, world, pass } = setup(t);
  world.behind = 100;
  membership.settled({ ...NONE, off: true });
  pass(10);
  assert.deepEqual([membership.p2p, log], ['off', []]);
  membership.refusal(4, 30, 'full');
  membership.settled(NONE);
  pass(10);
  assert.deepEqual([membership.p2p, membership.why], ['refused', 'full']);
});

test('a link that is too narrow for the swarm leaves it, and joins again when there is enough in the buffer', (t) => {
  const { membership, log, world, pass } = setup(t);
  assert.equal(membership.narrow(true), false, 'there is nobody');
  membership.settled({ links: 3, roster: 4, off: false });
  world.links = 3;
  assert.equal(membership.narrow(true), true);
  assert.deepEqual([membership.p2p, membership.apart, log], ['narrow', true, ['leave', 'rest']]);
  assert.equal(membership.narrow(true), false, 'it has left');
  world.buffered = 0.5;
  pass(20);
  assert.deepEqual([membership.p2p, log], ['narrow', ['leave', 'rest']]);
  world.buffered = 1.2;
  pass(1);
  assert.equal(membership.p2p, 'narrow', 'it may be by chance');
  pass(1);
  assert.deepEqual([membership.p2p, log], ['joining', ['leave', 'rest', 'open']]);
});

test('where nothing smaller can be played it stays away for half a minute, and then for longer', (t) => {
  const { membership, log, world, pass } = setup(t);
  for (const seconds of [30, 60]) { // and up to half as long again
    membership.settled({ links: 3, roster: 4, off: false });
    world.links = 3;
    log.length = 0;
    membership.narrow(false);
    pass(seconds - 2);
    assert.deepEqual(log, ['leave', 'rest']);
    pass(seconds / 2 + 4);
    assert.deepEqual(log, ['leave', 'rest', 'open']);
  }
});

test('who has left for a link that is too narrow, and hears nothing at all of the edge, comes back: it is the edge that is away', (t) => {
  const { membership, log, world, pass } = setup(t);
  const joined = (): void => {
    world.links = 2;
    membership.settled({ links: 2, roster: 3, off: false });
  };
  joined();
  world.buffered = 0;
  world.heardAt = world.now - 500;
  assert.equal(membership.narrow(false), true);
  pass(2);
  assert.equal(membership.p2p, 'narrow');
  pass(2);
  assert.deepEqual([membership.p2p, membership.mute, log], ['joining', true, ['leave', 'rest', 'open']]);
  joined();
  assert.equal(membership.narrow(false), false, 'nothing is known of the link');
  world.heardAt = world.now;
  assert.deepEqual([membership.mute, membership.narrow(false)], [false, true]);
  world.heardAt = world.now + 1;
  pass(10);
  assert.equal(membership.p2p, 'narrow', 'it answers now');
});

test('a swarm that is turned off is said to be, and a stream without a key', (t) => {
  const { membership, door } = setup(t);
  const told = (): [string, string] => [membership.p2p, membership.why];
  membership.settled({ links: 0, roster: 0, off: true });
  assert.deepEqual(told(), ['off', 'turned off by the operator']);
  membership.settled({ links: 0, roster: 2, off: false });
  assert.deepEqual(told(), ['on', '']);
  door.isUp = false;
  membership.settled({ links: 0, roster: 0, off: true });
  assert.deepEqual(told(), ['joining', ''], 'nobody tells it any more');
  membership.postpone();
  assert.deepEqual(told(), ['joining', 'the server tells no key of this stream']);
  membership.enter(door);
  assert.deepEqual(told(), ['joining', '']);
});

test('who has no tracker and shares asks whether the swarm is off, and leaves it at once when it is', async (t) => {
  const { membership, door, log, world, pass } = setup(t);
  Object.assign(world, { links: 2, off: true });
  membership.settled({ ...NONE, links: 2, roster: 3 });
  pass(30);
  assert.deepEqual(log, [], 'a tracker is there, and would tell');
  door.isUp = false;
  pass(9);
  assert.deepEqual(log, []);
  pass(2);
  assert.deepEqual([log, membership.p2p], [['asked'], 'on']);
  await new Promise((turn) => setImmediate(turn));
  assert.deepEqual([log, membership.p2p, membership.why], [['asked', 'leave'], 'off', 'turned off by the operator']);
  pass(30);
  assert.equal(log.length, 2, 'nothing is shared, and nothing asked');
  door.isUp = true;
  membership.settled(NONE);
  assert.equal(membership.p2p, 'joining', 'a tracker is there again, and tells by itself');
});

test('who was refused for good has left for good then', async (t) => {
  const { membership, door, log, world, pass } = setup(t);
  Object.assign(world, { links: 1, off: true });
  membership.settled({ ...NONE, links: 1, roster: 2 });
  door.isUp = false;
  membership.refused('403: token expired');
  pass(11);
  await new Promise((turn) => setImmediate(turn));
  assert.deepEqual([log.slice(0, 3), membership.p2p], [['asked', 'leave', 'over'], 'refused']);
});
