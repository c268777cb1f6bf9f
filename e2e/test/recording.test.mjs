// What an origin records survives it, and a disk that is full: the file plays to its last part, and the live goes on.

import assert from 'node:assert/strict';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { describe } from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { atEnd } from '../harness/ends.mjs';
import { Playlist } from '../harness/playlist.mjs';
import { run } from '../harness/process.mjs';
import { folder, origin } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const part = 0.334; // seconds at most

/** The files of media in a data folder. */
async function recorded(data) {
  const all = await readdir(join(data, 'recordings'), { recursive: true });
  return all.filter((name) => name.endsWith('.mp4')).map((name) => join(data, 'recordings', name));
}

/** How many seconds a file lasts, as ffprobe reads it. */
async function lasts(file) {
  const { code, output } = await run('ffprobe', 'ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'default=nw=1:nk=1', file]);
  assert.equal(code, 0, output);
  assert.match(output, /^[\d.]+\n$/, 'ffprobe complained');
  return Number(output);
}

/** A file system of 50 MB for a test. */
async function disk50(t) {
  const disk = folder('disk');
  const { code, output } = await run('mount', 'mount', ['-t', 'tmpfs', '-o', 'size=50m', 'shoal-e2e', disk]);
  assert.equal(code, 0, `the disk that this test fills cannot be mounted: ${output}`);
  atEnd(t, async () => assert.equal((await run('umount', 'umount', [disk])).code, 0));
  return disk;
}

/** Fills a disk to the last byte, and returns the file that does. */
async function fill(disk) {
  const ballast = join(disk, 'ballast');
  const file = await open(ballast, 'w');
  try {
    for (let size = 1 << 20; size >= 4096; size /= 2) {
      try {
        for (;;) await file.write(Buffer.alloc(size));
      } catch (full) {
        assert.equal(full.code, 'ENOSPC');
      }
    }
  } finally {
    await file.close();
  }
  return ballast;
}

// Beside each other: each has an origin of its own, which does little but wait for segments.
describe('recordings', { concurrency: true }, () => {
  // Clause: recording
  test('the recording of an origin that was killed plays to its last part', { timeout: 60_000 }, async (t) => {
    const began = Date.now();
    const shoal = await origin(t, { stream: 'show', args: ['-record', '-disk-reserve', '1M'] });
    push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
    await shoal.live('show');
    const sum = (text, pattern) => [...text.matchAll(pattern)].reduce((all, [, seconds]) => all + Number(seconds), 0);
    let listed = 0; // seconds of media that viewers were told of
    await until('a few parts of the third segment', async () => {
      const text = await (await fetch(`${shoal.base}/live/show/v0/index.m3u8`)).text();
      assert.match(text, /#EXT-X-MEDIA-SEQUENCE:0\n/);
      const open = text.slice(text.lastIndexOf('#EXTINF'));
      listed = sum(text, /#EXTINF:([\d.]+)/g) + sum(open, /#EXT-X-PART:DURATION=([\d.]+)/g);
      return open.split('#EXT-X-PART:').length > 3 && text.split('#EXTINF').length > 2;
    }, { seconds: 15, every: 10 });
    await shoal.kill();

    const files = await recorded(shoal.data);
    assert.equal(files.length, 1);
    const seconds = await lasts(files[0]);
    t.diagnostic(`${listed.toFixed(2)} s were listed when it was killed, the file lasts ${seconds.toFixed(2)} s; ${Date.now() - began} ms in all`);
    assert.ok(seconds >= listed - part, `viewers were told of ${listed} s, the file lasts ${seconds} s`);
    assert.ok(seconds <= listed + 1, `the file lasts ${seconds} s, of ${listed} s`); // what came before the kill did
    const { code, output } = await run('decode', 'ffmpeg', ['-nostdin', '-v', 'error', '-i', files[0], '-f', 'null', '-']);
    assert.deepEqual([code, output.trim()], [0, '']);
  });

  // Clause: disk-full
  test('a disk that is full stops the recording and not the live, and it goes on when there is room', { timeout: 60_000 }, async (t) => {
    const began = Date.now();
    const disk = await disk50(t);
    const shoal = await origin(t, { stream: 'show', data: disk, args: ['-record', '-disk-reserve', '4M'] });
    const count = async (name, labels) => (await shoal.metrics()).sum(`shoal_origin_recording_${name}`, labels);
    push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
    await shoal.live('show');
    const playlist = new Playlist(`${shoal.base}/live/show/v0/index.m3u8`).follow();
    await until('a segment on disk', async () => (await count('segments_total')) >= 1, { seconds: 5, every: 50 });
    assert.equal(await count('stopped'), 0);

    const ballast = await fill(disk);
    await until('the alarm', async () => (await count('stopped')) > 0, { seconds: 5, every: 50 });
    const [before, written] = [playlist.all.at(-1).msn, await count('bytes_total')];
    await until('the live to go on', () => playlist.all.at(-1).msn >= before + 2, { seconds: 10, every: 50 });
    assert.equal(await count('bytes_total'), written, 'something was written to a full disk');
    assert.equal((await (await fetch(`${shoal.base}/api/v1/streams/show/recordings`)).json()).stopped, 'the disk is full');

    await rm(ballast);
    await until('the recording to go on', async () => (await count('stopped')) === 0 && (await count('bytes_total')) > written, { seconds: 5, every: 50 });
    const last = playlist.all.at(-1).msn;
    await until('what was missed to be on disk', async () => (await count('segments_total')) > last, { seconds: 10, every: 50 });
    await playlist.stop();
    assert.deepEqual([await count('stops_total', { reason: 'full' }), await count('lost_segments_total')], [1, 0]);
    assert.ok(playlist.all.every(({ discontinuity }) => discontinuity === 0) && playlist.failures.length === 0, 'the live was disturbed');
    const files = await recorded(disk);
    const seconds = await lasts(files[0]);
    t.diagnostic(`live from segment ${before} to ${last} while the disk was full; ${files.length} file of ${seconds.toFixed(1)} s; ${Date.now() - began} ms in all`);
    assert.ok(files.length === 1 && seconds > 2 * last, `${files.length} files, the first of ${seconds} s`);
  });

  // Clause: disk-full
  test('an origin that is told to end while its disk is full says that it is, and waits for no room', { timeout: 60_000 }, async (t) => {
    const disk = await disk50(t);
    const shoal = await origin(t, { stream: 'show', data: disk, args: ['-record', '-disk-reserve', '1'] }); // so the system says that it is full
    push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
    await shoal.live('show');
    const told = async () => (await (await fetch(`${shoal.base}/api/v1/streams/show`)).json()).recording;
    await until('the recording', async () => (await shoal.metrics()).sum('shoal_origin_recording_segments_total') >= 1, { seconds: 10, every: 50 });
    assert.deepEqual(await told(), { state: 'working', why: null });
    await fill(disk);
    await until('it to stop', async () => (await told()).state === 'stopped', { seconds: 10, every: 50 });
    assert.deepEqual(await told(), { state: 'stopped', why: 'the disk is full' });
    assert.equal((await (await fetch(`${shoal.base}/api/v1/streams/show/recordings`)).json()).stopped, 'the disk is full');
    const began = performance.now();
    await shoal.stop();
    const took = performance.now() - began;
    t.diagnostic(`it ended within ${Math.round(took)} ms`);
    assert.ok(took < 3000, `it took ${took} ms`);
  });
});
