import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sha256, verifyEd25519 } from '../src/fallback.ts';
import { RecordBook } from '../src/book.ts';
import { fromBase64, parseRecord, readRecord, StreamKey, writeRecord } from '../src/record.ts';
import { keys, makeChunk, publicKey } from './make.ts';

test('a record is read as wire has it', () => {
  const made = makeChunk(41_000, { msn: 77, part: 2, pieceSize: 2560 });
  const record = parseRecord(made.text);
  assert.ok(record);
  assert.equal(record.id, '6553f1000000000200000000' + '0000004d');
  assert.equal(record.kind, 0);
  assert.deepEqual([record.msn, record.part], [77, 2]);
  assert.equal(record.size, 41_000);
  assert.equal(record.pieceSize, 2560);
  assert.equal(record.pieces, 17);
  assert.ok(Math.abs(record.seconds - 0.333333) < 1e-9);
  assert.deepEqual(record.bytes, made.record);
});

test('the vectors that Go and the browser share', () => {
  const vectors = new Map([...readFileSync('../swarm/wire/testdata/vectors.txt', 'utf8').matchAll(/^(record\/\w+) (\w+)$/gm)]
    .map(([, name = '', hex = '']) => [name, Buffer.from(hex, 'hex')]));
  const meant: Record<string, [boolean, boolean, number, number, number, number]> = { // the last two: pieces and size
    'record/part': [true, false, 3, 12, 16, 43210],
    'record/last': [false, true, 3, 12, 16, 43210],
    'record/init': [false, false, 0, 3, 1, 800],
    'record/largest': [false, false, 0, 2 ** 40, 512, 8 << 20],
    'record/flags': [true, false, 3, 12, 16, 43210],
  };
  assert.deepEqual([...vectors.keys()].sort(), Object.keys(meant).sort());
  for (const [name, bytes] of vectors) {
    const r = readRecord(bytes);
    assert.ok(r, name);
    assert.deepEqual([r.independent, r.last, r.part, r.msn, r.pieces, r.size], meant[name], name);
    assert.deepEqual(Buffer.from(r.bytes), bytes, name);
    assert.equal(writeRecord(r), bytes.toString('base64').replace(/=+$/, ''), name);
  }
});

test('what is no record is refused', () => {
  const good = makeChunk(4000).record;
  const with_ = (at: number, ...bytes: number[]): string => {
    const b = good.slice();
    b.set(bytes, at);
    return Buffer.from(b).toString('base64');
  };
  const bad: Record<string, string> = {
    'not base64': '%%%',
    empty: '',
    short: Buffer.from(good.subarray(0, 127)).toString('base64'),
    version: with_(0, 2),
    kind: with_(9, 3),
    'size 0': with_(28, 0, 0, 0, 0),
    'size over 8 MiB': with_(28, 1, 0, 0, 0),
    'tiny pieces': with_(2, 0, 16),
    'huge pieces': with_(2, 255, 255),
  };
  for (const [name, text] of Object.entries(bad)) assert.equal(parseRecord(text), null, name);
});

test('only the right key verifies, and only what was signed', async () => {
  const made = makeChunk(4000);
  const record = parseRecord(made.text);
  assert.ok(record);
  assert.equal(await new StreamKey(publicKey).verifies(record), true);
  assert.equal(await new StreamKey(Buffer.alloc(32, 7).toString('base64')).verifies(record), false);
  assert.equal(await new StreamKey('no key').verifies(record), false);
  for (const at of [5, 30, 40, 63, 64, 127]) {
    const bent = made.record.slice();
    bent[at] = (bent[at] ?? 0) ^ 1;
    const lie = parseRecord(Buffer.from(bent).toString('base64'));
    if (lie) assert.equal(await new StreamKey(publicKey).verifies(lie), false, `byte ${at}`);
  }
});

test('the fallback agrees with WebCrypto', async () => {
  const made = makeChunk(4000);
  const key = new Uint8Array(keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  const message = Buffer.concat([Buffer.from('shoal chunk record 1\n'), made.record.subarray(0, 64)]);
  const signature = made.record.slice(64);
  assert.equal(verifyEd25519(key, signature, message), true);
  signature[3] = (signature[3] ?? 0) ^ 1;
  assert.equal(verifyEd25519(key, signature, message), false);
  assert.equal(verifyEd25519(new Uint8Array(32).fill(255), signature, message), false);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', made.bytes));
  assert.deepEqual(new Uint8Array(sha256(made.bytes)), digest);
});

test('the book verifies each record once, forgets lies and old ones', async () => {
  const book = new RecordBook(publicKey, 2);
  const [a, b, c] = [makeChunk(2000, { part: 0 }), makeChunk(2000, { part: 1 }), makeChunk(2000, { part: 2 })];
  const entry = book.note('u/a', a.text, 500, { msn: 12, part: 0 });
  assert.ok(entry);
  assert.equal(entry.truth, null);
  assert.equal(await entry.verified, true);
  assert.equal(entry.truth, true);
  assert.equal(book.note('u/a', a.text, 900, { msn: 12, part: 0 }), null);
  assert.equal(entry.age, 900);

  const lie = b.record.slice();
  lie[33] = (lie[33] ?? 0) ^ 1;
  const lying = book.note('u/b', Buffer.from(lie).toString('base64'), 0, { msn: 12, part: 1 });
  assert.equal(await lying?.verified, false);
  assert.equal(book.get('u/b'), undefined);
  assert.equal(await book.note('u/b', b.text, 0, { msn: 12, part: 1 })?.verified, true);

  book.note('u/c', c.text, 0, { msn: 12, part: 2 });
  assert.equal(book.get('u/a'), undefined);
  assert.ok(book.get('u/b') && book.get('u/c'));
});

test('a true record that stands elsewhere is a replay, and dropped', async () => {
  const book = new RecordBook(publicKey);
  const old = makeChunk(2000, { msn: 12, part: 1 });
  const init = makeChunk(2000, { msn: 3, part: 0, kind: 2 });
  const refused: [string, string, { msn: number; part: number } | null][] = [
    ['a later segment', old.text, { msn: 13, part: 1 }],
    ['another part', old.text, { msn: 12, part: 2 }],
    ['a part as init segment', old.text, null],
    ['an init segment as part', init.text, { msn: 3, part: 0 }],
  ];
  for (const [name, text, place] of refused) {
    assert.equal(book.note('u/x', text, 0, place), null, name);
    assert.equal(book.get('u/x'), undefined, name);
  }
  assert.equal(await book.note('u/init', init.text, 0, null)?.verified, true);
  assert.equal(await book.note('u/old', old.text, 0, { msn: 12, part: 1 })?.verified, true);
  assert.equal(book.note('u/old', old.text, 0, { msn: 13, part: 1 }), null, 'listed again at another place');
  assert.equal(book.get('u/old'), undefined);
});

test('the init segment that a delta playlist leaves out stays listed', async () => {
  const book = new RecordBook(publicKey);
  const [init, part, next] = [makeChunk(2000, { msn: 3, part: 0, kind: 2 }), makeChunk(2000, { part: 0 }), makeChunk(2000, { part: 1 })];
  const list = (head: string, ...lines: string[]): string => ['#EXTM3U', '#EXT-X-MEDIA-SEQUENCE:2', ...head.split('|'), ...lines, ''].join('\n');
  const parts = [part, next].map(({ text }, n) => `#EXT-X-PART:DURATION=0.3,URI="s12.${n}.m4s"\n#EXT-X-SHOAL-RECORD:${text}`);
  const map = `#EXT-X-MAP:URI="init3.mp4"|#EXT-X-SHOAL-RECORD:${init.text}`;
  let skipped = '';
  for (let msn = 2; msn < 12; msn++) skipped += `${skipped && '|'}#EXTINF:2,|s${msn}.m4s`;
  const listed = async (text: string): Promise<string[]> => {
    await book.read(text, 'http://edge/index.m3u8', () => undefined);
    return book.listed().map(({ uri }) => uri.replace('http://edge/', ''));
  };
  assert.deepEqual((await listed(list(`${map}|${skipped}`, parts[0] ?? ''))).sort(), ['init3.mp4', 's12.0.m4s']);
  assert.deepEqual((await listed(list('#EXT-X-SKIP:SKIPPED-SEGMENTS=10', ...parts))).sort(), ['init3.mp4', 's12.0.m4s', 's12.1.m4s']);
  assert.deepEqual((await listed(list(skipped, ...parts))).sort(), ['s12.0.m4s', 's12.1.m4s'], 'a whole playlist without one has none');
});

test('base64 with and without padding', () => {
  assert.deepEqual(fromBase64('AQI='), new Uint8Array([1, 2]));
  assert.deepEqual(fromBase64(' AQI '), new Uint8Array([1, 2]));
  assert.equal(fromBase64('A'), null);
});
