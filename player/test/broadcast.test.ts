import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import { Broadcast } from '../src/studio/broadcast.ts';
import { WhipError } from '../src/studio/whip.ts';

// A publication that the server is asked for, as far as a broadcast knows it.
class Asked {
  closed = 0;
  restarts = 0;
  restarted: () => Promise<void> = async () => {
    throw new WhipError('No such session.', false, 404);
  };
  answer: () => void = () => undefined;
  refuse: (error: Error) => void = () => undefined;
  readonly state: (now: RTCPeerConnectionState) => void;

  constructor(state: (now: RTCPeerConnectionState) => void) {
    this.state = state;
  }

  async replace(): Promise<void> {}
  async restart(): Promise<void> {
    this.restarts++;
    await this.restarted();
  }
  async sent(): Promise<never> {
    throw new Error('nobody asks');
  }
  async close(): Promise<void> {
    this.closed++;
  }
}

interface World {
  broadcast: Broadcast;
  asked: Asked[];
  said: string[];
  pass(millis?: number): Promise<void>;
  live(): Promise<Asked>; // the newest publication is answered, and connected
}

function setup(t: TestContext): World {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const asked: Asked[] = [];
  const said: string[] = [];
  const broadcast = new Broadcast({
    publish: (state) => new Promise((resolve, reject) => {
      const one = new Asked(state);
      one.answer = () => resolve(one);
      one.refuse = reject;
      asked.push(one);
    }),
    say: (what, wrongKey) => said.push(wrongKey ? `${what} (key)` : what),
    changed: () => undefined,
  });
  const pass = async (millis = 0): Promise<void> => {
    mock.timers.tick(millis);
    for (let turns = 0; turns < 10; turns++) await Promise.resolve();
  };
  const live = async (): Promise<Asked> => {
    const newest = asked.at(-1) as Asked;
    newest.answer();
    await pass();
    newest.state('connected');
    return newest;
  };
  return { broadcast, asked, said, pass, live };
}

test('who ends and begins anew while it waits to try again publishes once', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  const first = await live();
  first.state('failed');
  await pass();
  await pass(900);
  await broadcast.end();
  void broadcast.begin();
  const second = await live();
  await pass(60000);
  assert.deepEqual([asked.length, first.closed, second.closed, broadcast.linked], [2, 1, 0, true]);
});

test('who ends and begins anew while the server is asked has one publication, the newer', async (t) => {
  const { broadcast, asked, pass } = setup(t);
  void broadcast.begin();
  await broadcast.end();
  void broadcast.begin();
  const [first, second] = asked as [Asked, Asked];
  second.answer();
  await pass();
  first.answer();
  await pass();
  first.state('connected');
  assert.deepEqual([broadcast.publication === second, first.closed, second.closed, broadcast.linked], [true, 1, 0, false]);
  first.state('failed');
  await pass(60000);
  assert.equal(asked.length, 2, 'nobody heeds what becomes of the older');
});

test('a connection that is lost while the server is still asked is tried again, once', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  await pass();
  asked[0]?.state('failed');
  asked[0]?.answer();
  await pass(1000);
  const second = await live();
  assert.deepEqual([asked.length, asked[0]?.closed, broadcast.publication === second], [2, 1, true]);
});

test('what was lost is tried again, ever more seldom, and given up', async (t) => {
  const { broadcast, asked, said, pass, live } = setup(t);
  void broadcast.begin();
  (await live()).state('failed');
  await pass();
  assert.deepEqual([broadcast.wanted, broadcast.linked, said.at(-1)], [true, false, 'The connection was lost. Trying again…']);
  for (const [tries, wait] of [1000, 2000, 4000, 8000, ...Array.from({ length: 40 }, () => 15000)].entries()) {
    await pass(wait - 1);
    assert.equal(asked.length, tries + 1);
    await pass(1);
    assert.equal(asked.length, tries + 2);
    asked.at(-1)?.refuse(new WhipError('The server cannot be reached.'));
    await pass();
  }
  assert.deepEqual([broadcast.wanted, broadcast.since, said.at(-1)], [false, 0, 'The connection was lost and did not come back.']);
});

test('who lost the stream to somebody else is told so within a quarter of a minute, and tries no more', async (t) => {
  const taken = (): WhipError => new WhipError('Somebody else is publishing this stream.', false, 409);
  const { broadcast, asked, said, pass, live } = setup(t);
  void broadcast.begin();
  (await live()).state('failed');
  for (const [tries, wait] of [1000, 2000, 4000, 8000, 15000, 15000].entries()) {
    await pass();
    await pass(wait);
    assert.equal(asked.length, tries + 2);
    asked.at(-1)?.refuse(new WhipError('The server answered 503.', false, 503)); // it is away
  }
  await pass();
  await pass(15000);
  for (const wait of [1000, 2000, 4000, 8000]) {
    asked.at(-1)?.refuse(taken());
    await pass();
    assert.deepEqual([broadcast.wanted, said.at(-1)], [true, 'The connection was lost. Trying again…'], 'it may be what is left of the own session');
    const before = asked.length;
    await pass(wait);
    assert.equal(asked.length, before + 1);
  }
  asked.at(-1)?.refuse(taken());
  await pass();
  const tried = asked.length;
  await pass(600_000);
  assert.deepEqual([broadcast.wanted, said.at(-1), asked.length], [false, 'Somebody else is publishing this stream.', tried]);
});

test('refusals are counted in a row, until the server takes it', async (t) => {
  const taken = (): WhipError => new WhipError('Somebody else is publishing this stream.', false, 409);
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  for (let times = 0; times < 3; times++) {
    (await live()).state('failed');
    await pass(); // mended in vain: the server knows the session no more
    for (const wait of [1000, 1000, 2000]) {
      await pass(wait);
      if (wait !== 2000) asked.at(-1)?.refuse(taken());
      await pass();
    }
  }
  await live();
  assert.deepEqual([broadcast.wanted, broadcast.linked], [true, true]);
});

test('when the server is back, what was lost is tried at once; what is not lost is left alone', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  broadcast.found();
  void broadcast.begin();
  broadcast.found();
  const first = await live();
  broadcast.found();
  await pass();
  assert.equal(asked.length, 1);
  first.state('closed');
  for (const wait of [1000, 2000, 4000]) {
    await pass();
    await pass(wait);
    asked.at(-1)?.refuse(new WhipError('The server cannot be reached.'));
    await pass();
  }
  broadcast.found();
  broadcast.found();
  assert.equal(asked.length, 5);
  const since = broadcast.since;
  await live();
  await pass(60_000);
  assert.deepEqual([asked.length, broadcast.linked, broadcast.since], [5, true, since]);
  await broadcast.end();
  broadcast.found();
  assert.equal(asked.length, 5);
});

test('a wrong key ends the trying, and so does a first refusal', async (t) => {
  const { broadcast, asked, said, pass, live } = setup(t);
  void broadcast.begin();
  asked.at(-1)?.refuse(new WhipError('Somebody else is publishing this stream.'));
  await pass();
  assert.deepEqual([broadcast.wanted, said.at(-1)], [false, 'Somebody else is publishing this stream.']);
  void broadcast.begin();
  (await live()).state('failed');
  await pass();
  await pass(1000);
  asked.at(-1)?.refuse(new WhipError('Wrong key.', true));
  await pass(60000);
  assert.deepEqual([broadcast.wanted, said.at(-1), asked.length], [false, 'Wrong key. (key)', 3]);
});

test('what a publication that was given up says later counts no more', async (t) => {
  const { broadcast, asked, pass } = setup(t);
  void broadcast.begin();
  const only = asked[0] as Asked;
  only.refuse(new WhipError('no'));
  await pass();
  assert.equal(broadcast.wanted, false);
  only.state('failed');
  await pass(60_000);
  assert.equal(asked.length, 1);
});

test('a network that changed is mended in the same session, by ICE begun anew', async (t) => {
  const { broadcast, asked, said, pass, live } = setup(t);
  void broadcast.begin();
  const only = await live();
  only.restarted = async () => undefined;
  only.state('disconnected');
  await pass(999);
  assert.equal(only.restarts, 0, 'it may be back by itself');
  await pass(1);
  assert.deepEqual([only.restarts, said.at(-1)], [1, 'The connection was lost. Trying again…']);
  only.state('connected');
  await pass(60_000);
  assert.deepEqual([only.restarts, only.closed, asked.length, broadcast.linked, said.at(-1)], [1, 0, 1, true, '']);
});

test('a connection that comes back by itself is left alone', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  const only = await live();
  only.state('disconnected');
  await pass(500);
  only.state('connected');
  await pass(60_000);
  assert.deepEqual([only.restarts, only.closed, asked.length], [0, 0, 1]);
});

test('a network that is said to be another one is mended before the connection is lost', async (t) => {
  const { broadcast, said, pass, live } = setup(t);
  broadcast.moved();
  void broadcast.begin();
  const only = await live();
  only.restarted = async () => undefined;
  for (let moves = 1; moves <= 6; moves++) {
    broadcast.moved();
    await pass();
    await pass(10_000);
    assert.deepEqual([only.restarts, only.closed, broadcast.linked, said.at(-1)], [moves, 0, true, '']);
  }
});

test('while the server cannot be reached it is mended again, and then there is another session', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  const first = await live();
  first.restarted = async () => {
    throw new WhipError('The server cannot be reached.');
  };
  first.state('failed');
  await pass();
  for (let mends = 1; mends <= 4; mends++) {
    assert.deepEqual([first.restarts, first.closed], [mends, 0]);
    await pass(3000);
  }
  assert.deepEqual([first.restarts, first.closed], [4, 1]);
  await pass(1000);
  const second = await live();
  assert.deepEqual([asked.length, broadcast.publication === second], [2, true]);
});

test('what does not help is tried again, and a server that knows the session no more is not asked twice', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  const first = await live();
  first.restarted = async () => undefined;
  first.state('failed');
  await pass();
  await pass(3000);
  assert.equal(first.restarts, 2);
  first.restarted = async () => {
    throw new WhipError('No such session.', false, 404);
  };
  await pass(3000);
  await pass(1000);
  assert.deepEqual([first.restarts, first.closed, asked.length], [3, 1, 2]);
});

test('nobody mends what was ended', async (t) => {
  const { broadcast, asked, pass, live } = setup(t);
  void broadcast.begin();
  const only = await live();
  only.state('disconnected');
  await broadcast.end();
  await pass(60_000);
  assert.deepEqual([only.restarts, only.closed, asked.length], [0, 1, 1]);
});
