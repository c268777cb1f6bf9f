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

const HEAD = new Set(['#EXTM3U', '#EXT-X-VERSION', '#EXT-X-SERVER-CONTROL', '#EXT-X-PART-INF', '#EXT-X-MEDIA-SEQUENCE',
  '#EXT-X-DISCONTINUITY-SEQUENCE', '#EXT-X-TARGETDURATION', '#EXT-X-INDEPENDENT-SEGMENTS']);
const SEGMENT = new Set(['#EXT-X-MAP', '#EXT-X-DISCONTINUITY', '#EXT-X-PROGRAM-DATE-TIME', '#EXT-X-PART', '#EXTINF', '#EXT-X-SHOAL-RECORD']);
const TAIL = new Set(['#EXT-X-PRELOAD-HINT', '#EXT-X-RENDITION-REPORT']);

// emptySegment returns a segment of which nothing is known yet.
export function emptySegment(): Segment {
  return { lines: [], parts: 0, seconds: 0, date: NaN };
}

// readPlaylist returns null for a playlist that cannot be carried on.
export function readPlaylist(text: string): Reading | null {
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
    } else if (TAIL.has(tag)) {
      tail.push(line);
    } else if (SEGMENT.has(tag) && tail.length === 0) {
      open.lines.push(line);
      if (tag === '#EXT-X-PROGRAM-DATE-TIME') open.date = Date.parse(line.slice(tag.length + 1));
      if (tag === '#EXTINF') duration = parseFloat(line.slice(tag.length + 1));
      if (tag === '#EXT-X-SHOAL-RECORD' && ofPart) record = line.slice(tag.length + 1);
      if (tag === '#EXT-X-PART') {
        const [uri, seconds] = [attribute(line, 'URI'), Number(attribute(line, 'DURATION'))];
        if (!uri || !(seconds > 0) || attribute(line, 'GAP') || attribute(line, 'BYTERANGE')) return null;
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

// tagNumber reads the number after a tag's colon; 0 if there is none.
export function tagNumber(line: string): number {
  return Number.parseInt(line.slice(line.indexOf(':') + 1), 10) || 0;
}
