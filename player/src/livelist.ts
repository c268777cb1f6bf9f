// A playlist that is carried on without the edge: the last one that came from there, and the records of the parts that
// follow. It is written as the origin would write it, but for one thing: where records do not say which part is the last
// of its segment, a segment is complete here only once the first part of the next is known.
//
// What a record does not tell is not made up. Where anything else may have changed (a discontinuity, another epoch, a
// part that is missing, a tag that is not known here) the list does not go on, and the edge has to be asked.

import { attribute, type Place } from './listing.ts';
import { Naming } from './naming.ts';
import { emptySegment, inherit, type Known, type Reading, readPlaylist, RECORD, type Segment, tagNumber, withoutParts } from './reading.ts';
import { type ChunkRecord, PART, parseRecord, writeRecord } from './record.ts';

const MOST_SEGMENTS = 64; // more than the origin listed, while it was not seen to let one go
const SKIP_VERSION = 9; // of a playlist that leaves segments out
const LEAST_WITH_PARTS = 2; // complete segments
const MOST_AHEAD = 2; // segments that a record may be ahead
const MOST_KEPT = 48; // records: those ahead, and the newest that were listed
const SHORT = 0.85; // of the part target: only the last part of a segment may be shorter
const SAME_SECONDS = 0.0015;

export class LiveList {
  // what the playlist said
  readonly #head: string[];
  readonly #tail: string[];
  readonly #naming: Naming;
  readonly #newest: ChunkRecord; // its last part's
  readonly #partTarget: number;
  readonly #withParts: number; // complete segments that have their parts listed
  readonly #plain: string;
  readonly #plainFirst: number; // MSN of its first segment
  readonly #plainCount: number; // complete segments

  #segments: Segment[]; // complete
  #open: Segment;
  #first: number; // MSN of the first
  #discontinuities: number; // before it
  #tells = false; // its records say which part is the last of its segment
  #slides = false; // the origin lets a segment go for each that it adds
  #behind = false; // a delta left out what is not known
  #last: ChunkRecord; // of the newest part that is listed
  #kept = new Map<string, ChunkRecord>(); // by chunk ID: those that do not follow yet, and the newest that did

  private constructor(text: string, read: Reading, naming: Naming, newest: ChunkRecord) {
    this.#plain = !isDelta(text) ? text : [...read.head, ...read.segments.flatMap(({ lines }) => lines), ...read.open.lines, ...read.tail, ''].join('\n');
    this.#head = read.head;
    this.#tail = read.tail;
    this.#naming = naming;
    this.#newest = this.#last = newest;
    this.#partTarget = Number(attribute(headLine(read, '#EXT-X-PART-INF'), 'PART-TARGET'));
    this.#withParts = Math.max(LEAST_WITH_PARTS, read.segments.filter(({ parts }) => parts > 0).length);
    this.#segments = read.segments;
    this.#open = read.open;
    this.#first = this.#plainFirst = read.first;
    this.#plainCount = read.segments.length;
    this.#tells = parseRecord(read.closing)?.last ?? false;
    this.#discontinuities = tagNumber(headLine(read, '#EXT-X-DISCONTINUITY-SEQUENCE'));
  }

  // read returns the list that begins with a playlist; null if it cannot be carried on, nor what was known before. That is not
  // lost: an older playlist, that another cache had, is not gone back to, and a delta that does not fit says nothing but that none will do.
  static read(text: string, known: LiveList | null = null): LiveList | null {
    const read = readPlaylist(text, known && known.#listed);
    if (!read && isDelta(text)) {
      if (known) known.#behind = true;
      return known;
    }
    const naming = read && Naming.read([...read.parts, read.hint], read.named);
    const newest = read && parseRecord(read.record);
    const last = read?.parts.at(-1)?.place;
    if (!naming || !newest || newest.kind !== PART || newest.msn !== last?.msn || newest.part !== last.part) return null;
    const list = new LiveList(text, read, naming, newest);
    if (!known || known.#newest.epoch !== newest.epoch || known.#newest.rendition !== newest.rendition) return list;
    list.#tells ||= known.#tells;
    list.#slides = list.#slidesAfter(known);
    for (const record of known.#kept.values()) list.add(record);
    return before(list.next, known.next) ? known : list;
  }

  // slidesAfter tells whether the origin lets go of a segment for each that it adds: it did since, or it did before and has not added any
  // since. One that began anew, with a shorter list, does not, before that is full: hls.js takes a list that goes back to an earlier
  // segment to stand later on the timeline.
  #slidesAfter(known: LiveList): boolean {
    if (this.#plainCount < known.#plainCount) return false;
    if (this.#plainFirst > known.#plainFirst) return true;
    return known.#slides && this.#plainCount === known.#plainCount;
  }

  get #listed(): Known {
    return { first: this.#first, segments: this.#segments };
  }

  // next is the place of the part that is not known yet.
  get next(): Place {
    return { msn: this.#first + this.#segments.length, part: this.#open.parts };
  }

  // wanted is what a reload asks for: that part or, where something is missing, the newest that is known. The answer may end with the part that
  // was asked for, since caches keep answers, so for the first that is missing it might have that one alone.
  get wanted(): Place {
    let { next: wanted } = this;
    for (const { msn, part } of this.#kept.values()) if (before(wanted, { msn, part })) wanted = { msn, part };
    return wanted;
  }

  // hinted is the URI of the part that is not known yet.
  get hinted(): string {
    return this.#naming.part(this.next);
  }

  // How long a part lasts at most, in milliseconds.
  get partMillis(): number {
    return this.#partTarget * 1000;
  }

  // extended: it says more than the edge did.
  get extended(): boolean {
    return this.#last !== this.#newest;
  }

  // torn: something is known that does not follow what is listed.
  get torn(): boolean {
    const { next } = this;
    for (const { msn, part } of this.#kept.values()) if (!before({ msn, part }, next)) return true;
    return false;
  }

  // has tells whether a part is listed, or without a part a whole segment.
  has(msn: number, part: number | null): boolean {
    return part === null ? msn < this.next.msn : before({ msn, part }, this.next);
  }

  // uri returns what the URI of a record's chunk is, as a playlist would have it; null if it is not of this stream.
  uri(record: ChunkRecord): string | null {
    const { epoch, rendition } = this.#newest;
    const own = record.kind === PART && record.epoch === epoch && record.rendition === rendition;
    return own ? this.#naming.part(record) : null;
  }

  // add takes a true record, in any order. It tells whether the list went on.
  add(record: ChunkRecord): boolean {
    if (this.uri(record) === null || before(record, this.next) || record.msn > this.next.msn + MOST_AHEAD) return false;
    this.#kept.set(record.id, record);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
    let went = false;
    for (let found = this.#following(); found; found = this.#following()) {
      this.#append(found);
      went = true;
    }
    return went;
  }

  // text writes the playlist, as a delta if that is asked for and leaves something out.
  text(delta = false): string {
    const skipped = delta ? this.#skippable : 0;
    if (!this.extended && skipped === 0) return this.#plain;
    const head = this.#head.filter((line) => !line.startsWith('#EXT-X-DISCONTINUITY-SEQUENCE:'))
      .map((line) => (line.startsWith('#EXT-X-MEDIA-SEQUENCE:') ? `#EXT-X-MEDIA-SEQUENCE:${this.#first}` : line))
      .map((line) => (skipped > 0 && line.startsWith('#EXT-X-VERSION:') ? `#EXT-X-VERSION:${Math.max(SKIP_VERSION, tagNumber(line))}` : line));
    head.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${this.#discontinuities}`);
    if (skipped > 0) head.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`);
    const { next } = this;
    const tail = this.#tail.map((line) => {
      if (line.startsWith('#EXT-X-PRELOAD-HINT:')) return line.replace(/URI="[^"]*"/, `URI="${this.#naming.part(next)}"`);
      const { msn, part } = this.#last; // renditions are cut alike
      return line.replace(/LAST-MSN=\d+/, `LAST-MSN=${msn}`).replace(/LAST-PART=\d+/, `LAST-PART=${part}`);
    });
    return [...head, ...this.#segments.slice(skipped).flatMap(({ lines }) => lines), ...this.#open.lines, ...tail, ''].join('\n');
  }

  // How many segments a delta leaves out: those further from the end than the origin says.
  get #skippable(): number {
    const boundary = Number(attribute(this.#head.find((line) => line.startsWith('#EXT-X-SERVER-CONTROL:')) ?? '', 'CAN-SKIP-UNTIL'));
    let left = boundary > 0 ? this.#segments.length : 0;
    for (let behind = 0; left > 0 && behind <= boundary; left--) behind += this.#segments[left - 1]?.seconds ?? 0;
    return left;
  }

  // deltas: the origin offers them, and they will do.
  get deltas(): boolean {
    return !this.#behind && this.#skippable > 0;
  }

  // following returns the record that goes on where the list ends.
  #following(): ChunkRecord | null {
    const { next } = this;
    for (const record of this.#kept.values()) {
      if (record.discontinuity !== this.#newest.discontinuity) continue;
      if (record.msn === next.msn && record.part === next.part) return record;
      if (record.msn === next.msn + 1 && record.part === 0 && this.#isWhole()) return record;
    }
    return null;
  }

  // isWhole guesses whether the open segment has all its parts, where records do not say: the last one is short, or it is
  // as long as the one before.
  #isWhole(): boolean {
    if (this.#open.parts === 0 || this.#tells) return false;
    const usual = this.#segments.at(-1)?.seconds ?? 0;
    return this.#last.seconds < SHORT * this.#partTarget || Math.abs(this.#open.seconds - usual) < SAME_SECONDS;
  }

  #append(record: ChunkRecord): void {
    if (record.msn > this.next.msn) this.#complete();
    const open = this.#open;
    if (open.parts === 0) {
      const last = this.#segments.at(-1);
      open.date = last ? last.date + last.seconds * 1000 : NaN;
      if (!Number.isNaN(open.date)) open.lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(open.date).toISOString()}`);
    }
    const independent = record.independent ? ',INDEPENDENT=YES' : '';
    open.lines.push(
      `#EXT-X-PART:DURATION=${record.seconds.toFixed(5)}${independent},URI="${this.#naming.part(record)}"`,
      `${RECORD}:${writeRecord(record)}`,
    );
    open.parts++;
    open.seconds += record.seconds;
    this.#last = record;
    this.#tells ||= record.last;
    if (record.last) this.#complete();
  }

  // complete ends the open segment, and lets go of what is too old.
  #complete(): void {
    this.#open.lines.push(`#EXTINF:${this.#open.seconds.toFixed(5)},`, this.#naming.segment(this.next.msn));
    this.#segments.push(this.#open);
    this.#open = emptySegment();
    const old = this.#segments.at(-1 - this.#withParts);
    if (old) old.lines = withoutParts(old.lines);
    if (this.#slides || this.#segments.length > this.#plainCount + MOST_SEGMENTS) this.#slide();
  }

  // slide drops the first segment; the init segment that it names goes for those that follow, too.
  #slide(): void {
    const first = this.#segments.shift();
    const second = this.#segments[0];
    this.#first++;
    if (!first || !second) return;
    this.#discontinuities += first.lines.filter((line) => line === '#EXT-X-DISCONTINUITY').length;
    inherit(second, first);
  }
}

const isDelta = (text: string): boolean => text.includes('#EXT-X-SKIP:');

// before tells whether one place comes before another.
function before(a: Place, b: Place): boolean {
  return a.msn < b.msn || (a.msn === b.msn && a.part < b.part);
}

function headLine({ head }: Reading, tag: string): string {
  return head.find((line) => line.startsWith(`${tag}:`)) ?? '';
}
