// Builds the player: TypeScript from src/ and pages from pages/, with what they share, into dist/, and what pays compressed beside it as
// NAME.br and NAME.gz. With --tests: the tests of test/ into .tests/, for node --test.
// It deletes nothing that it has not made: shoal.wasm comes to dist/ from the Go build, and is compressed here too.
import { build } from 'esbuild';
import { createRequire } from 'node:module';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
process.chdir(here);
const require = createRequire(import.meta.url);

// The light build of hls.js is the whole of it but for subtitles, separate audio, DRM, CMCD and interstitials.
const light = join(dirname(require.resolve('hls.js')), 'hls.light.min.mjs');

// Its reader of captions is taken from its sources: a build with no more than the light one and captions there is not. It is loaded only where
// a stream has some.
const cea608 = join(dirname(light), '..', 'src', 'utils', 'cea-608-parser.ts');

const common = {
  bundle: true,
  format: 'esm',
  target: ['es2022'],
  alias: { 'hls.js/cea-608': cea608, 'hls.js': light },
  logLevel: 'warning',
  legalComments: 'none',
};

if (process.argv.includes('--tests')) {
  rmSync('.tests', { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: readdirSync('test').filter((f) => f.endsWith('.test.ts')).map((f) => join('test', f)),
    outdir: '.tests',
    platform: 'node',
    outExtension: { '.js': '.mjs' },
    sourcemap: 'inline',
  });
} else {
  mkdirSync('dist', { recursive: true });
  // Each entry is built alone, so that none waits for a file it shares with another; what is loaded only when
  // needed (import()) becomes a file of its own.
  for (const entry of ['shoal-player', 'shoal-attach', 'pages/live', 'pages/watch', 'pages/embed', 'pages/studio', 'pages/ops', 'pages/missing', 'pages/door']) {
    await build({
      ...common,
      entryPoints: [{ in: join('src', `${entry}.ts`), out: entry.replace('pages/', '') }],
      outdir: 'dist',
      minify: true,
      splitting: true,
      chunkNames: 'shoal-[name]',
      loader: { '.css': 'text' },
    });
  }
  await build({ entryPoints: ['pages/style.css', 'pages/ops.css'], outdir: 'dist', minify: true, logLevel: 'warning' });
  for (const page of readdirSync('pages').filter((f) => f.endsWith('.html'))) {
    writeFileSync(join('dist', page), whole(readFileSync(join('pages', page), 'utf8')));
  }
  compress('dist');
}

// whole puts into a page what all have in common: <!-- NAME --> stands for the file NAME of pages/shared.
function whole(page) {
  return page.replace(/<!-- (\w+) -->\n/g, (_, name) => readFileSync(join('pages', 'shared', `${name}.html`), 'utf8'));
}

// compress writes NAME.br and NAME.gz beside each file that grows smaller by a tenth; what is already newer stays.
function compress(folder) {
  const names = readdirSync(folder).filter((f) => !/^\.|\.(br|gz)$/.test(f));
  for (const name of names) {
    const path = join(folder, name);
    const bytes = readFileSync(path);
    const page = name.endsWith('.html'); // pages have placeholders that the edge fills in: it compresses them itself
    for (const [suffix, squeeze] of [['.br', brotli], ['.gz', gzip]]) {
      const made = path + suffix;
      if (page || bytes.length < 512) {
        rmSync(made, { force: true });
        continue;
      }
      if (newer(made, path)) continue;
      const small = squeeze(bytes);
      if (small.length < bytes.length * 0.9) writeFileSync(made, small);
      else rmSync(made, { force: true });
    }
  }
}

function newer(made, from) {
  try {
    return statSync(made).mtimeMs >= statSync(from).mtimeMs;
  } catch {
    return false; // not made yet
  }
}

function brotli(bytes) {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
}

function gzip(bytes) {
  return gzipSync(bytes, { level: 9 });
}
