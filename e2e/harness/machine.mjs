// How busy the machine is. Tests of real time are only as true as the machine is free: what it says stands beside
// what was measured.

import { readFileSync } from 'node:fs';

// total returns for how many seconds so far something waited for a processor; NaN where the kernel does not tell.
function total() {
  try {
    return Number(/total=(\d+)/.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1]) / 1e6;
  } catch {
    return NaN;
  }
}

const began = { at: Date.now(), total: total() };

/** Says for which part of the time since the test's start something had to wait for a processor. */
export function crowding() {
  const share = (total() - began.total) / ((Date.now() - began.at) / 1000);
  return Number.isNaN(share) ? 'the machine does not tell how busy it was' : `something waited for a processor ${Math.round(100 * share)} % of the time`;
}
