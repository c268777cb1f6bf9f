// Runs in a page: loads the scheduler as the player does and makes the recorded calls (e2e/steps) again, through the
// player's own bridge. window.replay() returns the nanoseconds of a call, one figure for each chunk's life.

import { Scheduler } from '../../player/src/scheduler.ts';

interface Step {
  call: string;
  args: unknown[];
  actions: number;
}

type Method = (...args: unknown[]) => unknown;

const bytes = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

// ready turns arguments into what the bridge takes, before anything is measured.
const ready = (steps: Step[]): Step[] => steps.map((step) => ({
  ...step,
  args: step.args.map((a) => (typeof a === 'object' && a !== null && 'bytes' in a ? bytes(a.bytes as string) : a)),
}));

async function replay(): Promise<{ nanos: number[]; calls: number }> {
  const record = (await (await fetch('steps.json')).json()) as { start: Step[]; lives: Step[][] };
  const [start, lives] = [ready(record.start), record.lives.map(ready)];
  const scheduler = await Scheduler.load('shoal.wasm');
  const methods = scheduler as unknown as Record<string, Method>;
  const results: unknown[] = [];
  const make = (steps: Step[]): void => {
    for (const { call, args } of steps) results.push(methods[call]!(...args));
  };
  // check fails unless all did what was recorded.
  const check = (steps: Step[]): void => {
    steps.forEach(({ call, actions }, i) => {
      const result = results[i] as unknown[] | { actions: unknown[] };
      const got = (Array.isArray(result) ? result : result.actions).length;
      if (got !== actions) throw new Error(`${call} led to ${got} actions here, to ${actions} where it was recorded`);
    });
    results.length = 0;
  };
  make(start);
  check(start);
  const nanos = lives.map((life) => {
    const began = performance.now();
    make(life);
    const took = performance.now() - began;
    check(life);
    return (took * 1e6) / life.length;
  });
  return { nanos, calls: lives[0]!.length };
}

Object.assign(window, { replay });
