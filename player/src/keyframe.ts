// The first picture of a segment, for a decoder: enough of fragmented MP4 (ISO/IEC 14496-12) to find it in the segment's first bytes.

export interface Track {
  id: number;
  codec: string; // as WebCodecs wants it; '' where only the playlist can tell
  description: Uint8Array<ArrayBuffer> | null; // what the decoder has to know before the first picture
  size: number; // of a picture, where the segment does not say
}

export interface Place {
  from: number; // in the segment
  to: number; // not included
}

interface Box {
  type: string;
  start: number; // of the contents
  end: number;
}

const FULL = 4; // version and flags, at the beginning of many boxes
const VISUAL = 78; // bytes of a visual sample entry before its boxes
const CONFIGURATIONS = ['avcC', 'hvcC'];

// readTrack finds the video of an init segment; null where there is none.
export function readTrack(bytes: Uint8Array<ArrayBuffer>): Track | null {
  const view = viewOf(bytes);
  const moov = find(view, 'moov');
  if (!moov) return null;
  for (const trak of all(view, 'trak', moov)) {
    const mdia = find(view, 'mdia', trak);
    const hdlr = mdia && find(view, 'hdlr', mdia);
    const stsd = mdia && find(view, 'stsd', find(view, 'stbl', find(view, 'minf', mdia)));
    const tkhd = find(view, 'tkhd', trak);
    if (!hdlr || !stsd || !tkhd || named(view, hdlr.start + 8) !== 'vide') continue;
    const id = view.getUint32(tkhd.start + (view.getUint8(tkhd.start) === 1 ? 20 : 12));
    const entry = boxes(view, { start: stsd.start + 8, end: stsd.end })[0];
    if (!entry) return null;
    const configuration = boxes(view, { start: entry.start + VISUAL, end: entry.end }).find(({ type }) => CONFIGURATIONS.includes(type));
    const description = configuration ? bytes.slice(configuration.start, configuration.end) : null;
    const avc = configuration?.type === 'avcC' && description ? `avc1.${hex(description.subarray(1, 4))}` : '';
    const trex = all(view, 'trex', find(view, 'mvex', moov)).find(({ start }) => view.getUint32(start + FULL) === id);
    return { id, codec: avc, description, size: trex ? view.getUint32(trex.start + 16) : 0 };
  }
  return null;
}

// findPicture finds a track's first picture in the first bytes of a segment, which need not hold the picture itself; null where they do not tell.
export function findPicture(bytes: Uint8Array<ArrayBuffer>, track: Track): Place | null {
  const view = viewOf(bytes);
  for (const moof of all(view, 'moof')) {
    for (const traf of all(view, 'traf', moof)) {
      const tfhd = find(view, 'tfhd', traf);
      const trun = find(view, 'trun', traf);
      if (!tfhd || !trun || view.getUint32(tfhd.start + FULL) !== track.id) continue;
      const defaults = view.getUint32(tfhd.start) & 0xffffff;
      let at = tfhd.start + 8;
      const base = defaults & 0x01 ? Number(view.getBigUint64((at += 8) - 8)) : moof.start - 8;
      if (defaults & 0x02) at += 4;
      if (defaults & 0x08) at += 4;
      const usual = defaults & 0x10 ? view.getUint32(at) : track.size;
      const flags = view.getUint32(trun.start) & 0xffffff;
      at = trun.start + 8;
      const offset = flags & 0x01 ? view.getInt32((at += 4) - 4) : 0;
      if (flags & 0x04) at += 4;
      if (flags & 0x100) at += 4;
      const size = flags & 0x200 ? view.getUint32(at) : usual;
      return size > 0 ? { from: base + offset, to: base + offset + size } : null;
    }
  }
  return null;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// boxes lists those that are whole.
function boxes(view: DataView, { start, end }: { start: number; end: number }): Box[] {
  const found: Box[] = [];
  for (let at = start; at + 8 <= end; ) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > end) break;
    found.push({ type: named(view, at + 4), start: at + 8, end: at + size });
    at += size;
  }
  return found;
}

function all(view: DataView, type: string, within: { start: number; end: number } | null = { start: 0, end: view.byteLength }): Box[] {
  return within ? boxes(view, within).filter((box) => box.type === type) : [];
}

function find(view: DataView, type: string, within?: { start: number; end: number } | null): Box | null {
  return all(view, type, within)[0] ?? null;
}

function named(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
