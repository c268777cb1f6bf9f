// How much time of the processors a program has had, with all the processes that it started.

import { readdirSync, readFileSync } from 'node:fs';

const TICKS = 100; // a second: USER_HZ, which is the same on every Linux

/** Seconds of processor time, in the kernel or not, of these processes and all beneath them. */
export function processorSeconds(pids) {
  const all = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from the third on: state, parent...
      all.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
    } catch {
      // it has ended
    }
  }
  const within = (pid) => pids.includes(pid) || (all.has(pid) && within(all.get(pid).parent));
  let ticks = 0;
  for (const [pid, process] of all) if (within(pid)) ticks += process.ticks;
  return ticks / TICKS;
}
