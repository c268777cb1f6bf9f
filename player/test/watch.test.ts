// The watch on a playlist, with an edge and a scheduler that are told what to say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watch } from '../src/watch.ts';
import { makeChunk, publicKey } from './make.ts';

const BASE = 'http://edge/live/demo/v0/';
const EPOCH = 1_700_000_000;

// playlist lists segment 1, and so many parts of segment 2.
function playlist(parts: number, rendition = 0): string {
  const part = (msn: number, n: number): string[] => [
    `#EXT-X-PART:DURATION=0.33333,URI="${EPOCH}/s${msn}.${n}.m4s"`, `#EXT-X-SHOAL-RECORD:${makeChunk(3000, { msn, part: n, rendition }).text}`,
  ];
  return [
    '#EXTM3U', '#EXT-X-TARGETDURATION:1', '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1', '#EXT-X-PART-INF:PART-TARGET=0.334',
    '#EXT-X-MEDIA-SEQUENCE:1', ...[0, 1, 2].flatMap((n) => part(1, n)), '#EXTINF:1.00000,', `${EPOCH}/s1.m4s`,
    ...Array.from({ length: parts }, (_, n) => part(2, n)).flat(), `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${EPOCH}/s2.${parts}.m4s"`, '',
  ].join('\n');
}

const until = async (done: () => boolean): Promise<void> => {
  for (const last = performance.now() + 5000; performance.now() < last && !done(); ) await new Promise((resolve) => setImmediate(resolve));
};

interface World {
  watch: Watch;
  log: string[];
  peers: boolean;
  together: boolean; // with one of them that watches the same
  again: boolean; // the scheduler asks for the next reload at once
  edge: ((text: string | null) => Promise<void>)[]; // the requests that it holds
  follow(part: number): Promise<void> | null;
  take(part: number, bend?: boolean): Promise<void>;
}

function world({ key = publicKey } = {}): World {
  const log: string[] = [];
  const edge: World['edge'] = [];
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
  const watch: Watch = new Watch({
    reload: (url) => new Promise((resolve, reject) => {
      log.push(`edge ${new URL(url).search}`);
      edge.push((text) => {
        if (text === null) reject(new Error('no'));
        else resolve(text);
        return settle();
      });
    }),
    ahead: (url) => void log.push(`ahead ${url.replace(BASE, '')}`),
  }, new AbortController().signal, {
    learn: (entry) => void log.push(`learn ${entry.record.msn}.${entry.record.part}`),
    rendition: () => void log.push(`rendition ${watch.rendition}`),
    reloaded: (ok) => {
      log.push(`reloaded ${ok}`);
      if (w.again) void watch.reload();
      watch.look(); // as the loop does after every call
    },
    taken: (_peer, _bytes, record) => {
      log.push(record ? `true ${record.msn}.${record.part}` : 'false');
      if (record) log.push(`at ${watch.enter(record).uri.replace(BASE, '')}`);
    },
    swarming: () => w.peers,
    together: () => w.together,
  });
  const w: World = {
    watch, log, edge,
    peers: false,
    together: true,
    again: false,
    follow: (part) => {
      const asked = watch.follow(`${BASE}index.m3u8?_HLS_msn=2&_HLS_part=${part}`, new AbortController().signal);
      return asked && asked.then(({ text }) => void log.push(`hls.js ${/HINT.*\/(s[\d.]+)\.m4s/.exec(text)?.[1]}`), () => void log.push('hls.js to the edge'));
    },
    take: (part, bend = false) => {
      const record = makeChunk(3000, { msn: 2, part }).record;
      if (bend) record[40] = (record[40] ?? 0) ^ 1;
      return watch.take(7, record);
    },
  };
  watch.open(key);
  return w;
}

// ready returns a world that has read a playlist with one part of segment 2, and an empty log.
async function ready(options: { key?: string } = {}): Promise<World> {
  const w = world(options);
  w.watch.loaded(`${BASE}index.m3u8`, playlist(1));
  await until(() => w.log.length >= 4 || options.key !== undefined);
  w.log.length = 0;
  return w;
}

test('a true record of a peer is entered, carries the playlist on, and answers hls.js', async () => {
  const w = await ready();
  w.peers = true;
  const asked = w.follow(1);
  await w.take(1);
  await asked;
  assert.deepEqual(w.log, ['true 2.1', `at ${EPOCH}/s2.1.m4s`, 'hls.js s2.2']);
  assert.equal(w.watch.answered, 1);
  const [entry] = w.watch.book?.of(`${BASE}${EPOCH}/s2.1.m4s`) ?? [];
  assert.equal(entry?.truth, true);
  await w.take(2);
  await w.watch.take(7, makeChunk(3000, { msn: 3, part: 0 }).record);
  await w.follow(2);
  assert.deepEqual(w.log.slice(-1), ['hls.js s3.1']);
  assert.equal(w.watch.book?.of(`${BASE}${EPOCH}/s2.m4s`)?.length, 3, 'a segment is known by its parts');
});

test('what the scheduler is likely to fetch is asked for beside the reload, where the playlist tells where it is', async () => {
  const w = await ready();
  void w.watch.reload(true);
  assert.deepEqual(w.log, [`ahead ${EPOCH}/s2.1.m4s`, 'edge ?_HLS_msn=2&_HLS_part=1']);
  const early = world();
  void early.watch.reload(true);
  assert.deepEqual(early.log, []);
});

test('a false record is told, counted, and entered nowhere', async () => {
  const w = await ready();
  await w.take(1, true);
  await w.watch.take(7, new Uint8Array(128));
  assert.deepEqual(w.log, ['false', 'false']);
  assert.equal(w.watch.refused, 2);
  assert.equal(w.watch.book?.of(`${BASE}${EPOCH}/s2.1.m4s`), null);
  const stranger = await ready({ key: Buffer.alloc(32, 3).toString('base64') });
  await stranger.take(1);
  assert.deepEqual(stranger.log, ['false']);
  stranger.peers = true;
  assert.equal(stranger.follow(1), null, 'nothing would ever come');
});

test('a record that has no place here has no URI', async () => {
  const w = await ready();
  for (const odd of [{ epoch: EPOCH + 1 }, { rendition: 2 }, { kind: 2 }]) {
    await w.watch.take(7, makeChunk(3000, { msn: 2, part: 1, ...odd }).record);
    assert.equal(w.log.at(-1), 'at ');
  }
  assert.equal(await w.follow(1), null);
});

test('hls.js asks the edge itself where there are no peers', async () => {
  const w = await ready();
  assert.equal(w.follow(1), null);
  w.peers = true;
  const asked = w.follow(1);
  w.peers = false;
  w.watch.look();
  await asked;
  assert.deepEqual(w.log, ['hls.js to the edge']);
});

test('a reload asks for what follows, is learned before it is told, and answers hls.js', async () => {
  const w = await ready();
  void w.watch.reload();
  const asked = w.follow(1);
  await w.edge[0]?.(playlist(2));
  await asked;
  await until(() => w.log.includes('reloaded true'));
  assert.deepEqual([...w.log].sort(), ['edge ?_HLS_msn=2&_HLS_part=1', 'hls.js s2.2', 'learn 2.1', 'reloaded true']);
  assert.ok(w.log.indexOf('learn 2.1') < w.log.indexOf('reloaded true'));
});

test('alone, hls.js and the scheduler share each reload', async () => {
  const w = await ready();
  w.again = true;
  void w.watch.reload();
  for (let part = 1; part < 5; part++) {
    const asked = w.follow(part);
    assert.ok(asked, `part ${part}`);
    await w.edge[part - 1]?.(playlist(part + 1));
    await asked;
    const next = w.follow(part + 1); // at once, while what came is verified
    assert.ok(next, `after part ${part}`);
    await until(() => w.edge.length > part);
    w.watch.look();
  }
  assert.equal(w.log.filter((line) => line.startsWith('edge')).length, 5);
  assert.ok(!w.log.includes('hls.js to the edge'), w.log.join());
});

test('alone, who has waited in vain and asks the edge by itself asks for both', async () => {
  const w = await ready();
  void w.watch.reload();
  const asked = w.follow(1);
  await until(() => w.log.includes('hls.js to the edge'));
  await asked;
  await w.edge[0]?.(playlist(2));
  await until(() => w.log.includes('reloaded true'));
  void w.watch.reload();
  assert.equal(w.edge.length, 1, 'hls.js asks already');
  w.watch.loaded(`${BASE}index.m3u8`, playlist(3));
  await until(() => w.log.filter((line) => line === 'reloaded true').length === 2);
  assert.equal(w.log.filter((line) => line === 'reloaded true').length, 2);
  w.peers = true;
  w.together = false;
  void w.watch.reload();
  assert.equal(w.edge.length, 1, 'nor where the others watch something else');
  w.watch.loaded(`${BASE}index.m3u8`, playlist(3));
  await until(() => w.log.filter((line) => line === 'reloaded true').length === 3);
  w.together = true;
  void w.watch.reload();
  assert.equal(w.edge.length, 2, 'others rely on what is asked for in a swarm');
});

test('only one reload is under way; one that fails gives hls.js back, if there are no peers', async () => {
  for (const peers of [false, true]) {
    const w = await ready();
    w.peers = peers;
    void w.watch.reload();
    void w.watch.reload();
    assert.equal(w.edge.length, 1);
    const asked = w.follow(1);
    await w.edge[0]?.(null);
    assert.equal(w.log.at(-1), peers ? 'reloaded false' : 'hls.js to the edge');
    if (peers) await w.take(1);
    await asked;
    assert.equal(w.log.at(-1), peers ? 'hls.js s2.2' : 'hls.js to the edge');
  }
});

test('where a playlist cannot be carried on, the reload is that of hls.js', async () => {
  const w = world();
  w.watch.loaded(`${BASE}index.m3u8`, playlist(1).replace('#EXTINF', '#EXT-X-DATERANGE:ID="a"\n#EXTINF'));
  void w.watch.reload();
  assert.equal(w.edge.length, 0);
  w.peers = true;
  assert.equal(w.follow(1), null);
  w.watch.loaded(`${BASE}index.m3u8`, playlist(2));
  await until(() => w.log.includes('reloaded true'));
  assert.ok(w.log.includes('reloaded true'));
  void w.watch.reload();
  assert.equal(w.edge.length, 1, 'and then it is ours again');
});

test('it is told which rendition is watched', async () => {
  const w = await ready();
  w.watch.loaded('http://edge/live/demo/v3/index.m3u8', playlist(1, 3));
  assert.deepEqual(w.log, ['rendition 3']);
});

test('a reload that comes after hls.js has gone over to another rendition is not read', async () => {
  for (const gone of ['asked', 'loaded']) {
    const other = 'http://edge/live/demo/v3/index.m3u8';
    const w = await ready();
    void w.watch.reload();
    if (gone === 'asked') w.watch.follow(`${other}?_HLS_msn=2&_HLS_part=1`, new AbortController().signal);
    else w.watch.loaded(other, playlist(1, 3));
    await w.edge[0]?.(playlist(2));
    await until(() => w.log.includes('reloaded true'));
    assert.ok(!w.log.includes('learn 2.1'), `${gone}: ${w.log}`);
    assert.equal(w.watch.rendition, gone === 'asked' ? 0 : 3);
  }
});

test('the end ends all: who waits, and what is being verified', async () => {
  const w = await ready();
  w.peers = true;
  const asked = w.follow(1);
  const taking = w.take(1);
  void w.watch.reload();
  w.watch.close();
  await Promise.all([asked, taking]);
  assert.deepEqual(w.log, ['edge ?_HLS_msn=2&_HLS_part=1', 'hls.js to the edge']);
  assert.equal(w.follow(1), null);
  w.watch.loaded(`${BASE}index.m3u8`, playlist(2));
  assert.equal(w.follow(1), null);
  assert.equal(w.watch.book, null);
});
