// nginx in front of two edges and two trackers, as docs/nginx.conf has it: viewers come by TLS, join the swarm through it, and what is held is held through
// it too, at a price for the origin that does not depend on how many they are.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch, noStalls } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { Process, run } from '../harness/process.mjs';
import { edge, folder, origin, port, program, redis, tracker } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const lacking = ['/usr/sbin/nginx', '/usr/bin/openssl'].filter((path) => !existsSync(path));
const READERS = 100;

/** Asks by HTTPS, of whomever answers: {status, headers, body}. */
const ask = (url) => new Promise((resolve, reject) => {
  const asking = request(url, { rejectUnauthorized: false, agent: false }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (text) => (body += text)).on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
  });
  asking.on('error', reject).end();
});

test('behind nginx', { timeout: 120_000, skip: lacking.length > 0 ? `${lacking.join(' and ')} missing (Debian: apt install nginx-light openssl)` : false }, async (t) => {
  const at = folder('nginx');
  const shoal = async (...args) => {
    const { code, output } = await run('shoal', program, args);
    assert.equal(code, 0, output);
    return output.trim();
  };
  const keys = join(at, 'keys.json');
  await shoal('token', 'key', '-key', keys);
  const ticket = () => shoal('token', 'make', '-key', keys, '-stream', 'demo');
  const locked = ['-viewer-key', keys];

  const https = port();
  const pages = `https://127.0.0.1:${https}`;
  const source = await origin(t, { stream: 'demo' });
  const store = await redis(t);
  const [edges, trackers] = [[], []];
  for (let i = 0; i < 2; i++) {
    edges.push(await edge(t, { origin: source, tracker: '/tracker', args: locked }));
    trackers.push(await tracker(t, { pages, args: [...locked, '-redis', store.url, '-address-header', 'X-Forwarded-For'] }));
  }

  // The file as it is, with this test's addresses and folders.
  let conf = readFileSync(new URL('../../docs/nginx.conf', import.meta.url), 'utf8');
  const put = (from, to) => {
    assert.ok(conf.includes(from), `docs/nginx.conf has no ${from}`);
    conf = conf.replaceAll(from, to);
  };
  for (const i of [0, 1]) {
    put(`10.0.0.${2 + i}:8080`, `127.0.0.1:${edges[i].ports.http}`);
    put(`10.0.0.${2 + i}:8082`, `127.0.0.1:${trackers[i].ports.http}`);
  }
  put('listen 443 ssl http2', `listen ${https} ssl http2`);
  put('/etc/ssl/tv.example', join(at, 'tv'));
  put('/var/log/nginx', at);
  mkdirSync(join(at, 'temporary'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(at, 'temporary', name)};`).join('\n');
  writeFileSync(join(at, 'nginx.conf'), `daemon off; pid ${join(at, 'pid')}; error_log stderr; events { worker_connections 4096; }\nhttp {\n${temporary}\n${conf}\n}\n`);
  const made = await run('openssl', 'openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=tv.example',
    '-keyout', join(at, 'tv.key'), '-out', join(at, 'tv.pem')]);
  assert.equal(made.code, 0, made.output);
  const proxy = new Process('nginx', 'nginx', ['-c', join(at, 'nginx.conf'), '-p', at]);
  atEnd(t, () => proxy.end('SIGQUIT', 10));

  push(t, `${source.rtmp}/${source.key}`, demoClip, { loop: true });
  for (const one of edges) await one.live('demo');
  await until('nginx to answer', async () => (await ask(`${pages}/healthz`)).status === 200, { seconds: 10 });

  // Viewers: over TLS, with tokens, in one swarm.
  const browser = await launch(t, { args: ['--ignore-certificate-errors'] });
  const viewers = [];
  for (let i = 0; i < 2; i++) viewers.push(await browser.open(`${pages}/watch/demo#token=${await ticket()}`, { ignoreHTTPSErrors: true }));
  for (const viewer of viewers) await viewer.moving();
  await until('them to be linked', async () => {
    const stats = await Promise.all(viewers.map((v) => v.stats()));
    return stats.every((s) => s.p2p === 'on' && s.peers === 1 && s.bytesFromPeers > 0);
  }, { seconds: 25 });
  await noStalls(t, viewers, 'behind nginx');
  await Promise.all(viewers.map((viewer) => viewer.close()));

  // Held reloads: each edge holds its own, and asks once.
  const text = await ticket();
  const list = await ask(`${pages}/live/demo/v0/index.m3u8?token=${text}`);
  assert.match(String(list.headers['set-cookie']), /; Secure; SameSite=None; Partitioned/);
  assert.match(list.headers['cache-control'], /^private,/);
  const msn = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(list.body)[1]) + list.body.match(/#EXTINF/g).length + 1; // what begins only in a while
  const fills = async () => (await Promise.all(edges.map((one) => one.metrics()))).reduce((sum, m) => sum + m.sum('shoal_edge_fills_total'), 0);
  const before = await fills();
  const held = await Promise.all(Array.from({ length: READERS }, () => ask(`${pages}/live/demo/v0/index.m3u8?_HLS_msn=${msn}&_HLS_part=0&token=${text}`)));
  assert.ok(held.every((answer) => answer.status === 200 && answer.body.includes(`/s${msn}.0.m4s`)), 'not all were answered when it came');
  const cost = (await fills()) - before;
  t.diagnostic(`${READERS} held reloads through nginx cost ${cost} requests to the origin, of two edges`);
  const parts = 8; // until it comes, at the most: an edge asks for one after the other, and fetches those that are hinted at for viewers that were just here
  assert.ok(cost <= edges.length * 2 * parts, `${cost} requests to the origin`);
  assert.ok(!/token|eyJ/.test(readFileSync(join(at, 'shoal.log'), 'utf8')), 'a token stands in the log');
});
