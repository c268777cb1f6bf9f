// The operator page: what is on, and how it does. On an admin listener it has more than on a public address: the last hour as charts,
// a drawing of a stream's cells, all services with their health, and the switches of remote control.

import { make } from '../make.ts';
import { Charts } from '../ops/charts.ts';
import { cellsOf, desk, series, shown, unwatched, type View } from '../ops/desk.ts';
import { Drawing } from '../ops/drawing.ts';
import { Heard, without } from '../ops/heard.ts';
import { Hour } from '../ops/hour.ts';
import { Saved } from '../ops/saved.ts';
import { held, serviceRow } from '../ops/services.ts';
import { Switches } from '../ops/switches.ts';
import { heads, offload, percent, STREAM_WORDS, streamRows, SWARM_WORDS, swarmRow } from '../ops/tables.ts';
import { tile, whyNot } from '../ops/tiles.ts';
import { bits, every, find, type Swarm } from './api.ts';
import { crowds } from './crowd.ts';
import { figure, speak, to } from './language.ts';
import { figures } from './words/figures.ts';
import { OPS } from './words/ops.ts';
import { shared } from './words/shared.ts';

const said = speak(OPS);
document.title = `${said.operator} · Shoal`;

const main = find('main');
const isDesk = main.dataset.desk === 'yes';
const base = watchBase();
const saved = new Saved();
const choice = find<HTMLSelectElement>('#choice');
const heard = new Heard();
const hour = new Hour();
const charts = new Charts(find('#charts'));
const drawing = new Drawing(find('#cells'), find('#cells-words'), find('#cells-caption'));
const switches = new Switches(look);
for (const [table, names, words] of [['service', figures().serviceHeads, Infinity], ['stream', figures().streamHeads, STREAM_WORDS], ['swarm', figures().swarmHeads, SWARM_WORDS]] as const) {
  find(`#${table}-heads`).replaceChildren(...heads(names, words));
}
let swarms = new Map<string, Swarm>();
let streams: string[] | null = null; // that are on; null: not known
let charted: string[] = []; // streams that have charts
let steers = false;

// watchBase is where viewers watch; null where that is not known.
function watchBase(): string | null {
  if (!isDesk) return '';
  const watch = main.dataset.watch ?? '';
  return watch === '' ? null : watch.startsWith(':') ? `http://${location.hostname}${watch}` : watch;
}

// chosen is the stream whose charts are shown, '' for all; the one that is steered, and whose swarm is shown, is that, or the one with the largest swarm, or one
// that is on.
const chosen = (): string => choice.value;
const largest = (): string => [...swarms.values()].sort((a, b) => b.viewers - a.viewers)[0]?.name ?? '';
const steered = (): string => chosen() || settled || largest() || (streams?.[0] ?? '');
let settled = ''; // the one that is steered stays so while a tracker is silent, or somebody is at its fields, though another has more viewers meanwhile

async function look(): Promise<void> {
  show(await (isDesk ? desk(chosen()) : shown()).then((view) => heard.told(view), (error: unknown) => heard.silence(error instanceof Error ? error.message : String(error))));
  if (isDesk) await drawSwarm();
}

function show(view: View): void {
  ({ swarms } = view);
  steers = view.steers === true;
  streams = view.streams && view.streams.filter(({ state }) => state !== 'ended').map(({ name }) => name);
  const health = find('#health');
  health.className = view.health.good ? 'badge good' : 'badge live';
  health.textContent = view.health.text;
  find('#why').textContent = view.note;
  const listed = view.streams ?? [];
  const live = listed.filter((s) => s.state === 'live');
  const known = [...swarms.values()];
  const viewers = known.reduce((sum, s) => sum + s.viewers, 0);
  const mean = (of: (s: Swarm) => number, counts: Swarm[] = known): number => counts.reduce((sum, s) => sum + s.viewers * of(s), 0) / counts.reduce((sum, s) => sum + s.viewers, 0);
  const behind = known.filter((s) => s.latencySeconds > 0 && s.viewers > 0);
  const here = view.partly ? null : crowds(listed.length === 0 && view.away.length > 0 ? null : view.streams, swarms);
  const whole = viewers > 0 && !view.partly;
  const why = whyNot(view, here);
  const { nobodyTells, nothingYet } = figures();
  find('#ingest').textContent = bits(live.reduce((sum, s) => sum + s.bitrate, 0));
  tile('#live', view.streams ? String(live.length) : '', nobodyTells);
  find('#inside').textContent = here ? shared().members(here.inside) : '';
  find('#held').textContent = held(view.services);
  tile('#viewers', here ? String(here.all) : '', view.partly ? why : nobodyTells);
  tile('#offload', whole ? offload(viewers, mean((s) => s.offload)) : '', why);
  tile('#behind', behind.length > 0 && !view.partly ? `${figure(mean((s) => s.latencySeconds, behind), 1)}\u00a0s` : '', why);
  tile('#stalled', whole ? percent(mean((s) => s.stallRatio), 1) : '', why);
  saved.show(view.partly ? null : known.reduce((sum, s) => sum + s.bytesFromPeers, 0), view.lately, whole ? nothingYet : why);
  find('#steered').hidden = known.length === 0;
  find('#swarms').replaceChildren(...known.map((s) => swarmRow(s, view.partly ? without(view.whole) : '')));
  find('#none').hidden = listed.length + view.away.length > 0;
  find('#none').textContent = view.streams ? said.noStreams : view.unknown;
  find('#rows').replaceChildren(...[...listed, ...view.away].flatMap((s) => streamRows(s, swarms.get(s.name), base, view.partly)));
  find('#services').replaceChildren(...view.services.map(serviceRow));
  const unsure = view.partly || view.steers === null;
  if (!unsure && !(switches.touched && (swarms.has(settled) || streams?.includes(settled)))) settled = '';
  const name = steered();
  settled = name;
  const swarm = swarms.get(name);
  const control = swarm?.control ?? (streams?.includes(name) ? view.controls.get(name) ?? view.defaults : null);
  const silent = view.steers === null || (view.partly && !swarm);
  switches.rest(silent);
  find('#swarm').classList.toggle('stale', silent);
  if (silent) find('#cells-caption').textContent = view.note;
  else { // what is not known to be gone stays where it is: somebody may be at a field
    find('#swarm').hidden = !steers || !swarm;
    find('#remote').hidden = !steers || !control;
    find('#ahead').hidden = (swarm?.viewers ?? 0) > 0;
  }
  if (steers && control && !silent) switches.show(swarm ?? { name, control, viewers: 0, outside: 0, offload: 0, cells: 0, roots: 0 }, view.defaults);
  offer();
  hour.now(view.now, performance.now());
  drawCharts();
}

async function drawSwarm(): Promise<void> {
  const name = steered();
  if (!steers || !swarms.has(name)) return;
  await cellsOf(name).then((cells) => drawing.show(cells), (error: unknown) => (find('#cells-caption').textContent = String(error)));
}

function drawCharts(): void {
  if (hour.series) charts.show(hour.series);
}

async function drawHour(): Promise<void> {
  const name = chosen();
  const past = await series(name).catch(() => (name === '' ? null : series('').then((all) => (isOn(name) ? unwatched(name, all) : all), () => null)));
  if (!past || name !== chosen()) return; // another is wanted by now
  charted = past.streams;
  offer(past.stream);
  hour.take(past);
  drawCharts();
  find('#left').textContent = past.left > 0 ? figures().uncharted(past.left) : '';
}

// isOn tells whether a stream is, as far as is known.
const isOn = (name: string): boolean => streams?.includes(name) ?? true;

// offer lists the streams that have charts, and those that are on.
function offer(stream = chosen()): void {
  const now = ['', ...new Set([...charted, ...(streams ?? []), ...(stream ? [stream] : [])].sort())];
  const before = [...choice.options].map(({ value }) => value);
  if (now.join('\n') !== before.join('\n')) {
    choice.replaceChildren(...now.map((name) => make('option', { value: name }, name || said.allStreams)));
  }
  choice.value = stream;
}

if (isDesk) {
  document.body.classList.add('desk-page');
  for (const part of document.querySelectorAll<HTMLElement>('.desk-only')) part.hidden = false;
  for (const part of document.querySelectorAll<HTMLElement>('.public-only')) part.hidden = true;
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.top a:not([href^="/ops"])')) {
    if (base === null) link.removeAttribute('href');
    else link.href = base + to('/');
  }
  const named = decodeURIComponent(location.hash.slice(1)); // a reload shows the same stream
  if (named) choice.append(make('option', { value: named, selected: '' }, named));
  choice.addEventListener('change', () => {
    history.replaceState(null, '', chosen() ? `#${encodeURIComponent(chosen())}` : location.pathname + location.search);
    void drawHour();
    void look();
  });
  new ResizeObserver(() => void drawSwarm()).observe(find('#cells'));
  every(10_000, drawHour);
}
every(2000, look);
