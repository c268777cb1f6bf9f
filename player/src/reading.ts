// A media playlist, taken apart so that it can be carried on: every line of it belongs to a segment, to the head or to
// the tail. A playlist that says anything which is not understood here is not read at all.

import { attribute, type Place } from './listing.ts';
import type { Named } from './naming.ts';

export interface Segment {
  lines: string[];
  parts: number; // listed with it
  seconds: number;
  date: number; // of its beginning, Unix milliseconds; NaN: not known
}

export interface Reading {
  head: string[];
  segments: Segment[]; // complete
  open: Segment; // no lines between segments
  tail: string[];
  first: number; // MSN of the first
  parts: Named[];
  hint: Named; // the part that comes next
  named: Named[]; // the complete segments
  record: string; // of the last part, base64
  closing: string; // record of the last part of the newest complete segment
}

export const RECORD = '#EXT-X-SHOAL-RECORD';
const HEAD = new Set(['#EXTM3U', '#EXT-X-VERSION', '#EXT-X-SERVER-CONTROL', '#EXT-X-PART-INF', '#EXT-X-MEDIA-SEQUENCE',
  '#EXT-X-DISCONTINUITY-SEQUENCE', '#EXT-X-TARGETDURATION', '#EXT-X-INDEPENDENT-SEGMENTS']);
const SEGMENT = new Set(['#EXT-X-GAP', '#EXT-X-MAP', '#EXT-X-DISCONTINUITY', '#EXT-X-PROGRAM-DATE-TIME', '#EXT-X-PART', '#EXTINF', '#EXT-X-SHOAL-RECORD']);
const TAIL = new Set(['#EXT-X-PRELOAD-HINT', '#EXT-X-RENDITION-REPORT']);

// emptySegment returns a segment of which nothing is known yet.
export function emptySegment(): Segment {
  return { lines: [], parts: 0, seconds: 0, date: NaN };
}

// Known is what was listed before: a delta playlist leaves it out.
export interface Known {
  readonly first: number; // MSN of the first
  readonly segments: readonly Segment[]; // complete
}

// readPlaylist returns null for a playlist that cannot be carried on, and for a delta that leaves out what is not known.
export function readPlaylist(text: string, known: Known | null = null): Reading | null {
  const [head, tail]: [string[], string[]] = [[], []];
  const segments: Segment[] = [];
  const [parts, named]: [Named[], Named[]] = [[], []];
  let open = emptySegment();
  let first = 0;
  let record = '';
  let closing = '';
  let duration: number | null = null; // of the segment whose URI is next
  let partBefore = false; // the line before was a part's

  for (const line of text.split('\n').map((line) => line.trim())) {
    const tag = line.split(':', 1)[0] ?? '';
    if (line === '' || (tag.startsWith('#') && !tag.startsWith('#EXT'))) continue;
    const place: Place = { msn: first + segments.length, part: open.parts };
    const ofPart = partBefore;
    partBefore = tag === '#EXT-X-PART';
    if (HEAD.has(tag)) {
      if (segments.length > 0 || open.lines.length > 0) return null;
      head.push(line);
      if (tag === '#EXT-X-MEDIA-SEQUENCE') first = tagNumber(line);
    } else if (tag === '#EXT-X-SKIP') {
      const skipped = segments.length > 0 || open.lines.length > 0 ? null : leftOut(known, first, Number(attribute(line, 'SKIPPED-SEGMENTS')));
      if (!skipped) return null;
      segments.push(...skipped);
    } else if (TAIL.has(tag)) {
      tail.push(line);
    } else if (SEGMENT.has(tag) && tail.length === 0) {
      open.lines.push(line);
      if (tag === '#EXT-X-PROGRAM-DATE-TIME') open.date = Date.parse(line.slice(tag.length + 1));
      if (tag === '#EXTINF') duration = parseFloat(line.slice(tag.length + 1));
      if (tag === '#EXT-X-SHOAL-RECORD' && ofPart) record = line.slice(tag.length + 1);
      if (tag === '#EXT-X-PART') {
        const [uri, seconds] = [attribute(line, 'URI'), Number(attribute(line, 'DURATION'))];
        if (!uri || !(seconds > 0) || attribute(line, 'BYTERANGE')) return null;
        parts.push({ uri, place });
        record = '';
        open.parts++;
        open.seconds += seconds;
      }
    } else if (!line.startsWith('#') && duration !== null && duration > 0 && tail.length === 0) {
      named.push({ uri: line, place });
      open.lines.push(line);
      segments.push({ ...open, seconds: duration });
      open = emptySegment();
      duration = null;
      closing = record;
    } else {
      return null;
    }
  }

  const hinted = tail.filter((line) => line.startsWith('#EXT-X-PRELOAD-HINT:'));
  const [hint = ''] = hinted;
  const control = head.find((line) => line.startsWith('#EXT-X-SERVER-CONTROL:')) ?? '';
  if (hinted.length !== 1 || attribute(hint, 'TYPE') !== 'PART' || attribute(hint, 'BYTERANGE-START')) return null;
  if (attribute(control, 'CAN-BLOCK-RELOAD') !== 'YES' || (open.lines.length > 0 && open.parts === 0)) return null;
  if (segments.length === 0) return null;
  const next = { uri: attribute(hint, 'URI'), place: { msn: first + segments.length, part: open.parts } };
  return { head, segments, open, tail, first, parts, hint: next, named, record, closing };
}

// leftOut returns count segments from what is known, without parts; null if it is not all known.
function leftOut(known: Known | null, first: number, count: number): Segment[] | null {
  const from = first - (known?.first ?? 0);
  if (!known || !(count > 0) || from < 0 || from + count > known.segments.length) return null;
  const segments = known.segments.slice(from, from + count).map((segment) => ({ ...segment, lines: withoutParts(segment.lines), parts: 0 }));
  const head = segments[0];
  if (head) for (const gone of known.segments.slice(0, from).reverse()) if (inherit(head, gone)) break;
  return segments;
}

// inherit gives a segment the init segment of one before it, if that names one. It tells whether it has one now.
export function inherit(segment: Segment, before: Segment): boolean {
  if (segment.lines.some((line) => line.startsWith('#EXT-X-MAP:'))) return true;
  const map = before.lines.findIndex((line) => line.startsWith('#EXT-X-MAP:'));
  if (map < 0) return false;
  const named = before.lines[map + 1]?.startsWith(RECORD) ? 2 : 1;
  segment.lines.unshift(...before.lines.slice(map, map + named));
  return true;
}

export function withoutParts(lines: string[]): string[] {
  return lines.filter((line, i) => !line.startsWith('#EXT-X-PART:') && !(line.startsWith(RECORD) && lines[i - 1]?.startsWith('#EXT-X-PART:')));
}

// tagNumber reads the number after a tag's colon; 0 if there is none.
export function tagNumber(line: string): number {
  return Number.parseInt(line.slice(line.indexOf(':') + 1), 10) || 0;
}
