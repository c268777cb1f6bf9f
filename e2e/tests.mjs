// Runs files of tests: node tests.mjs FILE... Those of PAIRED, in which most time is waited, run two at a time; then the others, which measure what
// a busy machine would change, or set what all of the network namespace share, one after the other.
//
// Servers, browsers and their decoders share one machine here, and now and then it makes a viewer wait of whom nothing else is wrong.
// So a file of which a test failed is run once more at the end, whole. What passes then is told as brittle, for somebody to look at;
// what fails twice has failed. Where more than FEW files fail, nothing is run again: then it is not the machine.
import { once } from 'node:events';
import { basename } from 'node:path';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';

const FEW = 6;
const SLOWEST = 15; // files that are named at the end with what they took

const PAIRED = new Set([
  'accessibility', 'both', 'broadcaster', 'captions', 'consent', 'dvr', 'embedding', 'ending', 'faces', 'flags', 'hostile', 'keys', 'layouts', 'ops',
  'origin', 'package', 'peek', 'recording', 'recordings', 'refusals', 'restart', 'safari', 'sound', 'studio', 'styles', 'touch', 'unreached', 'whip',
]);

const took = new Map(); // seconds, by file

/** Runs files, so many at a time, and returns those of which a test failed. */
async function failures(files, concurrency = 1) {
  if (files.length === 0) return [];
  const failed = new Set();
  const tests = run({ files, concurrency });
  const spent = ({ file, nesting, details }) => nesting === 0 && took.set(file, (took.get(file) ?? 0) + details.duration_ms / 1000);
  tests.on('test:pass', spent).on('test:fail', spent);
  tests.on('test:fail', ({ file, nesting, todo, details }) => {
    if (nesting === 0 && todo === undefined) failed.add(file ?? details.error.message);
  });
  const told = tests.compose(new Spec());
  told.pipe(process.stdout, { end: false });
  await once(told, 'end');
  return [...failed];
}

const name = (file) => basename(file, '.test.mjs');
const paired = (file) => PAIRED.has(name(file));
const seconds = (since) => Math.round((Date.now() - since) / 1000);
const files = process.argv.slice(2);
const began = Date.now();
let failed = await failures(files.filter(paired), 2);
const inPairs = seconds(began);
failed.push(...(await failures(files.filter((file) => !paired(file)))));
const slowest = [...took].filter(([file]) => file).sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
console.log(`\n${inPairs} s in pairs, ${seconds(began) - inPairs} s one by one. The slowest files, in s: ${slowest.map(([file, time]) => `${name(file)} ${time.toFixed(0)}`).join(', ')}.`);
if (failed.length > 0 && failed.length <= FEW) {
  const names = failed.map(name).join(', ');
  console.log(`\nOnce more, because a test failed: ${names}.\n`);
  failed = await failures(failed);
  if (failed.length === 0) console.log(`\nBrittle: of ${names} a test failed once, see above, and passed when it was run again.\n`);
}
process.exitCode = failed.length > 0 ? 1 : 0;
