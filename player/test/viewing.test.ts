import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Viewing } from '../src/stats.ts';

// A video element, as far as it is watched.
class Video extends EventTarget {
  paused = false;
  seeking = false;
  ended = false;
  readyState = 4;
  currentTime = 0;
  playbackRate = 1;
  buffered = { length: 1, start: () => 0, end: () => 3 };

  tell(...names: string[]): void {
    for (const name of names) this.dispatchEvent(new Event(name));
  }
}

function playing(): { video: Video; viewing: Viewing } {
  const video = new Video();
  const viewing = new Viewing(video as unknown as HTMLVideoElement, performance.now());
  video.tell('play', 'playing', 'timeupdate');
  video.currentTime = 1;
  video.tell('timeupdate');
  return { video, viewing };
}

test('a stall lasts from waiting to playing, whatever seeks there are between', (t) => {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const { video, viewing } = playing();
  video.tell('waiting');
  now += 400;
  assert.equal(viewing.stalls, 1, 'one that is on counts');
  video.tell('seeking', 'waiting');
  now += 600;
  video.tell('playing');
  now += 5000;
  assert.deepEqual([viewing.stalls, viewing.stalledSeconds], [1, 1]);
});

test('media that is taken away from under the viewer is a stall, until something plays', (t) => {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const { video, viewing } = playing();
  video.paused = true; // without an event, as the element does it
  video.tell('emptied', 'loadstart', 'seeking');
  now += 3000;
  assert.deepEqual([viewing.stalls, viewing.stalledSeconds], [1, 3]);
  video.paused = false;
  video.tell('play', 'waiting', 'playing');
  now += 3000;
  assert.deepEqual([viewing.stalls, viewing.stalledSeconds], [1, 3]);
});

test('a viewer who has paused, and a stream that has ended, stand still as they should', (t) => {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const { video, viewing } = playing();
  video.paused = true;
  video.tell('pause', 'emptied', 'loadstart');
  now += 3000;
  assert.equal(viewing.stalls, 0);
  video.paused = false;
  video.tell('play', 'playing');
  video.ended = true;
  video.tell('pause', 'ended', 'waiting');
  now += 3000;
  assert.equal(viewing.stalls, 0);
});

test('the wait for a broadcaster who turns out to be away is taken back, and no other is counted until something plays again', (t) => {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const { video, viewing } = playing();
  const stand = (...names: string[]): void => {
    video.tell('waiting');
    now += 1000;
    video.tell(...names);
  };
  stand('playing');
  assert.deepEqual([viewing.stalls, viewing.stalledSeconds], [1, 1], 'its own');
  video.currentTime = 9;
  stand('playing'); // by a nudge, with nothing to play
  video.currentTime = 9.1;
  stand();
  assert.deepEqual([viewing.stalls, viewing.stalledSeconds], [3, 3]);
  for (let polls = 0; polls < 3; polls++) {
    viewing.expect(false);
    stand('playing', 'timeupdate', 'emptied');
    video.currentTime += 0.05;
    assert.deepEqual([viewing.stalls, viewing.stalledSeconds], [1, 1]);
  }
  viewing.expect(true);
  stand('emptied');
  assert.equal(viewing.stalls, 1, 'nothing has played since');
  video.currentTime = 20;
  video.tell('playing', 'timeupdate');
  video.currentTime = 21;
  video.tell('timeupdate');
  stand('playing');
  assert.deepEqual([viewing.stalls, viewing.stalledSeconds], [2, 2]);
});

test('who is told of stalls hears of none that turns out to be an end, and of all others once media came after them', (t) => {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const { video, viewing } = playing();
  const told = (): [number, number] => [viewing.sure.stalls, viewing.sure.stalledSeconds];
  const stand = (millis: number): void => {
    video.tell('waiting');
    now += millis;
  };
  stand(400);
  assert.deepEqual([viewing.stalls, ...told()], [1, 0, 0], 'it may be an end');
  video.tell('playing');
  video.currentTime += 0.5;
  assert.deepEqual([viewing.stalls, ...told()], [1, 0, 0], 'what was left, perhaps');
  video.currentTime += 1;
  assert.deepEqual([viewing.stalls, ...told()], [1, 1, 0.4], 'media came');
  stand(300);
  video.tell('playing'); // by a nudge, with nothing to play
  stand(3000);
  assert.deepEqual([viewing.stalls, ...told()], [3, 1, 0.4]);
  viewing.expect(false);
  assert.deepEqual([viewing.stalls, ...told()], [1, 1, 0.4], 'it was one');
  viewing.expect(true);
  video.tell('playing', 'timeupdate');
  video.currentTime += 5;
  video.tell('timeupdate');
  stand(19_000);
  assert.deepEqual([viewing.stalls, ...told()], [2, 1, 0.4]);
  now += 2000;
  assert.deepEqual([viewing.stalls, ...told()], [2, 2, 21.4], 'nobody says that it is an end');
});

test('what comes later is needed no later than at the usual pace, however slowly the element plays for now', () => {
  const { video, viewing } = playing();
  const due = [1, 1.25, 0.95].map((rate) => {
    video.playbackRate = rate;
    return viewing.secondsUntil(3.5);
  });
  assert.deepEqual(due, [2.5, 2, 2.5]);
});

test('what was stood while the server was away stays counted, though the broadcaster has gone meanwhile', (t) => {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const { video, viewing } = playing();
  const told = (): number[] => [viewing.stalls, viewing.stalledSeconds, viewing.sure.stalls, viewing.sure.stalledSeconds];
  viewing.lose(); // while it plays: it may not come to a stall
  video.tell('waiting');
  now += 2000;
  assert.deepEqual(told(), [1, 2, 0, 0], 'it may be an end');
  viewing.lose();
  now += 3000;
  assert.deepEqual(told(), [1, 5, 1, 5]);
  viewing.expect(false);
  now += 30_000; // the broadcaster is waited for
  assert.deepEqual(told(), [1, 5, 1, 5], 'and no longer than until that was known');
  viewing.expect(false);
  viewing.expect(true);
  video.tell('playing', 'timeupdate');
  video.currentTime += 5;
  video.tell('timeupdate', 'waiting');
  now += 1000;
  viewing.expect(false);
  assert.deepEqual(told(), [1, 5, 1, 5], 'an end without an outage is none still');
});
