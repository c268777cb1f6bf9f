// The watch page, of a stream or of one of its recordings: what is said below the player.

import type { ShoalPlayer } from '../element.ts';
import { make } from '../make.ts';
import { copied, every, find, lasting, picture, type Stream, streams, swarms, unheard } from './api.ts';
import { Badge } from './badge.ts';
import { type Crowd, crowd, members, people } from './crowd.ts';
import { speak, to } from './language.ts';
import { opened } from './opened.ts';
import { date, finished, length, page, place, type Recording, recordings } from './recordings.ts';
import { describe, inSwarm, Share } from './share.ts';
import { still, unseen } from './still.ts';
import { WATCH } from './words/watch.ts';

const words = speak(WATCH);

const player = find<ShoalPlayer>('shoal-player');
const name = find('h1').textContent?.trim() ?? '';
const state = find('#state');
const facts = find('#facts');
const copy = find<HTMLButtonElement>('#copy');
const other = find<HTMLAnchorElement>('#other');
const { id } = place(location.pathname); // of the recording; '' for the stream itself

const token = opened(player);
const fragment = token ? `#token=${encodeURIComponent(token)}` : '';

document.title = `${name} · Shoal`;

// Where only invited viewers watch, a link is of no use without a token, and a token is its viewer's own.
const invited = find('main').dataset['invited'] === 'only';
copy.hidden = invited;
copy.addEventListener('click', () => copied(copy, location.origin + location.pathname));

let stream: Stream | null | undefined; // as the server told; undefined if it does not answer
let last: Stream | null | undefined; // as it told when it did; undefined where the picture has stood since, and nobody else brings it
let asked = false; // it was, and had the time to answer
let inside: number | undefined; // in the swarm of the stream, as the tracker told last
let here: Crowd | null | undefined;
let recorded: Recording[] = []; // of the stream, newest first
let lined = ''; // the lines that are shown of them

every(2000, async () => {
  const before = stream?.state;
  try {
    const [all, swarm] = await Promise.all([streams(), id === '' ? swarms() : null]);
    stream = all.find((s) => s.name === name) ?? null;
    const known = swarm?.get(name);
    const partly = swarm !== null && unheard > 0;
    inside = known && !partly ? members(known) : undefined;
    here = crowd(stream, known, partly);
    last = stream;
  } catch {
    stream = here = inside = undefined; // how many watch changes all the time: what was told before says nothing of now
  }
  asked = true;
  if (before !== undefined && stream?.state === 'ended' && before !== 'ended') await listed();
  if (id === '' && !carried()) player.toggleAttribute('ended', stream?.state === 'ended');
  say();
  offer();
});

// told is the stream as the picture tells it too: of an end the player may know before who was asked here.
function told(): Stream | null | undefined {
  if (stream === undefined && player.state !== 'playing' && player.stats?.peers === 0) last = undefined;
  const now = carried() ? last : stream;
  return now?.state === 'interrupted' && player.state === 'ended' ? { ...now, state: 'ended' } : now;
}

// carried tells whether the server does not answer, and the picture goes on all the same, since others bring it: what was told before stands then.
function carried(): boolean {
  return stream === undefined && player.state === 'playing' && player.stats.startupMillis > 0;
}

function tell(): void {
  const now = told();
  const text = [
    now?.state === 'ended' ? '' : people(here),
    now ? picture(now) : '',
    now ? lasting(now) : '',
  ].filter((fact) => fact !== '').join(' · ');
  if (facts.textContent !== text) facts.textContent = text;
}

every(10_000, listed);

// listed asks what is recorded of the stream, and shows it. What is still being recorded is a line once the broadcast is over.
async function listed(): Promise<void> {
  recorded = (await recordings()).filter((recording) => recording.stream === name);
  const own = recorded.find((recording) => recording.id === id);
  if (id !== '') {
    state.className = 'badge';
    state.textContent = words.recording;
    facts.textContent = own ? `${date(own)} · ${length(own)}` : '';
    if (own) document.title = `${name}, ${date(own)} · Shoal`;
  }
  const lines = recorded.filter((recording) => finished(recording) || stream?.state === 'ended');
  find('#recordings').hidden = lines.length === 0;
  const now = lines.map(({ id, state }) => `${id} ${state}`).join();
  if (now !== lined) find('#recordings ul').replaceChildren(...lines.map(line)); // else whoever goes through them stays where he is
  lined = now;
  offer();
}

function line(recording: Recording): HTMLElement {
  const text = (more: string): HTMLElement => make('span', { class: 'text' }, make('span', {}, date(recording)), make('span', {}, more));
  if (!finished(recording)) return make('li', {}, make('span', { class: 'dim' }, text(words.soon)));
  const current: Record<string, string> = recording.id === id ? { 'aria-current': 'page' } : {};
  return make('li', {}, make('a', { href: page(recording, fragment), ...current }, ...scene(recording), text(length(recording))));
}

// scene is a picture of a recording, if there is one that is for anybody: see live.ts.
function scene({ thumbnail }: Recording): HTMLElement[] {
  if (invited || !thumbnail) return [];
  const image = unseen();
  still(image, thumbnail);
  return [make('span', { class: 'scene' }, image)];
}

// offer shows the way to what else there is: from a recording to what is live now, from a stream that is over to its newest recording.
function offer(): void {
  const on = stream?.state === 'live';
  const newest = recorded.find(finished);
  const [text, href] = id !== '' ? [words.watchLive, on ? to(`/watch/${name}${fragment}`) : '']
    : [words.watchRecording, newest && stream !== undefined && !on && stream?.state !== 'interrupted' ? page(newest, fragment) : ''];
  other.hidden = href === '';
  if (other.textContent !== text) other.textContent = text;
  if (href !== '' && other.getAttribute('href') !== href) other.href = href;
}

const badge = new Badge();

// say how the stream is, once the server was asked: in a player whose script is not here yet it is as the server tells.
function say(): void {
  if (!asked || id !== '') return;
  tell();
  const seen = { state: player.state ?? '', paused: player.video?.paused ?? true };
  const { text, live } = badge.of(performance.now(), told(), seen, words);
  state.className = live ? 'badge live' : 'badge';
  if (state.textContent !== text) state.textContent = text;
}

player.addEventListener('shoal:state', say); // before who was asked has answered, or has had the time to

const share = new Share();

setInterval(() => {
  const { stats } = player;
  if (!stats || id !== '') return; // the player's script is not here yet; or there is no swarm
  if (told() !== stream || player.state !== 'playing') say();
  share.note(performance.now(), stats);
  find('.share').hidden = !(player.state === 'playing' || player.state === 'buffering') || stats.bytesFromEdge + stats.bytesFromPeers === 0;
  find('#offload').hidden = find('.meter').hidden = !inSwarm(stats);
  const percent = Math.round(share.lately * 100);
  if (find('#offload').textContent !== `${percent} %`) {
    find('#offload').textContent = `${percent} %`;
    find('#meter').style.width = `${percent}%`;
  }
  const text = describe(stats, inside, player.wait, words);
  if (find('#swarm').textContent !== text) find('#swarm').textContent = text; // what is written is laid out anew
}, 1000);
