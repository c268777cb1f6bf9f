// The network in user space (e2e/lab) in which every viewer has a namespace, an uplink and a distance of its own. Packets arrive in
// slots of 10 ms unless it is told otherwise: the browsers' work for packets that come one by one is more than this measures.

import { join } from 'node:path';

import { atEnd } from '../harness/ends.mjs';
import { Process, scratch } from '../harness/process.mjs';

export class Lab {
  #process;

  /**
   * Starts it, for viewers whose uplinks carry so many bits a second, `delay` milliseconds of round trip from each other. A downlink
   * carries `downlink` bits a second, once it is told to be narrow.
   */
  static async start(t, { viewers, uplink, delay, slot, downlink = 0 }) {
    const lab = new Lab();
    // A network takes no turns with those it connects, so it goes first.
    lab.#process = new Process('lab', 'nice', [
      '-n', '-10', join(scratch, 'lab'), '-viewers', String(viewers), '-uplink', String(Math.round(uplink)), '-delay', `${delay}ms`,
      '-slot', `${slot}ms`, '-downlink', String(Math.round(downlink)),
    ]);
    atEnd(t, () => lab.#process.end('SIGTERM'));
    const [text] = await lab.#process.line(/^\{.*"viewers".*\}$/m, 20);
    const { server, viewers: places } = JSON.parse(text);
    return Object.assign(lab, { server, places });
  }

  /** One more downlink is narrow, the last viewer's first. */
  narrow() {
    process.kill(this.#process.pid, 'SIGUSR1');
  }

  /** None is any more. */
  widen() {
    process.kill(this.#process.pid, 'SIGUSR2');
  }

  /** Ends it, and returns what it carried: {packets, bytes, waited, longestMillis, dropped, lost, crowded, late}. */
  async end() {
    await this.#process.end('SIGTERM');
    const found = /^\{"packets".*\}$/m.exec(this.#process.output);
    if (!found) throw new Error(`the lab ended with an error: ${this.#process.output.slice(-2000)}`);
    return JSON.parse(found[0]);
  }
}
