// Shoal's processes: all in one (`shoal up`), or origin, edge and tracker each alone, for faults. Each gets free
// ports and a data directory of its own, and ends with the test: with status 0, or the test fails.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { atEnd } from './ends.mjs';
import { Metrics } from './metrics.mjs';
import { Process, run, scratch } from './process.mjs';
import { until } from './until.mjs';

export const program = process.env.SHOAL_BIN;

// The namespace is the run's own, and below the ephemeral ports nobody else listens. Test files may run at the same time: each has a hundred
// ports of its own.
const files = readdirSync(new URL('../test/', import.meta.url)).sort();
let nextPort = 20000 + 100 * (files.indexOf(basename(process.argv[1])) + 1);
export const port = () => nextPort++;

export const folder = (name) => mkdtempSync(join(scratch, `${name}-`));

/** One running service. */
class Service {
  constructor(t, name, args, ports, env) {
    this.ports = ports;
    this.process = new Process(name, program, args, { env });
    atEnd(t, () => this.stop());
  }

  get base() {
    return `http://127.0.0.1:${this.ports.http}`;
  }

  ready(seconds = 15) {
    return until(`${this.process.name} to be ready`, async () => {
      if (!this.process.running) throw new Error(`it ended: ${this.process.output.slice(-2000)}`);
      return (await fetch(`${this.base}/readyz`)).ok;
    }, { seconds, every: 50 });
  }

  async metrics() {
    const answer = await fetch(`http://127.0.0.1:${this.ports.admin}/metrics`);
    assert.equal(answer.status, 200, 'metrics');
    return new Metrics(await answer.text());
  }

  async stream(name) {
    const answer = await fetch(`${this.base}/api/v1/streams/${name}`);
    return answer.ok ? answer.json() : null;
  }

  /** Waits until the stream can be played; returns what the API says of it. */
  live(name, seconds = 15) {
    return until(`${name} to be live`, async () => {
      const stream = await this.stream(name);
      return stream?.state === 'live' && stream.renditions?.length > 0 && stream;
    }, { seconds, every: 50 });
  }

  /** Ends it as Ctrl-C would. Nothing is asked of one that was killed before. */
  async stop() {
    if (this.killed) return;
    const began = Date.now();
    const exit = await this.process.end('SIGTERM', 10);
    assert.deepEqual(exit, { code: 0, signal: null },
      `${this.process.name} ended after ${Date.now() - began} ms with ${JSON.stringify(exit)}: ${this.process.output.slice(-2000)}`);
  }

  async kill() {
    this.killed = true;
    await this.process.end('SIGKILL');
  }
}

/**
 * Starts `shoal up`. What it printed is in `printed`, and `key` is the publish key for `stream`. Its pages ask no viewer, unless another mode
 * is named; with null it is not told.
 */
export async function up(t, { demo = true, stream = 'mystream', p2p = 'on', args = [], env = {} } = {}) {
  const ports = { http: port(), admin: port(), rtmp: port(), webrtc: port(), stun: port() };
  const data = folder('data');
  const shoal = new Service(t, 'up', [
    'up', `-demo=${demo}`, '-stream', stream, '-data', data, '-http', `:${ports.http}`, '-rtmp', `:${ports.rtmp}`,
    '-webrtc', `:${ports.webrtc}`, '-stun', `:${ports.stun}`, '-admin', `127.0.0.1:${ports.admin}`, ...mode(p2p), ...args,
  ], ports, env);
  const [, key] = await shoal.process.line(/^ *Key +(\S+)$/m, 15);
  await shoal.ready();
  const printed = (label) => new RegExp(`^ *${label} +(.*)$`, 'm').exec(shoal.process.output)?.[1];
  return Object.assign(shoal, { key, data, rtmp: `rtmp://127.0.0.1:${ports.rtmp}/live`, printed });
}

export const originPorts = () => ({ http: port(), admin: port(), rtmp: port(), webrtc: port() });

/** Starts an origin alone, with a publish key for `stream`. */
export async function origin(t, { stream = 'demo', data = folder('origin'), ports = originPorts(), args = [] } = {}) {
  const service = new Service(t, 'origin', [
    'origin', '-data', data, '-http', `127.0.0.1:${ports.http}`, '-rtmp', `127.0.0.1:${ports.rtmp}`,
    '-webrtc', `127.0.0.1:${ports.webrtc}`, '-admin', `127.0.0.1:${ports.admin}`, ...args,
  ], ports);
  await service.ready();
  const key = await addKey(data, stream);
  return Object.assign(service, { data, key, rtmp: `rtmp://127.0.0.1:${ports.rtmp}/live` });
}

/** Makes a publish key as an operator would. */
export async function addKey(data, stream) {
  const { code, output } = await run('key', program, ['key', 'add', '-data', data, stream]);
  assert.equal(code, 0, `shoal key add: ${output}`);
  const found = /^\s*(?:[Kk]ey:?\s+)?(\S{20,})\s*$/m.exec(output);
  assert.ok(found, `no key in: ${output}`);
  return found[1];
}

/** Removes all keys of a stream, as an operator does. */
export const removeKeys = (data, stream) => run('key', program, ['key', 'remove', '-data', data, stream]);

/** Starts an edge alone. Its pages are as those of up. */
export async function edge(t, { origin, tracker, ports = { http: port(), admin: port() }, p2p = 'on', args = [] }) {
  const service = new Service(t, 'edge', [
    'edge', '-http', `127.0.0.1:${ports.http}`, '-admin', `127.0.0.1:${ports.admin}`, '-origins', origin.base,
    '-tracker', tracker, ...mode(p2p), ...args,
  ], ports);
  await service.ready();
  return service;
}

const mode = (p2p) => (p2p ? ['-p2p', p2p] : []);

/** Starts a redis-server, where trackers meet: {url, kill, start}. What is started again is empty. */
export async function redis(t) {
  const at = port();
  const args = ['--port', `${at}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder('redis')];
  let server;
  const start = async () => {
    server = new Process('redis', 'redis-server', args);
    await server.line(/Ready to accept connections/, 15);
  };
  atEnd(t, () => server.end('SIGTERM', 10));
  await start();
  return { url: `redis://127.0.0.1:${at}`, start, kill: () => server.end('SIGKILL') };
}

/** Starts a tracker alone, for pages of one edge. */
export async function tracker(t, { pages, ports = { http: port(), admin: port(), stun: port() }, args = [] }) {
  const service = new Service(t, 'tracker', [
    'tracker', '-http', `127.0.0.1:${ports.http}`, '-admin', `127.0.0.1:${ports.admin}`, '-stun', `127.0.0.1:${ports.stun}`,
    '-allow-origin', pages, '-share-network', '10.0.0.0/8,127.0.0.0/8', ...args,
  ], ports);
  await service.ready();
  return service;
}
