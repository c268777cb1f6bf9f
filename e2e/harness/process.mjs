// A child process: its output kept for the test and written to logs/, its end awaited, by its own pid and no other.

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { until } from './until.mjs';

export const logs = fileURLToPath(new URL('../logs', import.meta.url));
export const scratch = process.env.SHOAL_E2E_SCRATCH;
if (!scratch) throw new Error('start the tests with ./run, which makes the network namespace that they need');

const test = basename(process.argv[1], '.test.mjs');
const alive = new Set();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export class Process {
  #child;
  #out = '';
  #exit = null;

  constructor(name, command, args, { env = {} } = {}) {
    this.name = name;
    this.command = [command, ...args].join(' ');
    const log = createWriteStream(join(logs, `${test}-${name}.log`), { flags: 'a' });
    log.write(`$ ${this.command}\n`);
    const child = (this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }));
    alive.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        this.#out += text;
        log.write(text);
      });
    }
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#out += `${error}\n`;
      });
      child.on('close', (code, signal) => {
        alive.delete(child);
        log.end(`ended: ${code ?? signal}\n`);
        resolve((this.#exit = { code, signal }));
      });
    });
  }

  /** All that it has written to standard output and standard error. */
  get output() {
    return this.#out;
  }

  /** How it ended: {code, signal}; null while it runs. */
  get exit() {
    return this.#exit;
  }

  get pid() {
    return this.#child.pid;
  }

  get running() {
    return this.#exit === null;
  }

  /** Waits for output that matches, and returns the match. */
  line(pattern, seconds = 10) {
    return until(`${this.name} to print ${pattern}`, () => {
      const found = pattern.exec(this.#out);
      if (!found && this.#exit) throw new Error(`${this.name} ended before: ${this.#out.slice(-2000)}`);
      return found;
    }, { seconds, every: 20 });
  }

  /** Sends a signal, waits for the end and returns it; after so many seconds it is killed. */
  async end(signal = 'SIGTERM', seconds = 10) {
    if (this.#exit) return this.#exit;
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), seconds * 1000);
    const exit = await this.ended;
    clearTimeout(timer);
    return exit;
  }
}

/** Runs a program to its end; returns {code, signal, output}. */
export async function run(name, command, args, { seconds = 60 } = {}) {
  const child = new Process(name, command, args);
  const timer = setTimeout(() => void child.end('SIGKILL'), seconds * 1000);
  const exit = await child.ended;
  clearTimeout(timer);
  return { ...exit, output: child.output };
}
