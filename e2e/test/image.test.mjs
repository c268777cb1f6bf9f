// The image that the Dockerfile makes, as an engine runs it: origin, two edges and two trackers that meet in a real Redis, without a shell, a
// root, a capability or a file system to write to. Viewers play through it, and need a token.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch, noStalls } from '../harness/browser.mjs';
import { engine, without } from '../harness/engine.mjs';
import { crowding } from '../harness/machine.mjs';
import { Metrics } from '../harness/metrics.mjs';
import { run } from '../harness/process.mjs';
import { folder, port, program, redis } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const lacking = await without();

test('the image runs all services, and viewers play through them', { timeout: 240_000, skip: lacking || false }, async (t) => {
  const { build, must, start } = await engine(t);
  const began = Date.now();
  await build(fileURLToPath(new URL('../..', import.meta.url)));
  t.diagnostic(`built in ${Date.now() - began} ms, ${Math.round(Number(await must('image', 'inspect', '-f', '{{.Size}}', 'shoal')) / 1e6)} MB`);
  assert.equal(await must('image', 'inspect', '-f', '{{.Config.User}}', 'shoal'), '65532:65532');

  const secrets = folder('keys');
  const shoal = async (...args) => {
    const { code, output } = await run('shoal', program, args);
    assert.equal(code, 0, output);
    return output.trim();
  };
  await shoal('token', 'key', '-key', join(secrets, 'site.json'));
  writeFileSync(join(secrets, 'viewers.json'), await shoal('token', 'public', '-key', join(secrets, 'site.json')));
  chmodSync(secrets, 0o755); // the image's user is another
  const mounts = [`${join(secrets, 'viewers.json')}:/keys/viewers.json:ro`];
  const ticket = () => shoal('token', 'make', '-key', join(secrets, 'site.json'), '-stream', 'demo');
  const locked = { SHOAL_VIEWER_KEY: '/keys/viewers.json' };

  const store = await redis(t);
  const at = { origin: port(), rtmp: port(), webrtc: port(), edge1: port(), edge2: port(), tracker1: port(), tracker2: port() };
  const admin = { origin: port(), edge1: port(), edge2: port(), tracker1: port(), tracker2: port() };
  const pages = [1, 2].map((n) => `http://127.0.0.1:${at[`edge${n}`]}`);
  const origin = await start('origin', 'origin', {
    env: { SHOAL_HTTP: `127.0.0.1:${at.origin}`, SHOAL_RTMP: `:${at.rtmp}`, SHOAL_WEBRTC: `:${at.webrtc}`, SHOAL_ADMIN: `:${admin.origin}` },
    mounts: ['origin:/data'],
  });
  const services = [origin];
  for (const n of [1, 2]) {
    services.push(await start(`tracker${n}`, 'tracker', { mounts, env: {
      ...locked, SHOAL_HTTP: `:${at[`tracker${n}`]}`, SHOAL_STUN: `:${port()}`, SHOAL_ADMIN: `:${admin[`tracker${n}`]}`, SHOAL_REDIS: store.url,
      SHOAL_ALLOW_ORIGIN: pages.join(), SHOAL_SHARE_NETWORK: '10.0.0.0/8,127.0.0.0/8', SHOAL_TOKEN_VIEWERS: '4',
    } }));
    services.push(await start(`edge${n}`, 'edge', { mounts, env: {
      ...locked, SHOAL_HTTP: `:${at[`edge${n}`]}`, SHOAL_ADMIN: `:${admin[`edge${n}`]}`, SHOAL_ORIGINS: `http://127.0.0.1:${at.origin}`, SHOAL_P2P: 'on',
      SHOAL_TRACKER: `ws://127.0.0.1:${at[`tracker${n}`]}/tracker`,
    } }));
  }
  for (const service of services) await service.healthy();
  assert.match(await origin.exec('check'), /ready/);

  const key = /^\s*(?:[Kk]ey:?\s+)?(\S{20,})\s*$/m.exec(await origin.exec('key', 'add', 'demo'))?.[1];
  assert.ok(key, 'no publish key');
  push(t, `rtmp://127.0.0.1:${at.rtmp}/live/${key}`, demoClip, { loop: true });
  await until('the stream to be live', async () => {
    const answer = await fetch(`${pages[1]}/api/v1/streams/demo`);
    return answer.ok && (await answer.json()).state === 'live';
  }, { seconds: 20 });

  // Three viewers at each edge, and a page at the first: one swarm, over both trackers.
  const browser = await launch(t);
  const page = await browser.open(`${pages[0]}/watch/demo#token=${await ticket()}`);
  await page.moving();
  const watching = pages.map(async (base) => {
    const { code, output } = await run('watch', program, ['watch', '-n', '3', '-seconds', '15', '-json', `${base}/watch/demo#token=${await ticket()}`]);
    assert.equal(code, 0, output);
    return JSON.parse(output.trim().split('\n').at(-1));
  });
  await until('the page to get media of peers', async () => (await page.stats()).bytesFromPeers > 0, { seconds: 20 });
  const swarm = await until('all to be of one swarm', async () => {
    const { streams } = await (await fetch(`http://127.0.0.1:${at.tracker1}/api/v1/swarm`)).json();
    const all = streams?.find((s) => s.name === 'demo')?.swarm;
    return all?.viewers === 7 && all;
  }, { seconds: 20 });
  t.diagnostic(`one swarm: ${JSON.stringify(swarm)}`);
  const reports = await Promise.all(watching);
  for (const [i, got] of reports.entries()) {
    t.diagnostic(`edge ${i + 1}: offload ${got.offload}, copies ${got.copies}, stalls ${got.stalls} (${got.stalledSeconds} s), latency ${got.latencySeconds} s; ${crowding()}`);
    assert.deepEqual([got.viewers, got.failed, got.refused, got.badBytesPlayed], [3, 0, 0, 0]);
    assert.ok(got.offload > 0.3, `offload ${got.offload}`);
    assert.ok(got.stalledSeconds < 0.5, `viewers stalled for ${got.stalledSeconds} s`); // as elsewhere, less of it is the machine's
  }
  await noStalls(t, [page], 'through the image');
  await page.close();

  // Strangers get nothing, and every service tells its metrics to whoever reaches its admin listener.
  assert.equal((await fetch(`${pages[0]}/live/demo/index.m3u8`)).status, 401);
  for (const [name, number] of Object.entries(admin)) {
    const answer = await fetch(`http://127.0.0.1:${number}/metrics`);
    assert.ok(new Metrics(await answer.text()).sum('go_goroutines') > 0, name);
  }
  for (const service of services.reverse()) assert.equal(await service.stop(), 0, `${service.name} ended badly`);
});
