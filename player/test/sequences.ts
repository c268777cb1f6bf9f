// Playlists of an origin, as they were captured one after the other, one for each part. They are stored as the lines
// that there are, and of each playlist the runs of lines that it has.
//
// grows: the window is not full yet. breaks: a broadcaster comes back. slides: with a discontinuity that goes out of the
// window; the last parts of segments are short. demo: the demo broadcast.

import { readFileSync } from 'node:fs';
import { type ChunkRecord, parseRecord } from '../src/record.ts';

export type Sequence = 'grows' | 'breaks' | 'slides' | 'demo';

const stored = JSON.parse(readFileSync('test/testdata/playlists.json', 'utf8')) as { lines: string[]; sequences: Record<Sequence, string[]> };

export function sequence(name: Sequence): string[] {
  return stored.sequences[name].map((runs) => runs.split(' ').flatMap((run) => {
    const [from = 0, to = from] = run.split('-').map(Number);
    return stored.lines.slice(from, to + 1);
  }).join('\n'));
}

export const at = (name: Sequence, index: number): string => sequence(name).at(index) as string;

// closed returns a playlist with the records of an origin that says which part is the last of its segment: those that were
// captured are older than that. Their signatures are not true any more.
export function closed(text: string): string {
  return text.replace(/(#EXT-X-SHOAL-RECORD:)(.*)(?=\n#EXTINF)/g, (_, tag: string, record: string) => {
    const bytes = Buffer.from(record, 'base64');
    bytes.writeUInt8(bytes.readUInt8(1) | 2, 1);
    return tag + bytes.toString('base64').replace(/=+$/, '');
  });
}

// records returns the records of the parts of a playlist.
export function records(text: string): ChunkRecord[] {
  return [...text.matchAll(/#EXT-X-PART:.*\n#EXT-X-SHOAL-RECORD:(.*)/g)].map(([, record = '']) => parseRecord(record) as ChunkRecord);
}

// news returns the records of a playlist that another one has not.
export function news(text: string, before: string): ChunkRecord[] {
  const known = new Set(records(before).map(({ id }) => id));
  return records(text).filter(({ id }) => !known.has(id));
}
