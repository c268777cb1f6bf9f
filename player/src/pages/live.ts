// The live-now page: a card for each stream that is on.

import { make } from '../make.ts';
import { amiss, bits, condition, every, find, lasting, picture, rtmpAddress, type Stream, streams, type Swarm, swarms, unheard } from './api.ts';
import { crowd, people } from './crowd.ts';
import { speak, to } from './language.ts';
import { date, finished, length, page, type Recording, recordings } from './recordings.ts';
import { still, unseen } from './still.ts';
import { LIVE } from './words/live.ts';

const words = speak(LIVE);
document.title = `${words.liveNow} · Shoal`;

const grid = find('#streams');
const empty = find('#empty');
const note = find('#note');
const count = find('#count');

// Where broadcasters go: a URL, or a port of this host; with neither this edge does not know, and the page says so as it is.
const rtmp = find('#rtmp');
rtmp.textContent = rtmpAddress(rtmp.dataset['server']) || rtmp.textContent;
find<HTMLFormElement>('#studio').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = find<HTMLInputElement>('#name').value.trim();
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) location.href = to(`/studio/${name}`);
});

// hue gives each name a colour of its own between green and violet.
function hue(name: string): number {
  let h = 0;
  for (const c of name) h = (h * 31 + (c.codePointAt(0) ?? 0)) % 997;
  return 150 + (h % 130);
}

// art is what stands in the place of a picture, or behind it.
function art(name: string, badge: Node): HTMLElement {
  return make('div', { class: 'art', style: `--hue:${hue(name)}` }, badge, make('span', { class: 'initial', 'aria-hidden': 'true' }, name.slice(0, 1).toUpperCase()));
}

function card(stream: Stream, swarm: Swarm | undefined, partly: boolean): HTMLElement {
  const { text, live } = condition(stream);
  const above = art(stream.name, make('span', { class: live ? 'badge live' : 'badge' }, text));
  const watching = people(crowd(stream, swarm, partly));
  if (watching !== '') above.append(make('span', { class: 'badge count' }, watching));
  const facts = [picture(stream), stream.bitrate ? bits(stream.bitrate) : ''].filter((f) => f !== '').join(' · ');
  const more = [lasting(stream)];
  if (swarm && swarm.viewers > 1 && !partly) more.push(words.fromPeers(Math.round(swarm.offload * 100)));
  return make('a', { class: 'card', href: to(`/watch/${stream.name}`) }, above, make('div', { class: 'text' }, make('h2', {}, stream.name), make('p', {}, facts), make('p', { class: 'dim' }, more.join(' · '))));
}

function recorded(recording: Recording): HTMLElement {
  const above = art(recording.stream, make('span', { class: 'badge' }, words.recording));
  above.append(make('span', { class: 'badge count' }, length(recording)));
  if (open && recording.thumbnail) {
    const image = unseen();
    still(image, recording.thumbnail);
    above.prepend(image);
  }
  return make('a', { class: 'card', href: page(recording) }, above, make('div', { class: 'text' }, make('h2', {}, recording.stream), make('p', { class: 'dim' }, date(recording))));
}

// Where only invited viewers watch, the pictures are for them as well: they are not asked for here.
const open = grid.dataset['invited'] !== 'only';

// thumbnail returns the picture of a stream, one element for as long as the page is open: it is loaded anew each ten seconds, and stands meanwhile.
const thumbnails = new Map<string, HTMLImageElement>();
function thumbnail(name: string, path: string): HTMLImageElement {
  let image = thumbnails.get(name);
  if (!image) {
    image = unseen();
    thumbnails.set(name, image);
  }
  const source = `${path}?${Math.floor(Date.now() / 10_000)}`;
  if (image.getAttribute('src') !== source) image.src = source;
  return image;
}

let drawn = '';

every(2000, async () => {
  try {
    const [all, swarm] = await Promise.all([streams(), swarms()]);
    const size = (s: Stream): number => crowd(s, swarm.get(s.name))?.all ?? 0; // for the order alone, so what a silent tracker knows may be missing
    const on = all.filter((s) => s.state !== 'ended').sort((a, b) => size(b) - size(a) || a.name.localeCompare(b.name));
    note.hidden = true;
    grid.classList.remove('stale');
    empty.hidden = on.length > 0;
    count.textContent = on.length === 0 ? '' : words.streamCount(on.length);
    const cards = on.map((s) => card(s, swarm.get(s.name), unheard > 0));
    const now = cards.map((c) => c.outerHTML).join('');
    const shown = on.map((s) => (open && s.thumbnail ? thumbnail(s.name, s.thumbnail) : null));
    if (now === drawn) return;
    drawn = now;
    const focused = (document.activeElement as HTMLAnchorElement | null)?.href;
    for (const [i, image] of shown.entries()) if (image) cards[i]?.querySelector('.art')?.prepend(image);
    grid.replaceChildren(...cards);
    cards.find((c) => (c as HTMLAnchorElement).href === focused)?.focus();
  } catch (error) {
    note.textContent = words.again(amiss(error));
    note.hidden = false;
    grid.classList.add('stale');
  }
});

const MOST_RECORDED = 12; // that are shown here; a stream's own page has all of its

every(20_000, async () => {
  const list = (await recordings()).filter(finished).slice(0, MOST_RECORDED);
  find('#recordings').hidden = list.length === 0;
  const place = find('#recordings .grid');
  if (place.children.length !== list.length || list.some((r, i) => place.children[i]?.getAttribute('href') !== page(r))) place.replaceChildren(...list.map(recorded));
});
