// Reads fMP4 parts, as far as their times go, and follows them: in each track a part begins where the one before it ended, to the
// tick. Where it does not, players stop at the hole, or drop pictures up to the next key frame.

/** Seam remembers where each track ended. */
export class Seam {
  #ends = new Map(); // ticks, by track

  /** Forgets: what comes now need not follow. */
  cut() {
    this.#ends.clear();
  }

  /** Takes the next part's bytes and returns what is wrong with it, one text each. */
  take(bytes) {
    const wrong = [];
    const tracks = times(bytes);
    if (tracks.length === 0) wrong.push('holds nothing');
    for (const { id, begin, end } of tracks) {
      const before = this.#ends.get(id);
      if (before !== undefined && begin !== before) wrong.push(`track ${id} goes on at ${begin}, ${begin - before} ticks from where it was`);
      this.#ends.set(id, end);
    }
    return wrong;
  }
}

/** Returns of a part's tracks where each begins and ends: [{id, begin, end}], in ticks. */
export function times(bytes) {
  const view = new DataView(bytes);
  const tracks = [];
  for (const moof of boxes(view, 0, view.byteLength)) {
    if (moof.kind !== 'moof') continue;
    for (const traf of boxes(view, moof.from, moof.to)) {
      if (traf.kind !== 'traf') continue;
      const track = {};
      for (const { kind, from } of boxes(view, traf.from, traf.to)) {
        if (kind === 'tfhd') track.id = view.getUint32(from + 4);
        else if (kind === 'tfdt') track.begin = track.end = Number(view.getBigUint64(from + 4)); // version 1, as ours are
        else if (kind === 'trun') track.end += lasts(view, from);
      }
      tracks.push(track);
    }
  }
  return tracks;
}

/** Returns how long the samples of a trun last. Each says it for itself in ours. */
function lasts(view, from) {
  const flags = view.getUint32(from) & 0xffffff;
  const count = view.getUint32(from + 4);
  let at = from + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
  if (!(flags & 0x100)) return NaN;
  let sum = 0;
  for (let n = 0; n < count; n++) {
    sum += view.getUint32(at);
    for (let bit = 0x100; bit <= 0x800; bit <<= 1) if (flags & bit) at += 4;
  }
  return sum;
}

function* boxes(view, from, to) {
  while (to - from >= 8) {
    const size = view.getUint32(from);
    const kind = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(from + i)));
    if (size < 8 || from + size > to) return;
    yield { kind, from: from + 8, to: from + size };
    from += size;
  }
}
