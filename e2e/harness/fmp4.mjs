// What fragmented MP4 says of its pictures: enough of ISO/IEC 14496-12 to compare renditions with each other.

/** The boxes of a type in a range of bytes: [{start, end}], of their contents. */
function boxes(view, type, { start = 0, end = view.byteLength } = {}) {
  const found = [];
  for (let at = start; at + 8 <= end;) {
    const size = view.getUint32(at);
    const name = String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at + 4, 4));
    if (size < 8 || at + size > end) throw new Error(`a box ${name} of ${size} bytes at ${at}`);
    if (name === type) found.push({ start: at + 8, end: at + size });
    at += size;
  }
  return found;
}

/** The frames of the first track (which is the video, if there is any), each {pts, dts, key}, in ticks of 1/90000 s. */
export function frames(bytes) {
  const view = new DataView(bytes);
  const out = [];
  for (const moof of boxes(view, 'moof')) {
    for (const traf of boxes(view, 'traf', moof)) {
      const [tfhd] = boxes(view, 'tfhd', traf);
      if (view.getUint32(tfhd.start + 4) !== 1) continue;
      const [tfdt] = boxes(view, 'tfdt', traf);
      let dts = view.getUint8(tfdt.start) === 1 ? Number(view.getBigUint64(tfdt.start + 4)) : view.getUint32(tfdt.start + 4);
      for (const trun of boxes(view, 'trun', traf)) {
        const flags = view.getUint32(trun.start) & 0xffffff;
        let at = trun.start + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
        const next = (bit) => (flags & bit ? view.getInt32((at += 4) - 4) : 0);
        for (let n = view.getUint32(trun.start + 4); n > 0; n--) {
          const duration = next(0x100);
          next(0x200);
          const sync = (next(0x400) & 0x10000) === 0;
          out.push({ dts, pts: dts + next(0x800), key: sync });
          dts += duration;
        }
      }
    }
  }
  return out;
}
