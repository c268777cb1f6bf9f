// Chromium as the benchmarks drive it: by its debugging pipe, and asked only what is measured. Playwright, which the
// tests use, follows every request of every page. That costs the browser time in proportion to the requests, and just
// that is compared here.

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

import { flags } from '../harness/browser.mjs';
import { logs } from '../harness/process.mjs';
import { folder } from '../harness/shoal.mjs';

const SMALL = { width: 160, height: 160 }; // to draw the picture larger would cost more than to decode it
const PATIENCE = 15; // seconds; a page that says nothing for so long hangs
const alive = new Set();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

let count = 0;

export class Chromium {
  #child;
  #pipe;
  #rest = [];
  #last = 0;
  #waiting = new Map();
  #said = '';

  /** Starts a Chromium without a window, in the network namespace at that path if one is given. */
  constructor({ namespace = null, args = [] } = {}) {
    this.name = `chromium${++count}`;
    const command = [
      ...(namespace ? ['nsenter', `--net=${namespace}`] : []), process.env.CHROMIUM ?? '/usr/bin/chromium', ...flags, '--mute-audio',
      '--disable-dev-shm-usage', '--disable-extensions', '--no-default-browser-check', '--no-startup-window', '--remote-debugging-pipe',
      `--user-data-dir=${folder('profile')}`, ...args,
    ];
    const child = (this.#child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] }));
    alive.add(child);
    const log = createWriteStream(join(logs, `${this.name}.log`), { flags: 'a' });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        this.#said = (this.#said + text).slice(-2000);
        log.write(text);
      });
    }
    this.#pipe = child.stdio[3];
    this.#pipe.on('error', () => {}); // it ended: the commands that wait are told below
    child.stdio[4].on('data', (bytes) => this.#read(bytes));
    this.ended = new Promise((resolve) => {
      const over = (reason) => {
        alive.delete(child);
        log.end();
        for (const { reject } of this.#waiting.values()) reject(new Error(`${this.name} ended (${reason}): ${this.#said}`));
        this.#waiting.clear();
        resolve();
      };
      child.on('error', over);
      child.on('close', (code, signal) => over(code ?? signal));
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Runs one command of the DevTools protocol and returns its result. */
  command(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${this.name} did not answer ${method} within ${PATIENCE} s`));
      }, PATIENCE * 1000);
      const settle = (how) => (value) => {
        clearTimeout(timer);
        how(value);
      };
      this.#waiting.set(id, { method, resolve: settle(resolve), reject: settle(reject) });
      this.#pipe.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** Makes an empty page in a context of its own; the scripts run in it before those of any page it goes to. */
  async page(...scripts) {
    const { browserContextId } = await this.command('Target.createBrowserContext');
    const { targetId } = await this.command('Target.createTarget', { url: 'about:blank', browserContextId, ...SMALL });
    const { sessionId } = await this.command('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId);
    await page.command('Page.enable');
    for (const source of scripts) await page.command('Page.addScriptToEvaluateOnNewDocument', { source });
    return page;
  }

  /** Ends it; after some seconds it is killed. */
  async close() {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    void this.command('Browser.close').catch(() => {});
    await this.ended;
    clearTimeout(timer);
  }

  #read(bytes) {
    for (;;) {
      const end = bytes.indexOf(0);
      if (end < 0) break;
      this.#take(JSON.parse(Buffer.concat([...this.#rest, bytes.subarray(0, end)]).toString()));
      this.#rest = [];
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.length > 0) this.#rest.push(bytes);
  }

  #take({ id, result, error }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return; // an event
    this.#waiting.delete(id);
    if (error) waiting.reject(new Error(`${this.name}: ${waiting.method}: ${error.message}`));
    else waiting.resolve(result);
  }
}

class Page {
  #browser;
  #session;

  constructor(browser, session) {
    this.#browser = browser;
    this.#session = session;
  }

  command(method, params) {
    return this.#browser.command(method, params, this.#session);
  }

  async go(url) {
    const { errorText } = await this.command('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
  }

  async close() {
    await this.command('Page.close');
  }

  /** Calls a function in the page; it can use nothing from here. */
  async evaluate(inside) {
    const { result, exceptionDetails } = await this.command('Runtime.evaluate', {
      expression: `(${inside})()`, returnByValue: true, awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** A picture of the page as in a larger window, PNG. */
  async picture() {
    await this.command('Emulation.setDeviceMetricsOverride', { width: 640, height: 640, deviceScaleFactor: 1, mobile: false });
    return Buffer.from((await this.command('Page.captureScreenshot', { format: 'png' })).data, 'base64');
  }
}
