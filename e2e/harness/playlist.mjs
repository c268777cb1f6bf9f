// A strict reader of media playlists: it remembers what each said, and fails where the next takes something back.

import assert from 'node:assert/strict';

/** Reads a media playlist into {target, first, segments: [{msn, uri, gap, discontinuity, map, date, seconds}]}, or fails. */
export function parse(text) {
  const lines = text.trimEnd().split('\n');
  assert.equal(lines[0], '#EXTM3U');
  const tag = (name) => {
    const found = lines.filter((line) => line.startsWith(`#${name}:`));
    assert.ok(found.length <= 1, `${name} stands ${found.length} times`);
    return found[0]?.slice(name.length + 2);
  };
  const list = { target: Number(tag('EXT-X-TARGETDURATION')), first: Number(tag('EXT-X-MEDIA-SEQUENCE')), segments: [] };
  assert.ok(list.target >= 1 && Number.isInteger(list.target) && Number.isInteger(list.first), `no target duration, or no media sequence number:\n${text}`);
  let discontinuity = Number(tag('EXT-X-DISCONTINUITY-SEQUENCE') ?? 0);
  let split = true; // a date has to come
  let map, date, seconds, gap;
  for (const line of lines.slice(1)) {
    if (line === '#EXT-X-DISCONTINUITY') {
      discontinuity++;
      split = true;
    } else if (line === '#EXT-X-GAP') {
      gap = true;
    } else if (line.startsWith('#EXT-X-MAP:')) {
      [, map] = /URI="([^"]+)"/.exec(line);
    } else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) {
      assert.match(line, /T\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:?\d\d)$/, 'no milliseconds, or no zone');
      date = Date.parse(line.slice(line.indexOf(':') + 1));
    } else if (line.startsWith('#EXTINF:')) {
      seconds = parseFloat(line.slice(8));
      assert.ok(Math.round(seconds) <= list.target, `a segment of ${seconds} s; the target duration is ${list.target} s`);
    } else if (line !== '' && !line.startsWith('#')) {
      const msn = list.first + list.segments.length;
      assert.ok(map && seconds > 0, `segment ${msn} has no map, or no duration`);
      assert.ok(!split || date !== undefined, `no date after the discontinuity before segment ${msn}`);
      const before = list.segments.at(-1);
      if (before && !split && date !== undefined && before.date !== undefined) {
        assert.ok(Math.abs(date - before.date - 1000 * before.seconds) < 100, `segment ${msn} is of ${date - before.date} ms after the one before, which has ${before.seconds} s`);
      }
      list.segments.push({ msn, uri: line, gap, discontinuity, map, date, seconds });
      split = false;
      [date, seconds, gap] = [];
    }
  }
  return list;
}

/** What a playlist said over time. */
export class Playlist {
  #url;
  #known = new Map(); // segments by MSN
  #stopped = false;
  #run;
  #reloads = 0;
  #fault = null; // what it took back
  failures = []; // {at, what}: times when it was not to be had
  newest = null; // as parsed last

  constructor(url) {
    this.#url = url;
  }

  /** Reads it once. */
  async read() {
    const answer = await fetch(this.#url, { signal: AbortSignal.timeout(20_000) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    this.take(text);
    return this.newest;
  }

  /** Takes what it says now, and holds it against what it said before. */
  take(text) {
    const list = parse(text);
    const before = this.newest;
    if (before) {
      assert.equal(list.target, before.target, 'TARGETDURATION changed');
      assert.ok(list.first >= before.first, `MEDIA-SEQUENCE went from ${before.first} back to ${list.first}`);
      const [last, now] = [before, list].map((l) => l.first + l.segments.length - 1);
      assert.ok(now >= last, `the last segment was ${last}, and is ${now}`);
    }
    for (const segment of list.segments) {
      const known = this.#known.get(segment.msn);
      if (known) {
        for (const what of segment.gap ? ['uri', 'discontinuity'] : ['uri', 'discontinuity', 'map']) assert.equal(segment[what], known[what], `the ${what} of segment ${segment.msn} changed`);
      } else {
        this.#known.set(segment.msn, segment);
      }
    }
    const all = this.all;
    for (const [i, segment] of all.entries()) {
      const last = all[i - 1];
      if (!last) continue;
      assert.ok(segment.discontinuity >= last.discontinuity, `segment ${segment.msn} has discontinuity ${segment.discontinuity}, the one before ${last.discontinuity}`);
      const [epoch, old] = [segment, last].map((s) => s.uri.split('/')[0]);
      assert.ok(Number(epoch) >= Number(old), `segment ${segment.msn} is of epoch ${epoch}, the one before of ${old}`);
      assert.ok(segment.map === last.map || segment.gap || segment.discontinuity > last.discontinuity, `another map at segment ${segment.msn}, and no discontinuity`);
    }
    this.newest = list;
    this.#reloads++;
  }

  /** How often it was read; fails if it ever took something back. */
  get reloads() {
    if (this.#fault) throw this.#fault;
    return this.#reloads;
  }

  /** All segments that were ever listed, by MSN. */
  get all() {
    return [...this.#known.values()].sort((a, b) => a.msn - b.msn);
  }

  /** Reads it over and over until stop is called, which fails if it ever took something back. */
  follow(every = 100) {
    this.#run = (async () => {
      while (!this.#stopped) {
        try {
          await this.read();
        } catch (failure) {
          if (failure instanceof assert.AssertionError) {
            this.#fault = failure;
            return;
          }
          this.failures.push({ at: Date.now(), what: String(failure.cause ?? failure) });
        }
        await new Promise((resolve) => setTimeout(resolve, every));
      }
    })();
    return this;
  }

  /** Ends follow, and fails if it ever took something back. */
  async stop() {
    this.#stopped = true;
    await this.#run;
    if (this.#fault) throw this.#fault;
  }
}
