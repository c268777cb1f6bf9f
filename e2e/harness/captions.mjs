// A broadcast with captions as encoders send them: CEA-608 in SEI messages (ITU-T T.35, ATSC A/53), written here into the demo's clip, whose
// pictures are numbered.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { demoClip } from './broadcaster.mjs';
import { run } from './process.mjs';
import { folder } from './shoal.mjs';

export const PERIOD = 60; // pictures for which a caption stands

/** The caption that stands while pictures from `number` on are shown. */
export const captionAt = (number) => `Picture ${Math.floor(number / PERIOD) * PERIOD} & on`;

/** A byte of CEA-608 with its odd parity. */
const odd = (byte) => byte | ([...byte.toString(2)].filter((bit) => bit === '1').length % 2 ? 0 : 0x80);

const control = (a, b) => [[a, b], [a, b]]; // is sent twice
const text = (words) => [...(words.length % 2 ? `${words} ` : words)].reduce((pairs, c, i) => (i % 2 ? pairs.at(-1).push(c.charCodeAt(0)) : pairs.push([c.charCodeAt(0)]), pairs), []);

/** The pairs of field 1, by picture: a caption is loaded in the pictures before the one with which it appears. */
function pairs(count) {
  const all = Array.from({ length: count }, () => [0, 0]);
  for (let start = 0; start < count; start += PERIOD) {
    const load = [...control(0x14, 0x20), ...control(0x14, 0x2e), ...control(0x14, 0x70), ...text(captionAt(start)), ...control(0x14, 0x2f)]; // RCL, ENM, row 15, EOC
    load.forEach((pair, i) => (all[(start - load.length + 1 + i + count) % count] = pair)); // those of the first picture stand at the end: it is played in a loop
  }
  return all;
}

/** An SEI message with one pair, as a NAL unit. */
function sei([a, b]) {
  const payload = [0xb5, 0x00, 0x31, 0x47, 0x41, 0x39, 0x34, 0x03, 0xc1, 0xff, 0xfc, odd(a), odd(b), 0xff];
  const body = [0x06, 0x04, payload.length, ...payload, 0x80];
  const escaped = [];
  for (const byte of body) {
    if (escaped.length > 1 && escaped.at(-1) === 0 && escaped.at(-2) === 0 && byte <= 3) escaped.push(3);
    escaped.push(byte);
  }
  return Buffer.from([0, 0, 0, 1, ...escaped]);
}

/** Writes the captions before each picture of an Annex B stream of one slice each. */
function written(stream) {
  const starts = [];
  for (let at = stream.indexOf(Buffer.from([0, 0, 1])); at >= 0; at = stream.indexOf(Buffer.from([0, 0, 1]), at + 3)) starts.push(at > 0 && stream[at - 1] === 0 ? at - 1 : at);
  const units = starts.map((at, i) => stream.subarray(at, starts[i + 1]));
  const type = (unit) => unit[unit.indexOf(1) + 1] & 0x1f;
  const count = units.filter((unit) => [1, 5].includes(type(unit))).length;
  const all = pairs(count);
  let picture = 0;
  return Buffer.concat(units.flatMap((unit) => ([1, 5].includes(type(unit)) ? [sei(all[picture++]), unit] : [unit])));
}

/** Makes the demo's clip with captions, and so many B-frames between others: those come in another order than they are shown in. */
export async function makeCaptioned({ bframes = 0 } = {}) {
  const at = folder('captions');
  const [plain, captioned, clip] = ['plain.h264', 'captioned.h264', 'clip.mp4'].map((name) => join(at, name));
  const encode = ['-c:v', 'libx264', '-preset', 'veryfast', '-threads', '1', '-g', '60', '-keyint_min', '60', '-sc_threshold', '0', '-pix_fmt', 'yuv420p', '-b:v', '900k'];
  const make = async (...args) => {
    const { code, output } = await run('captions', 'ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args], { seconds: 60 });
    assert.equal(code, 0, `ffmpeg: ${output}`);
  };
  await make('-i', demoClip, '-an', '-vf', 'fps=30', ...encode, '-bf', '0', plain);
  writeFileSync(captioned, written(readFileSync(plain)));
  await make('-r', '30', '-i', captioned, '-i', demoClip, '-map', '0:v', '-map', '1:a', ...encode, '-a53cc', '1', '-bf', String(bframes), '-c:a', 'copy', clip);
  return clip;
}
