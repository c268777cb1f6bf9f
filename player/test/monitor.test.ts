import assert from 'node:assert/strict';
import test from 'node:test';

import { refusal } from '../src/pages/received.ts';
import { WhipError } from '../src/studio/whip.ts';
import { Monitor, type Playback } from '../src/studio/monitor.ts';

function stand(): { monitor: Monitor; said: string[]; stills: boolean[]; pictures: (MediaStream | null)[]; closed: () => number; answer(made: Partial<Playback> | Error): void; state(now: RTCPeerConnectionState): void } {
  const said: string[] = [];
  const stills: boolean[] = [];
  const pictures: (MediaStream | null)[] = [];
  let closed = 0;
  let settle: { resolve(made: Playback): void; reject(error: Error): void } | undefined;
  let tell: (now: RTCPeerConnectionState) => void = () => undefined;
  const monitor = new Monitor({
    play: (state) => new Promise((resolve, reject) => {
      tell = state;
      settle = { resolve, reject };
    }),
    picture: (stream) => pictures.push(stream),
    say: (what) => said.push(what),
    still: (is) => stills.push(is),
  });
  return {
    monitor, said, stills, pictures, closed: () => closed,
    answer(made) {
      if (made instanceof Error) settle?.reject(made);
      else settle?.resolve({ stream: {} as MediaStream, silence: '', received: () => Promise.reject(new Error('not asked')), close: () => Promise.resolve(void closed++), ...made });
    },
    state: (now) => tell(now),
  };
}

test('the monitor says why there is no sound', async () => {
  const s = stand();
  const opening = s.monitor.open();
  s.answer({ silence: 'the broadcaster sends no sound' });
  await opening;
  assert.deepEqual([s.monitor.wanted, s.said.at(-1), s.pictures.length], [true, 'No sound: the broadcaster sends no sound.', 1]);
});

test('what is refused is said, and nothing is open then', async () => {
  const s = stand();
  const opening = s.monitor.open();
  s.answer(new Error('The stream is not live.'));
  await opening;
  assert.deepEqual([s.monitor.wanted, s.said.at(-1), s.pictures.at(-1)], [false, 'The stream is not live.', null]);
});

test('who looks away before the server has answered leaves nothing open', async () => {
  const s = stand();
  const opening = s.monitor.open();
  await s.monitor.close();
  s.answer({});
  await opening;
  assert.deepEqual([s.monitor.wanted, s.closed(), s.pictures.at(-1)], [false, 1, null]);
});

test('a lost connection is said', async () => {
  const s = stand();
  const opening = s.monitor.open();
  s.answer({});
  await opening;
  s.state('failed');
  assert.deepEqual([s.monitor.wanted, s.closed(), s.pictures.at(-1)], [false, 1, null]);
  assert.match(s.said.at(-1) ?? '', /lost/);
});

test('a picture that stands is said to, and goes on without a word', async () => {
  const s = stand();
  let bitsPerSecond = 0;
  const opening = s.monitor.open();
  s.answer({ silence: 'the broadcaster sends no sound', received: () => Promise.resolve({ bitsPerSecond, framesPerSecond: 0, width: 640, height: 360, delayMillis: null }) });
  await opening;
  for (const bits of [0, 0, 0, 0, 5e5, 0, 5e5, 0, 0]) { // slow to begin, and a second without a packet
    bitsPerSecond = bits;
    await s.monitor.received();
  }
  assert.deepEqual([s.monitor.still, s.stills, s.said.at(-1)], [false, [], 'No sound: the broadcaster sends no sound.']);
  bitsPerSecond = 0;
  await s.monitor.received();
  assert.deepEqual([s.monitor.still, s.stills], [true, [true]]);
  assert.match(s.said.at(-1)!, /over, or has paused/);
  bitsPerSecond = 5e5;
  await s.monitor.received();
  assert.deepEqual([s.monitor.still, s.stills, s.said.at(-1)], [false, [true, false], 'No sound: the broadcaster sends no sound.']);
  bitsPerSecond = 0;
  for (let i = 0; i < 3; i++) await s.monitor.received();
  await s.monitor.close();
  assert.deepEqual([s.monitor.still, s.stills, s.said.at(-1)], [false, [true, false, true, false], '']);
});

test('who is refused without a key is told that it is missing', () => {
  const text = (error: Error, key: string): string => (refusal(error, key, 'It is missing.') as Error).message;
  const refused = new WhipError('Send the stream’s publish key as Bearer token', true);
  assert.deepEqual([text(refused, ''), text(refused, 'KEY'), text(new WhipError('The stream is not live.'), '')], ['It is missing.', refused.message, 'The stream is not live.']);
});
