// Measures real viewers, Chromium at the watch page of the demo, with the swarm and without it by turns:
//
//   ./run --with node bench/swarm.mjs -viewers 8 -seconds 60 -runs 3 [-together] [-uplink 2.5 -delay 40 [-slot 10]] [-json] [-picture]
//
// A viewer joins when the picture of the one before moves, and it is linked, but not sooner than 2.3 s after it, or with -together all join at once. What is measured begins
// when all play and are linked with each other. With -uplink or -delay every viewer has a browser and a network namespace
// of its own, an uplink of so many times the stream's bitrate, and stands so many milliseconds of round trip from
// each other viewer and half as many from the edge; packets arrive in slots of so many milliseconds. In logs/ is left what the viewers had to say second by second, and with
// -picture how each phase's last viewer looks at its end.

import { statSync } from 'node:fs';

import { demoClip } from '../harness/broadcaster.mjs';
import { crowding } from '../harness/machine.mjs';
import { up } from '../harness/shoal.mjs';
import { medians, rounded } from './figures.mjs';
import { options } from './options.mjs';
import { mostSeconds, phase } from './phase.mjs';
import { table } from './table.mjs';

const MOST_VIEWERS = 100;
const bitrate = Math.round((statSync(demoClip).size * 8) / 16); // of the demo: its clip lasts 16 s
const defaults = { viewers: 4, seconds: 30, runs: 1, uplink: 0, delay: 0, slot: 10, together: false, json: false, picture: false };

function read(args) {
  const o = options(args, defaults);
  const whole = (name, most) => {
    if (!Number.isInteger(o[name]) || o[name] < 1 || o[name] > most) throw new Error(`-${name} wants a whole number from 1 to ${most}`);
  };
  whole('viewers', MOST_VIEWERS);
  whole('seconds', 3600);
  whole('runs', 100);
  if (o.uplink < 0 || o.delay < 0 || o.slot < 0) throw new Error('-uplink, -delay and -slot cannot be negative');
  return o;
}

const say = (text) => process.stderr.write(`${text}\n`);

async function measure(o) {
  const ends = [];
  const t = { after: (end) => ends.unshift(end) };
  try {
    const shoal = await up(t);
    await shoal.live('demo');
    const limited = o.uplink > 0 || o.delay > 0;
    const lab = limited ? { uplink: o.uplink * bitrate, delay: o.delay, slot: o.slot } : null;
    const runs = [];
    for (let i = 1; i <= o.runs; i++) {
      const one = async (p2p) => {
        say(`run ${i} of ${o.runs}: ${p2p ? 'with the swarm' : 'without it'}`);
        return phase(shoal, { ...o, name: `${p2p ? 'swarm' : 'control'}-${i}`, p2p, lab });
      };
      const swarm = await one(true);
      const control = await one(false);
      runs.push({ ...swarm, cpuRatio: swarm.cpuSeconds / control.cpuSeconds, control });
    }
    const { viewers, seconds, uplink, delay, slot, together } = o;
    return rounded({
      viewers, seconds, together, bitrate, ...(limited && { uplink, uplinkBits: lab.uplink, delayMillis: delay, slotMillis: slot }),
      ceiling: 1 - 1 / viewers, ...medians(runs), runs,
    });
  } finally {
    for (const end of ends) await end();
  }
}

function describe(r) {
  const where = r.uplink === undefined ? '' : `, uplinks of ${r.uplink ? `${(r.uplinkBits / 1e6).toFixed(2)} Mbit/s` : 'any rate'}, ` +
    `${r.delayMillis} ms of round trip between viewers and ${r.delayMillis / 2} ms to the edge${r.slotMillis ? `, packets arriving in slots of ${r.slotMillis} ms` : ''}`;
  return `${r.viewers} viewers of ${(r.bitrate / 1e6).toFixed(2)} Mbit/s, ${r.together ? 'all joining at once' : 'joining one after another'}, ` +
    `${r.seconds} s measured${where}.\nMedians over ${r.runs.length} run${r.runs.length > 1 ? 's' : ''}; at best offload ${r.ceiling} with 1 copy. ${crowding()}.\n`;
}

for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143]]) process.on(signal, () => process.exit(status));
try {
  const o = read(process.argv.slice(2));
  const limit = 30 + 2 * o.runs * mostSeconds(o);
  setTimeout(() => {
    say(`bench swarm: not done after ${limit} s; ended.`);
    process.exit(1);
  }, limit * 1000).unref();
  const report = await measure(o);
  console.log(`${describe(report)}\n${table(report)}`);
  if (o.json) console.log(JSON.stringify(report));
} catch (error) {
  say(`bench swarm: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}`);
  process.exitCode = 1;
}
