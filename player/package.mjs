// What the npm package has besides the built files, which are those that edges serve: types/, made of the sources, and the licences of
// what is built in. npm pack runs it (./scripts/package builds before).
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// notice returns the comment that a source begins with.
function notice(file) {
  const [, text] = /\/\*\*?\n([\s\S]*?)\*\//.exec(readFileSync(file, 'utf8')) ?? [];
  if (!text) throw new Error(`${file} has no notice: of whose is it?`);
  return text.replace(/^ *\* ?/gm, '').trim();
}

process.chdir(dirname(fileURLToPath(import.meta.url)));
const { files, devDependencies, exports } = JSON.parse(readFileSync('package.json', 'utf8'));

for (const file of files.filter((name) => name.startsWith('dist/'))) {
  if (!existsSync(file)) throw new Error(`player/${file} is not built: run ./scripts/package, which builds and packs`);
}

for (const file of files.filter((name) => name.endsWith('.js'))) {
  for (const [, part] of readFileSync(file, 'utf8').matchAll(/import\("\.\/([\w-]+\.js)"\)/g)) {
    if (!files.includes(`dist/${part}`)) throw new Error(`player/${file} loads dist/${part}, which "files" in package.json does not name`);
  }
}

// Of the declarations those that a door leads to, with the names of modules as JavaScript has them.
const all = mkdtempSync('.types-');
try {
  execFileSync(join('node_modules', '.bin', 'tsc'), ['--project', 'tsconfig.types.json', '--outDir', all], { stdio: 'inherit' });
  rmSync('types', { recursive: true, force: true });
  mkdirSync('types');
  const wanted = Object.values(exports).flatMap(({ types }) => types ?? []).map((door) => basename(door));
  for (const name of wanted) { // it grows
    const text = readFileSync(join(all, name), 'utf8').replaceAll(/(from '\.\/[\w-]+)\.ts';/g, "$1.js';");
    writeFileSync(join('types', name), text);
    for (const [, other] of text.matchAll(/from '\.\/([\w-]+)\.js';/g)) if (!wanted.includes(`${other}.d.ts`)) wanted.push(`${other}.d.ts`);
  }
} finally {
  rmSync(all, { recursive: true, force: true });
}

const within = Object.keys(devDependencies).filter((name) => name === 'hls.js' || name.startsWith('@noble/'));
writeFileSync('NOTICE', `The scripts of this package have within them:\n\n${within.map((name) => {
  const { version } = JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8'));
  return `${name} ${version}\n\n${readFileSync(join('node_modules', name, 'LICENSE'), 'utf8').trim()}\n`;
}).join('\n---\n\n')}\n---\n\nof hls.js, the reader of CEA-608 captions:\n\n${notice('node_modules/hls.js/src/utils/cea-608-parser.ts')}\n`);
copyFileSync('../LICENSE', 'LICENSE');
