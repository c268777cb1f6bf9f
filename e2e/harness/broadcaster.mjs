// ffmpeg as the broadcaster, and as an independent reader.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { atEnd } from './ends.mjs';
import { folder } from './shoal.mjs';
import { Process, run } from './process.mjs';

/** The clip of the demo broadcast: 16 s of 640x360 with a counter that pages of the tests read. */
export const demoClip = fileURLToPath(new URL('../../cmd/shoal/demo/clip.mp4', import.meta.url));

/** Makes a file as a broadcaster would have it: H.264 and AAC, a keyframe every 2 s. */
export async function makeClip({ size = '1280x720', seconds = 40, rate = 30, bframes = 0, kbps = 1500 } = {}) {
  const path = join(folder('clip'), 'clip.mp4');
  const { code, output } = await run('make-clip', 'ffmpeg', [
    '-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${rate}:d=${seconds}`,
    '-f', 'lavfi', '-i', `sine=f=440:r=48000:d=${seconds}`, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p',
    '-b:v', `${kbps}k`, '-maxrate', `${(4 * kbps) / 3}k`, '-bufsize', `${(4 * kbps) / 3}k`, '-g', String(2 * rate), '-keyint_min', String(2 * rate),
    '-sc_threshold', '0', '-bf', String(bframes), '-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-shortest', path,
  ]);
  assert.equal(code, 0, `ffmpeg made no clip: ${output}`);
  return path;
}

/** Publishes a file in real time, over and over if so wished, and without its sound or its picture. */
export function push(t, url, file, { loop = false, sound = true, picture = true } = {}) {
  const broadcaster = new Process('ffmpeg', 'ffmpeg', [
    '-nostdin', '-hide_banner', '-v', 'warning', '-re', ...(loop ? ['-stream_loop', '-1'] : []), '-i', file,
    ...(sound ? [] : ['-an']), ...(picture ? [] : ['-vn']), '-c', 'copy', '-f', 'flv', url,
  ]);
  atEnd(t, () => broadcaster.end('SIGKILL'));
  return broadcaster;
}

/** Publishes pictures without sound at a pace, which is 1 in real time: so many seconds of them, or for ever, with keyframes so many seconds apart. */
export function pushPictures(t, url, { size = '320x180', bitrate = '200k', pace = 1, seconds = 0, keyframes = 2 } = {}) {
  const broadcaster = new Process('ffmpeg', 'ffmpeg', [
    '-nostdin', '-hide_banner', '-v', 'warning', '-readrate', String(pace), '-f', 'lavfi', '-i', `testsrc=s=${size}:r=30${seconds ? `:d=${seconds}` : ''}`,
    '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-b:v', bitrate, '-g', String(30 * keyframes), '-keyint_min', String(30 * keyframes), '-sc_threshold', '0',
    '-f', 'flv', url,
  ]);
  atEnd(t, () => broadcaster.end('SIGKILL'));
  return broadcaster;
}

/** Publishes a file in real time, over and over, to several addresses; one that is gone does not disturb the others. */
export function pushTo(t, urls, file) {
  const broadcaster = new Process('ffmpeg', 'ffmpeg', [
    '-nostdin', '-hide_banner', '-v', 'warning', '-re', '-stream_loop', '-1', '-i', file, '-c', 'copy', '-map', '0',
    '-tag:v', '7', '-tag:a', '10', '-flags', '+global_header', // FLV's numbers: tee hands on those of the file
    '-f', 'tee', urls.map((url) => `[f=flv:onfail=ignore:use_fifo=1]${url}`).join('|'),
  ]);
  atEnd(t, () => broadcaster.end('SIGKILL'));
  return broadcaster;
}

/** The codecs that ffprobe reads from a playlist. */
export async function codecs(url) {
  const { code, output } = await run('ffprobe', 'ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', url]);
  assert.equal(code, 0, `ffprobe: ${output}`);
  return JSON.parse(output).streams.map((stream) => stream.codec_name).sort();
}

/**
 * Reads so many seconds of a stream and returns what ffmpeg had to complain of: nothing, if all is well. One that is not steady has
 * pictures at any distance, as cameras make them.
 */
export async function complaints(url, seconds, { steady = true } = {}) {
  const { code, output } = await run('reader', 'ffmpeg', ['-nostdin', '-v', 'error', '-i', url, '-t', String(seconds),
    ...(steady ? [] : ['-fps_mode', 'passthrough', '-enc_time_base', '-1']), '-f', 'null', '-'], { seconds: 2 * seconds + 20 });
  return code === 0 ? output : `${output}\nffmpeg ended with ${code}`;
}
