// What a media playlist lists, as far as the swarm is concerned: which chunk records stand in it and whose URI each
// describes, and which parts make up a segment. Everything else in it is for hls.js.

// A record line, not looked into yet.
export interface Listed {
  uri: string; // absolute
  text: string; // base64 of the record
  age: number; // milliseconds of media that stand after the chunk in the playlist; 0 at the live edge
  place: Place | null; // null for an init segment: any may stand anywhere
}

// Where a part stands in the stream, as the playlist counts.
export interface Place {
  msn: number;
  part: number;
}

export interface Listing {
  records: Listed[];
  segments: Map<string, string[]>; // URI of a segment -> URIs of its parts, in order
}

const RECORD = '#EXT-X-SHOAL-RECORD:';

// readListing reads a playlist that was loaded from url. Lines that make no sense are passed over.
export function readListing(text: string, url: string): Listing {
  const records: (Listed & { end: number })[] = [];
  const segments = new Map<string, string[]>();
  let segmentStart = 0; // seconds of media before the segment being read
  let partsEnd = 0; // and before its next part
  let duration = 0; // of the segment being read
  let parts: string[] = [];
  let msn = 0; // of the segment being read
  let part = 0; // number of its next part
  let described: { uri: string; end: number; place: Place | null } | null = null; // whose record may follow

  for (const line of text.split('\n')) {
    const l = line.trim();
    if (l === '') continue;
    if (l.startsWith(RECORD)) {
      if (described) records.push({ ...described, text: l.slice(RECORD.length), age: 0 });
      described = null;
      continue;
    }
    described = null;
    if (l.startsWith('#EXT-X-PART:')) {
      const uri = resolve(attribute(l, 'URI'), url);
      const seconds = Number(attribute(l, 'DURATION'));
      const place = { msn, part: part++ };
      if (!uri || !(seconds > 0)) continue;
      partsEnd += seconds;
      parts.push(uri);
      described = { uri, end: partsEnd, place };
    } else if (l.startsWith('#EXT-X-MAP:')) {
      const uri = resolve(attribute(l, 'URI'), url);
      if (!uri || attribute(l, 'BYTERANGE')) continue;
      for (const r of records) if (!r.place) r.end = Math.min(r.end, segmentStart); // the one before is used no longer
      described = { uri, end: Infinity, place: null };
    } else if (l.startsWith('#EXT-X-MEDIA-SEQUENCE:')) {
      msn = count(l);
    } else if (l.startsWith('#EXT-X-SKIP:')) {
      msn += Number(attribute(l, 'SKIPPED-SEGMENTS')) || 0;
    } else if (l.startsWith('#EXTINF:')) {
      duration = parseFloat(l.slice('#EXTINF:'.length)) || 0;
    } else if (!l.startsWith('#')) {
      const uri = resolve(l, url);
      if (uri && parts.length > 0) segments.set(uri, parts);
      segmentStart += duration;
      partsEnd = segmentStart;
      duration = 0;
      parts = [];
      msn++;
      part = 0;
    }
  }

  const total = Math.max(segmentStart, partsEnd);
  return {
    records: records.map(({ end, ...record }) => ({ ...record, age: Math.max(0, total - Math.min(end, total)) * 1000 })),
    segments,
  };
}

// count reads the number after a tag's colon; 0 if there is none.
function count(line: string): number {
  return Number.parseInt(line.slice(line.indexOf(':') + 1), 10) || 0;
}

export function attribute(line: string, name: string): string {
  const found = new RegExp(`[:,]${name}=("([^"]*)"|[^,]*)`).exec(line);
  return found ? (found[2] ?? found[1] ?? '') : '';
}

function resolve(uri: string, base: string): string {
  if (uri === '') return '';
  try {
    return new URL(uri, base).href;
  } catch {
    return '';
  }
}
