import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Carried } from '../src/carried.ts';
import { type Connection, type ConnectionEvents, HEADER, Links } from '../src/links.ts';
import { turn } from '../src/turn.ts';

// A connection whose queue the test fills.
class Fake implements Connection {
  buffered = 0;
  sent = 0;
  closed = false;
  answered = false;
  constructor(readonly events: ConnectionEvents) {}
  signal(): void {}
  async carried(): Promise<Carried> {
    return { bytes: 1000 * this.sent, whole: 900 * this.sent };
  }
  send(): boolean {
    this.sent++;
    return this.buffered <= 1 << 20;
  }
  close(): void {
    this.closed = true;
  }
}

function world(): { links: Links; made: Fake[]; log: string[]; came: number[] } {
  const made: Fake[] = [];
  const log: string[] = [];
  const came: number[] = [];
  const open = (_initiator: boolean, events: ConnectionEvents): Fake => {
    if (made.length === 10) throw new Error('no more');
    made.push(new Fake(events));
    return made.at(-1) as Fake;
  };
  const links = new Links(open, {
    signal: (peer) => log.push(`signal ${peer}`),
    up: (peer) => log.push(`up ${peer}`),
    came: (bytes) => came.push(bytes),
    frame: ({ peer, bytes }, head) => log.push(`frame ${peer} ${head.length} of ${bytes.length}`),
    buffered: (peer, bytes) => log.push(`buffered ${peer} ${bytes}`),
    down: (peer) => log.push(`down ${peer}`),
  });
  return { links, made, log, came };
}

const HEAD = new Uint8Array(HEADER);

async function connect(links: Links, peers: number): Promise<void> {
  for (let peer = 1; peer <= peers; peer++) links.connect(peer, true);
  for (let peer = 0; peer <= peers; peer++) await turn();
}

test('connections are made one in a turn, or with the first signal; who is not wanted any more has none', async () => {
  const { links, made } = world();
  for (let peer = 1; peer <= 4; peer++) links.connect(peer, true);
  assert.equal(made.length, 0);
  await turn();
  assert.equal(made.length, 1);
  links.signal(3, Uint8Array.of(1));
  assert.equal(made.length, 2);
  links.disconnect(4);
  for (let i = 0; i < 4; i++) await turn();
  assert.equal(made.length, 3);
  links.connect(5, false);
  links.close();
  await turn();
  await turn();
  assert.equal(made.length, 3);
});

test('what waits over all links is bounded: media is dropped and counted, words go through', async () => {
  const { links, made } = world();
  await connect(links, 6);
  for (const connection of made) connection.buffered = 700_000; // 4.2 MB
  assert.equal(links.backlog, 4_200_000);
  made[0]!.buffered = 600_000;
  assert.equal(links.sendWith(1, HEAD, HEAD), true);
  made[0]!.buffered = 800_000;
  assert.equal(links.sendWith(1, HEAD, HEAD), false);
  links.send(1, HEAD);
  assert.deepEqual([made[0]!.sent, links.dropped], [2, 1]);
  made[0]!.buffered = 2 << 20; // over one link's bound, not over that of all
  for (const connection of made.slice(1)) connection.buffered = 0;
  assert.equal(links.sendWith(1, HEAD, HEAD), false);
  assert.equal(links.dropped, 2);
});

test('bulk frames are told by their heads, parked and handed in again; over-long words cost the link', async () => {
  const { links, made, log } = world();
  await connect(links, 1);
  made[0]!.events.message(Uint8Array.of(0x81, ...new Uint8Array(99)));
  links.park({ peer: 1, bytes: Uint8Array.of(1, 2), at: performance.now() });
  links.unpark();
  links.unpark();
  made[0]!.events.message(new Uint8Array(HEADER + (64 << 10) + 1));
  assert.deepEqual(log, ['frame 1 28 of 100', 'frame 1 2 of 2', 'down 1']);
  assert.equal(made[0]!.closed, true);
});

test('links that are up are counted; what cannot be opened is down', async () => {
  const { links, made, log } = world();
  await connect(links, 11);
  made[0]!.events.up();
  made[1]!.events.up();
  made[1]!.events.down(false);
  assert.equal(links.up, 1);
  links.disconnect(1);
  assert.deepEqual([links.up, log.join()], [0, 'down 11,up 1,up 2,down 2']);
});

test('how links end is counted by cause: unanswered, unconnected, broken; what an end closes is no loss', async () => {
  const { links, made } = world();
  await connect(links, 8);
  const [closed, broke, left, silent, failed, refused] = made as [Fake, Fake, Fake, Fake, Fake, Fake];
  for (const link of [closed, broke, left]) link.events.up();
  for (const link of [failed, refused]) link.answered = true;
  closed.events.down(false); // by the peer
  broke.events.down(true);
  links.disconnect(3); // by us
  links.disconnect(4, true); // too late
  links.disconnect(5, true);
  refused.events.down(true);
  links.disconnect(7); // its peer left
  assert.equal(silent.closed && left.closed, true);
  assert.deepEqual(links.outcomes, { linksOpened: 3, linksNoAnswer: 1, linksNoRoute: 2, linksLost: 1 });
});

test('media counts when it comes, once, and words never', async () => {
  const { links, made, came } = world();
  await connect(links, 1);
  const frame = (type: number, length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, i) => (i === 0 ? type : 0));
  made[0]?.events.message(frame(0x81, 1000));
  made[0]?.events.message(frame(0x01, 500));
  links.park({ peer: 1, bytes: frame(0x81, 1000), at: performance.now() });
  links.unpark();
  assert.deepEqual(came, [1000]);
});

test('what connections brought is told of those that are up', async () => {
  const { links, made } = world();
  for (const peer of [1, 2]) links.connect(peer, true);
  await turn();
  await turn();
  made[1]?.events.up();
  links.send(2, new Uint8Array(HEADER));
  assert.deepEqual([...(await links.carried())], [[2, { bytes: 1000, whole: 900 }]]);
});
