import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readListing } from '../src/listing.ts';

const URL_ = 'http://edge/live/demo/v0/index.m3u8?_HLS_msn=12&_HLS_part=1';
const BASE = 'http://edge/live/demo/v0/';

const PLAYLIST = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.000
#EXT-X-PART-INF:PART-TARGET=0.333
#EXT-X-MEDIA-SEQUENCE:10
#EXT-X-MAP:URI="17/init1.mp4"
#EXT-X-SHOAL-RECORD:map1
#EXTINF:2.000,
17/s10.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="17/init2.mp4"
#EXT-X-SHOAL-RECORD:map2
#EXT-X-PART:DURATION=1.000,URI="17/s11.0.m4s",INDEPENDENT=YES
#EXT-X-SHOAL-RECORD:s11.0
#EXT-X-PART:INDEPENDENT=YES,URI="17/s11.1.m4s",DURATION=1.000
#EXT-X-SHOAL-RECORD:s11.1
#EXT-X-PROGRAM-DATE-TIME:2025-01-01T00:00:00.000Z
#EXTINF:2.000,
17/s11.m4s
#EXT-X-PART:DURATION=0.333,URI="17/s12.0.m4s"
#EXT-X-SHOAL-RECORD:s12.0
#EXT-X-PART:DURATION=0.333,URI="17/s12.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="17/s12.2.m4s"
#EXT-X-SHOAL-RECORD:of nothing
`;

test('records, the URIs they describe and their ages', () => {
  const { records } = readListing(PLAYLIST, URL_);
  const got = Object.fromEntries(records.map((r) => [r.uri.replace(BASE, ''), [r.text, Math.round(r.age)]]));
  assert.deepEqual(got, {
    '17/init1.mp4': ['map1', 2666],
    '17/init2.mp4': ['map2', 0],
    '17/s11.0.m4s': ['s11.0', 1666],
    '17/s11.1.m4s': ['s11.1', 666],
    '17/s12.0.m4s': ['s12.0', 333],
  });
});

test('the places of records are counted as hls.js counts them', () => {
  const places = (text: string): unknown[] => readListing(text, URL_).records.map(({ place }) => place && [place.msn, place.part]);
  assert.deepEqual(places(PLAYLIST), [null, null, [11, 0], [11, 1], [12, 0]]);
  assert.deepEqual(places(PLAYLIST.replace('#EXT-X-MEDIA-SEQUENCE:10\n', '')), [null, null, [1, 0], [1, 1], [2, 0]]);
  assert.deepEqual(places(PLAYLIST.replace(':10\n', ':10\n#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n')), [null, null, [15, 0], [15, 1], [16, 0]]);
  const gap = '#EXT-X-PART:DURATION=x,URI="a"\n#EXT-X-PART:DURATION=1,URI="b"\n#EXT-X-SHOAL-RECORD:x';
  assert.deepEqual(places(gap), [[0, 1]]);
});

test('segments and their parts', () => {
  const { segments } = readListing(PLAYLIST.replaceAll('\n', '\r\n'), URL_);
  assert.deepEqual([...segments], [[`${BASE}17/s11.m4s`, [`${BASE}17/s11.0.m4s`, `${BASE}17/s11.1.m4s`]]]);
});

test('what makes no sense is passed over', () => {
  const odd = ['', 'hello', '#EXT-X-SHOAL-RECORD:alone', '#EXT-X-PART:DURATION=x,URI="a"\n#EXT-X-SHOAL-RECORD:x', '#EXT-X-PART:DURATION=1', '#EXTM3U\n#EXT-X-MAP:URI="http://["\n#EXT-X-SHOAL-RECORD:x'];
  for (const text of odd) assert.deepEqual(readListing(text, URL_).records, [], text);
});
