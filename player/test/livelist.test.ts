// What is made of an origin's playlist and of the records of those that follow is compared with those that follow, as
// hls.js understands both.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { M3U8Parser, type MediaFragment, type PlaylistLevelType } from 'hls.js';
import { LiveList } from '../src/livelist.ts';
import { type ChunkRecord, PART, parseRecord } from '../src/record.ts';
import { at, closed, news, records, type Sequence, sequence } from './sequences.ts';

// parsed returns what hls.js makes of a playlist.
function parsed(text: string): { head: unknown; fragments: Map<number, unknown>; parts: Map<string, unknown>; hint: unknown; next: unknown } {
  const d = M3U8Parser.parseLevelPlaylist(text, 'http://edge/live/demo/v0/index.m3u8', 0, 'main' as PlaylistLevelType, 0, null);
  assert.equal(d.playlistParsingError, null);
  const ms = (seconds: number): number => Math.round(seconds * 1000);
  const about = ({ sn, cc, programDateTime, initSegment, start }: MediaFragment): unknown => ({ sn, cc, date: programDateTime, init: initSegment?.url, start: ms(start) });
  return {
    head: [d.startSN, d.startCC, d.targetduration, d.partTarget, d.partHoldBack, d.canBlockReload, d.live],
    fragments: new Map(d.fragments.map((f) => [f.sn, [about(f), f.url, ms(f.duration)]])),
    parts: new Map(d.partList?.map((p) => [p.url, [about(p.fragment), p.index, ms(p.duration), p.independent, ms(p.start)]])),
    hint: d.preloadHint?.['URI'],
    next: [d.lastPartSn, d.lastPartIndex],
  };
}

const between = (text: string): boolean => /PRELOAD-HINT.*\.0\.m4s/.test(text); // segments

// follow reads playlists up to one of them, as they come from the edge.
function follow(name: Sequence, to: number, from = 0): LiveList {
  return reading(sequence(name).slice(from, to + 1));
}

function reading(texts: string[]): LiveList {
  const list = texts.reduce<LiveList | null>((known, text) => LiveList.read(text, known), null);
  assert.ok(list);
  return list;
}

for (const name of ['grows', 'slides', 'demo'] as const) {
  for (const tells of [false, true]) {
    test(`${name}: any playlist, carried on, is what the origin said later${tells ? ', at the end of a segment too, where records tell it' : ''}`, () => {
      const texts = tells ? sequence(name).map(closed) : sequence(name);
      let [compared, ends] = [0, 0];
      for (let from = 2; from < texts.length; from++) { // the third is the first that slides
        const list = reading(texts.slice(0, from + 1));
        assert.equal(list.text(), texts[from]);
        for (let to = from + 1; to < texts.length; to++) {
          const [before, after] = [texts[to - 1] as string, texts[to] as string];
          const added: boolean[] = news(after, before).map((record) => list.add(record));
          assert.deepEqual(added, [true]);
          const ours = parsed(list.text());
          const origins = parsed(after);
          assert.deepEqual(ours.next, origins.next);
          if (between(after) && !tells) continue; // ours does not know yet that the segment is complete
          assert.deepEqual(ours, origins, `${from} ${to}`);
          compared++;
          if (between(after)) ends++;
        }
      }
      assert.ok(compared > 20, String(compared));
      assert.equal(ends > 5, tells, String(ends));
    });
  }
}

test('where records tell the end of a segment it may have any length, and none is guessed', () => {
  const begin = (): LiveList => reading(sequence('demo').slice(0, 3).map(closed));
  const [base] = records(begin().text()).slice(-1);
  assert.ok(base);
  const part = (msn: number, part: number, last = false): ChunkRecord => ({ ...base, id: `${msn}.${part}`, msn, part, last, seconds: 0.333 });
  const { next } = begin();
  const short = begin();
  assert.ok(short.add(part(next.msn, next.part, true)));
  assert.deepEqual(short.next, { msn: next.msn + 1, part: 0 });
  assert.ok(short.has(next.msn, null));
  assert.match(short.text(), new RegExp(`s${next.msn}\\.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=".*s${next.msn + 1}\\.0\\.m4s"\n$`));
  assert.ok(short.add(part(next.msn + 1, 0, true)), 'one of a single part');
  assert.deepEqual(short.next, { msn: next.msn + 2, part: 0 });

  const usual = (reading(sequence('demo').slice(0, 3)).text().match(new RegExp(`s${next.msn - 1}\\.\\d+\\.m4s`, 'g')) ?? []).length;
  const long = begin();
  for (let n = next.part; n < usual; n++) long.add({ ...part(next.msn, n), seconds: 0.2 });
  assert.equal(long.add(part(next.msn + 1, 0)), false, 'as many as before, and the last is short, but there is one more');
  assert.ok(long.torn);
  assert.ok(long.add(part(next.msn, usual, true)));
  assert.deepEqual(long.next, { msn: next.msn + 1, part: 1 });
  assert.equal(long.torn, false);
});

test('a list whose beginning was not seen to move is let grow, and says the same of what is new', () => {
  const list = follow('demo', 2, 2);
  for (const text of sequence('demo').slice(3)) for (const record of news(text, list.text())) list.add(record);
  const [ours, origins] = [parsed(list.text()), parsed(at('demo', -1))];
  assert.equal(ours.fragments.size, origins.fragments.size + 1);
  assert.deepEqual([...ours.parts.keys()], [...origins.parts.keys()]);
  assert.deepEqual(ours.hint, origins.hint);
});

// shortened returns a playlist without its first segments, as of an origin that began anew.
function shortened(text: string, by: number): string {
  const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  const begin = text.search(/#EXT-X-(MAP|PROGRAM-DATE-TIME|PART):/);
  const map = /#EXT-X-MAP:.*\n(#EXT-X-SHOAL-RECORD:.*\n)?/.exec(text)?.[0] ?? '';
  const gone = new RegExp(`^([^]*?s${first + by - 1}\\.m4s\n)`).exec(text.slice(begin))?.[0] ?? '';
  const head = text.slice(0, begin).replace(/(#EXT-X-MEDIA-SEQUENCE:)\d+/, `$1${first + by}`);
  return head + map + text.slice(begin + gone.length);
}

// hls.js takes a list that goes back to an earlier segment to stand later on the timeline, and waits for what it has.
test('a list that began anew is let grow until the origin lets go of something again', () => {
  const begins = (list: LiveList): number => parsed(list.text()).head instanceof Array ? (parsed(list.text()).head as number[])[0] ?? 0 : 0;
  const texts = sequence('demo');
  const before = follow('demo', texts.length - 2);
  const anew = LiveList.read(shortened(at('demo', -1), 4), before) as LiveList;
  const [base] = records(at('demo', -1)).slice(-1);
  assert.ok(base);
  const first = begins(anew);
  assert.equal(parsed(anew.text()).fragments.size, parsed(before.text()).fragments.size - 4);
  for (let msn = base.msn; msn < base.msn + 3; msn++) {
    for (let part = msn === base.msn ? base.part + 1 : 0; part < 6; part++) {
      assert.ok(anew.add({ ...base, id: `${msn}.${part}`, msn, part, seconds: part % 3 === 2 ? 0.334 : 0.333, independent: part % 3 === 0 }));
    }
  }
  assert.equal(begins(anew), first);
});

test('a long list keeps its length', () => {
  const list = follow('demo', 2);
  const [base] = records(list.text()).slice(-1);
  assert.ok(base);
  const before = list.text().length;
  for (let msn = base.msn; msn < base.msn + 300; msn++) {
    for (let part = msn === base.msn ? base.part + 1 : 0; part < 6; part++) {
      const id = `${msn}.${part}`;
      assert.ok(list.add({ ...base, id, msn, part, seconds: part % 3 === 2 ? 0.334 : 0.333, independent: part % 3 === 0 }), id);
    }
  }
  assert.ok(list.text().length < before * 1.3);
  assert.equal(parsed(list.text()).fragments.size, 10);
});

test('records may come in any order', () => {
  const list = follow('demo', 2);
  const coming = records(at('demo', -1)).filter(({ msn, part }) => !list.has(msn, part));
  assert.ok(coming.length > 5);
  const went = [...coming].reverse().map((record) => list.add(record));
  assert.deepEqual(went, coming.map((_, i) => i === coming.length - 1), 'all at once, with the first');
  assert.deepEqual(parsed(list.text()), parsed(at('demo', -1)));
  assert.equal(list.torn, false);
});

test('what does not surely follow is not listed', () => {
  const base = follow('demo', 2);
  const [next] = records(at('demo', 3)).slice(-1);
  assert.ok(next);
  const cases: [string, Partial<ChunkRecord>, boolean][] = [
    ['the next part', {}, false],
    ['a part is missing', { part: next.part + 1 }, true],
    ['a segment begins, and the one before may have more parts', { msn: next.msn + 1, part: 0 }, true],
    ['a segment is missing', { msn: next.msn + 2, part: 0 }, true],
    ['too far ahead', { msn: next.msn + 3, part: 0 }, false],
    ['known', { part: next.part - 1 }, false],
    ['of the past', { msn: next.msn - 1 }, false],
    ['a discontinuity', { discontinuity: next.discontinuity + 1 }, true],
    ['another epoch', { epoch: next.epoch + 1 }, false],
    ['another rendition', { rendition: 1 }, false],
    ['an init segment', { kind: 2 }, false],
  ];
  for (const [name, change, torn] of cases) {
    const list = follow('demo', 2);
    assert.equal(list.add({ ...next, id: name, ...change }), name === 'the next part', name);
    assert.equal(list.torn, torn, name);
    assert.equal(list.extended, name === 'the next part', name);
    if (!list.extended) assert.equal(list.text(), base.text(), name);
  }
});

test('after a discontinuity the list does not go on before the edge has said how', () => {
  const texts = sequence('breaks');
  const breaks = texts.findIndex((text) => text.includes('#EXT-X-DISCONTINUITY\n'));
  const list = follow('breaks', breaks - 2);
  for (const text of texts.slice(breaks - 1)) for (const record of news(text, list.text())) list.add(record);
  assert.deepEqual(parsed(list.text()).next, parsed(at('breaks', breaks - 1)).next);
  assert.equal(list.torn, true);
  const after = LiveList.read(at('breaks', breaks), list);
  assert.ok(after && !after.torn);
  assert.deepEqual(parsed(after.text()), parsed(texts.at(-1) as string), 'and then it does, with what is known');
});

test('an older playlist is not gone back to; a newer one is taken, with what is known beyond it', () => {
  const list = follow('demo', 2);
  for (const record of news(at('demo', 5), at('demo', 2))) list.add(record);
  const older = LiveList.read(at('demo', 2), list);
  assert.deepEqual(older && parsed(older.text()), parsed(at('demo', 5)));
  const newer = LiveList.read(at('demo', 4), list);
  assert.deepEqual(newer && parsed(newer.text()), parsed(at('demo', 5)));
  assert.equal(LiveList.read(at('demo', 6), list)?.text(), at('demo', 6));
});

test('which parts it has', () => {
  const list = follow('demo', 3);
  const { msn, part } = list.next;
  const cases: [number, number | null, boolean][] = [
    [msn, part, false], [msn, part - 1, true], [msn, part + 9, false], [msn - 1, 9, true], [msn + 1, 0, false], [msn, null, false], [msn - 1, null, true],
  ];
  for (const [m, p, has] of cases) assert.equal(list.has(m, p), has, `${m} ${p}`);
});

test('URIs are those of the playlist', () => {
  const list = follow('demo', 2);
  for (const record of records(at('demo', -1))) {
    assert.ok(at('demo', -1).includes(`URI="${list.uri(record)}"`));
    assert.equal(list.uri({ ...record, rendition: 3 }), null);
  }
});

test('the other renditions are reported on as far as this one goes', () => {
  const report = '#EXT-X-RENDITION-REPORT:URI="../v1/index.m3u8",LAST-MSN=7,LAST-PART=2\n';
  const list = LiveList.read(at('demo', 2) + report);
  assert.ok(list);
  assert.ok(list.text().includes('LAST-MSN=7,LAST-PART=2'));
  const [record] = news(at('demo', 3), at('demo', 2));
  assert.ok(record && list.add(record));
  assert.ok(list.text().includes(`URI="../v1/index.m3u8",LAST-MSN=${record.msn},LAST-PART=${record.part}\n`));
});

test('a playlist that says more than is understood is not carried on', () => {
  const plain = at('demo', 3);
  assert.ok(LiveList.read(plain));
  assert.ok(LiveList.read(plain.replaceAll('\n', '\r\n')));
  assert.ok(LiveList.read(plain.replace('#EXT-X-VERSION', '# a comment\n#EXT-X-VERSION')));
  const odd: Record<string, string> = {
    'the end': `${plain}#EXT-X-ENDLIST\n`,
    'a gap where it ends': plain.replace(/(#EXT-X-PART:)(?=[^]*)([^\n]*\n)#EXT-X-SHOAL-RECORD:.*\n(#EXT-X-PRELOAD)/, '$1GAP=YES,$2$3'),
    'a range': plain.replace('#EXT-X-PART:', '#EXT-X-PART:BYTERANGE="10@20",'),
    'a key': plain.replace('#EXTINF', '#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF'),
    'a date range': plain.replace('#EXTINF', '#EXT-X-DATERANGE:ID="a"\n#EXTINF'),
    'skipped segments': plain.replace('#EXT-X-TARGETDURATION', '#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-TARGETDURATION'),
    'no blocking reload': plain.replace('CAN-BLOCK-RELOAD=YES', 'CAN-BLOCK-RELOAD=NO'),
    'no hint': plain.replace(/#EXT-X-PRELOAD-HINT.*\n/, ''),
    'a hint at a map': plain.replace('TYPE=PART', 'TYPE=MAP'),
    'a hint elsewhere': plain.replace(/(HINT.*)\d+(\.m4s)/, '$19$2'),
    'names that are not numbered': plain.replaceAll(/s(\d+)(\.\d+)?\.m4s/g, (_, msn: string, part = '') => `x${Number(msn) * 7}${part}.m4s`),
    'no record': plain.replace(/#EXT-X-SHOAL-RECORD:.*\n(#EXT-X-PRELOAD)/, '$1'),
    'a record of elsewhere': plain.replace(/#EXT-X-MEDIA-SEQUENCE:(\d+)/, '#EXT-X-MEDIA-SEQUENCE:1'),
    'a multivariant playlist': '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/index.m3u8\n',
    'nothing': '',
  };
  for (const [name, text] of Object.entries(odd)) {
    assert.notEqual(text, plain, name);
    assert.equal(LiveList.read(text), null, name);
  }
});

test('gaps are carried on: they stay what they are', () => {
  const plain = at('demo', 3).replace('#EXTINF', '#EXT-X-GAP\n#EXTINF').replace(/#EXT-X-PART:(.*\n)#EXT-X-SHOAL-RECORD:.*\n/, '#EXT-X-PART:GAP=YES,$1');
  const list = LiveList.read(plain) as LiveList;
  for (const record of news(at('demo', 4), plain)) list.add(record);
  assert.ok(list.extended);
  const ours = M3U8Parser.parseLevelPlaylist(list.text(), 'http://edge/live/demo/v0/index.m3u8', 0, 'main' as PlaylistLevelType, 0, null);
  assert.equal(ours.fragments[0]?.gap, true);
  assert.equal(ours.partList?.[0]?.gap, true);
  assert.equal(ours.partList?.filter((part) => part.gap).length, 1);
});

// hours returns a playlist of the demo as of a window of hours, and the delta of it: the same without its older segments.
function hours(text: string, boundary = 12): { whole: string; delta: string } {
  const older = 300;
  const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]) + 1000; // the same numbers all over
  const moved = text.replace(/s(\d+)\./g, (_, msn: string) => `s${Number(msn) + 1000}.`)
    .replace(/(#EXT-X-SHOAL-RECORD:)(.*)/g, (_, tag: string, record: string) => tag + renumbered(record))
    .replace('#EXT-X-SERVER-CONTROL:', `#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=${boundary},`)
    .replace(/(#EXT-X-MEDIA-SEQUENCE:)\d+/, `$1${first - older}`);
  const map = /#EXT-X-MAP:.*\n(#EXT-X-SHOAL-RECORD:.*\n)?/.exec(moved)?.[0] ?? '';
  const begin = moved.indexOf(map);
  const epoch = /(\d+)\/s\d+\.m4s/.exec(moved)?.[1] ?? '';
  let before = '';
  for (let msn = first - older; msn < first; msn++) before += `#EXTINF:2.00000,\n${epoch}/s${msn}.m4s\n`;
  const rest = moved.slice(begin + map.length);
  const head = moved.slice(0, begin);
  const whole = head + map + before + rest;
  const durations = [...whole.matchAll(/#EXTINF:([\d.]+)/g)].map(([, seconds]) => Number(seconds));
  let left = durations.length;
  for (let behind = 0; left > 0 && behind <= boundary; left--) behind += durations[left - 1] ?? 0;
  const cut = whole.indexOf('\n', whole.indexOf(`s${first - older + left - 1}.m4s`)) + 1;
  const delta = `${head.replace(/(#EXT-X-VERSION:)\d+/, '$19')}#EXT-X-SKIP:SKIPPED-SEGMENTS=${left}\n${whole.slice(cut)}`;
  return { whole, delta };
}

// renumbered moves a record to where hours has its segment: the MSN stands behind the kind and the flags.
function renumbered(text: string): string {
  const record = parseRecord(text);
  if (!record || record.kind !== PART) return text;
  const bytes = Buffer.from(text, 'base64');
  const moved = BigInt(record.msn + 1000);
  for (let at = 0; at + 8 <= bytes.length; at++) {
    if (bytes.readBigUInt64BE(at) !== BigInt(record.msn)) continue;
    bytes.writeBigUInt64BE(moved, at);
    break;
  }
  return bytes.toString('base64').replace(/=+$/, '');
}

// left returns a delta from where it leaves something out.
const left = (text: string): string => text.slice(text.indexOf('#EXT-X-SKIP:'));

// Clause: hls-skip, dvr
test('a delta is put together with what was known, and a list of hours is written as one', () => {
  const [a, b, c] = [3, 4, 5].map((index) => hours(at('demo', index)));
  assert.ok(a && b && c);
  assert.equal(LiveList.read(a.delta), null, 'nothing is known of what it leaves out');
  const begun = LiveList.read(a.whole) as LiveList;
  assert.equal(begun.text(), a.whole);
  assert.equal(left(begun.text(true)), left(a.delta));
  const merged = LiveList.read(b.delta, begun) as LiveList;
  assert.notEqual(merged, begun);
  assert.deepEqual(parsed(merged.text()), parsed(b.whole));
  for (const record of news(c.whole, b.whole)) assert.ok(merged.add(record));
  assert.deepEqual(parsed(merged.text()), parsed(c.whole));
  assert.ok(merged.text(true).length < 8000, String(merged.text(true).length));
  assert.match(merged.text(true), /#EXT-X-VERSION:9\n/);
  assert.equal(left(merged.text(true)), left(c.delta));
  const unknown = b.delta.replace(/(SKIPPED-SEGMENTS=)(\d+)/, (_, name: string, n: string) => `${name}${Number(n) + 50}`);
  assert.ok(merged.deltas);
  assert.equal(LiveList.read(unknown, merged), merged, 'one that does not fit says nothing');
  assert.ok(!merged.deltas, 'the next that is asked for is whole');
  assert.ok(LiveList.read(c.whole, merged)?.deltas);
});

test('a window of hours that is not full yet is let grow', () => {
  const { whole } = hours(at('demo', 3));
  const list = LiveList.read(whole) as LiveList;
  const [base] = records(whole).slice(-1);
  assert.ok(base);
  for (let msn = base.msn; msn < base.msn + 40; msn++) {
    for (let part = msn === base.msn ? base.part + 1 : 0; part < 6; part++) {
      list.add({ ...base, id: `${msn}.${part}`, msn, part, seconds: part % 3 === 2 ? 0.334 : 0.333, independent: part % 3 === 0 });
    }
  }
  assert.match(list.text(), new RegExp(`#EXT-X-MEDIA-SEQUENCE:${/SEQUENCE:(\d+)/.exec(whole)?.[1]}\n`));
});

test('no more segments have their parts listed than the origin listed with them', () => {
  const [before, after] = [at('slides', 3), at('slides', -1)];
  const lines = before.split('\n');
  const ends = lines.flatMap((line, i) => (/^\d+\/s\d+\.m4s$/.test(line) ? [i] : []));
  const kept = ends.at(-3) ?? 0; // parts of the two newest complete segments stay
  const short = lines.filter((line, i) => i > kept || !(line.startsWith('#EXT-X-PART:') || (line.startsWith('#EXT-X-SHOAL-RECORD:') && lines[i - 1]?.startsWith('#EXT-X-PART:')))).join('\n');
  const list = LiveList.read(short) as LiveList;
  for (const record of news(after, short)) list.add(record);
  assert.ok(list.next.msn > (LiveList.read(short)?.next.msn ?? Infinity), 'it went on by a segment');
  const listed = new Set([...list.text().matchAll(/#EXT-X-PART:.*\/s(\d+)\./g)].map(([, msn]) => msn));
  assert.ok(listed.size <= 3, [...listed].join()); // with the open one
});
