// Follows a media playlist by blocking reloads. Each is parsed by two parsers that know nothing of each other and of us, hls-parser
// in its strict mode and origin/hls/strict, and checked against the one before it. Each part that is listed is fetched, and must
// begin in each track where the one before it ended.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import HLS from 'hls-parser';

import { Seam } from './media.mjs';

HLS.setOptions({ strictMode: true, silent: true });

/** Follower has what was seen at `reloads`, `parts`, `discontinuities`, `refusals` (answers that were no playlist) and `errors`: {at, what}. */
export class Follower {
  reloads = 0;
  parts = 0;
  discontinuities = 0;
  refusals = 0;
  errors = [];
  #url;
  #stop = new AbortController();
  #strict;
  #known = new Map(); // of listed segments: by MSN, what was said of them
  #target;
  #partTarget;
  #base = 0;
  #seam = new Seam();
  #newest = -1; // part that was fetched: 1000 x MSN + its number

  constructor(url, program) {
    this.#url = url;
    this.#strict = new Strict(program);
  }

  async run() {
    let query = '';
    while (!this.#stop.signal.aborted) {
      try {
        const limit = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(15_000)]);
        const answer = await fetch(this.#url + query, { signal: limit });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        this.reloads++;
        const list = this.#take(text, await this.#strict.read(text));
        if (list) await this.#fetch(list);
        const hint = /^#EXT-X-PRELOAD-HINT:.*URI="[^"]*s(\d+)\.(\d+)\.m4s"/m.exec(text);
        query = hint ? `?_HLS_msn=${hint[1]}&_HLS_part=${hint[2]}` : '';
        if (!hint) await this.#rest();
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        this.refusals++;
        query = '';
        await this.#rest();
      }
    }
    this.#strict.end();
  }

  #rest() {
    return new Promise((resolve) => setTimeout(resolve, 300));
  }

  end() {
    this.#stop.abort();
  }

  #wrong(what) {
    this.errors.push({ at: Date.now(), what });
  }

  /** Checks one. */
  #take(text, complaint) {
    if (complaint) this.#wrong(`strict: ${complaint}`);
    let list;
    try {
      list = HLS.parse(text);
    } catch (error) {
      this.#wrong(`hls-parser: ${error.message}`);
      return null;
    }
    const complete = list.segments.filter((s) => s.uri);
    this.#target ??= list.targetDuration;
    this.#partTarget ??= list.partTargetDuration;
    if (list.targetDuration !== this.#target || list.partTargetDuration !== this.#partTarget) this.#wrong('the target durations changed');
    if (list.mediaSequenceBase < this.#base) this.#wrong(`the media sequence was ${this.#base} and is ${list.mediaSequenceBase}`);
    this.#base = Math.max(this.#base, list.mediaSequenceBase);
    let before;
    for (const segment of complete) {
      const msn = segment.mediaSequenceNumber;
      if (before && msn !== before.mediaSequenceNumber + 1) this.#wrong(`segment ${msn} follows ${before.mediaSequenceNumber}`);
      if (Math.round(segment.duration) > this.#target) this.#wrong(`segment ${msn} lasts ${segment.duration} s`);
      if (segment.parts?.some((p) => p.duration > this.#partTarget + 1e-6)) this.#wrong(`segment ${msn} has a part that is too long`);
      if (segment.discontinuity && !segment.programDateTime) this.#wrong(`segment ${msn} is a discontinuity without a date`);
      if (before?.programDateTime && segment.programDateTime) {
        const off = segment.programDateTime - before.programDateTime - before.duration * 1000;
        if (segment.discontinuity ? off < -1000 : Math.abs(off) > 100) this.#wrong(`segment ${msn} is dated ${off.toFixed(0)} ms off`);
      }
      const said = `${segment.uri} ${segment.duration} ${segment.discontinuitySequence} ${+segment.programDateTime}`;
      const known = this.#known.get(msn);
      if (known === undefined && segment.discontinuity) this.discontinuities++;
      if (known !== undefined && known !== said) this.#wrong(`segment ${msn} was ${known} and is ${said}`);
      this.#known.set(msn, said);
      before = segment;
    }
    for (const msn of this.#known.keys()) if (msn < list.mediaSequenceBase) this.#known.delete(msn);
    return list;
  }

  /** Fetches the parts that are new in a playlist. */
  async #fetch(list) {
    const listed = list.segments.flatMap((segment) => segment.parts.filter((p) => !p.hint && !p.gap).map((part, i) => {
      const [, msn, n] = /s(\d+)\.(\d+)\.m4s/.exec(part.uri);
      return { uri: part.uri, order: msn * 1000 + Number(n), split: segment.discontinuity && i === 0 };
    }));
    if (!listed.some((p) => p.order === this.#newest)) this.#seam.cut(); // some were missed
    for (const { uri, order, split } of listed) {
      if (order <= this.#newest) continue;
      if (split) this.#seam.cut();
      this.#newest = order;
      const answer = await fetch(new URL(uri, this.#url), { signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(5000)]) });
      if (!answer.ok) {
        this.#seam.cut();
        throw new Error(`status ${answer.status} of ${uri}`);
      }
      this.parts++;
      for (const what of this.#seam.take(await answer.arrayBuffer())) this.#wrong(`${uri}: ${what}`);
    }
  }
}

/** Strict is a process that reads playlists with origin/hls/strict, one after the other. */
class Strict {
  #child;
  #answers;

  constructor(program) {
    this.#child = spawn(program, ['strict'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Returns what is wrong with a playlist, or ''. */
  async read(text) {
    this.#child.stdin.write(`${JSON.stringify(text)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the strict reader ended');
    return JSON.parse(value);
  }

  end() {
    this.#child.stdin.end();
  }
}
