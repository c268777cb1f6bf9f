// The watch page: what is said below the player.

import type { ShoalPlayer } from '../element.ts';
import { condition, duration, every, find, people, picture, type Stream, streams, swarms } from './api.ts';
import { describe, inSwarm, Share } from './share.ts';

const RECONNECTING = 'Reconnecting';

const player = find<ShoalPlayer>('shoal-player');
const name = find('h1').textContent?.trim() ?? '';
const state = find('#state');
const facts = find('#facts');
const copy = find<HTMLButtonElement>('#copy');

// A link may carry a viewer token, /watch/NAME#token=...: a fragment is sent to no server. One that stands in the query becomes one in
// the fragment, so that it is not sent once more, nor copied along.
const query = new URLSearchParams(location.search);
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? query.get('token');
if (token) player.setAttribute('token', token);
if (query.has('token')) {
  query.delete('token');
  history.replaceState(null, '', `${location.pathname}${query.size > 0 ? `?${query}` : ''}#token=${token ?? ''}`);
}

// And a viewer who wants no swarm says so, /watch/NAME?p2p=off. This script runs before the player's, which is to know it
// before it begins.
if (query.get('p2p') === 'off') player.setAttribute('p2p', 'off');

document.title = `${name} · Shoal`;

copy.addEventListener('click', () => {
  const url = location.origin + location.pathname;
  const done = (): void => {
    copy.textContent = 'Copied';
    setTimeout(() => (copy.textContent = 'Copy link'), 1600);
  };
  if (navigator.clipboard) navigator.clipboard.writeText(url).then(done, () => prompt('Link', url));
  else prompt('Link', url);
});

let stream: Stream | null | undefined; // as the server told; undefined if it does not answer
let viewers: number | undefined; // of the stream, as the tracker told last

every(2000, async () => {
  try {
    const [all, swarm] = await Promise.all([streams(), swarms()]);
    stream = all.find((s) => s.name === name) ?? null;
    viewers = swarm.get(name)?.viewers;
    facts.textContent = [
      viewers === undefined ? '' : people(viewers),
      stream ? picture(stream) : '',
      stream?.state === 'live' ? `on for ${duration(stream.since)}` : '',
    ].filter((fact) => fact !== '').join(' · ');
  } catch {
    stream = undefined;
    facts.textContent = '';
  }
  player.toggleAttribute('ended', stream?.state === 'ended');
  badge();
});

function badge(): void {
  const { text, live } = stream === undefined ? { text: RECONNECTING, live: false } : condition(stream);
  const standing = live && lost();
  state.className = live && !standing ? 'badge live' : 'badge';
  if (state.textContent !== (standing ? RECONNECTING : text)) state.textContent = standing ? RECONNECTING : text;
}

// lost tells whether the picture stands, though it had begun, and nothing new comes.
function lost(): boolean {
  return player.state === 'connecting' && player.stats.startupMillis > 0;
}

const share = new Share();

setInterval(() => {
  const { stats } = player;
  if (!stats) return; // the player's script is not here yet
  if (lost()) badge(); // before a server that does not answer has had its time
  share.note(performance.now(), stats);
  find('.share').hidden = player.state !== 'playing' || stats.bytesFromEdge + stats.bytesFromPeers === 0;
  find('#offload').hidden = find('.meter').hidden = !inSwarm(stats);
  const percent = Math.round(share.lately * 100);
  if (find('#offload').textContent !== `${percent} %`) {
    find('#offload').textContent = `${percent} %`;
    find('#meter').style.width = `${percent}%`;
  }
  const text = describe(stats, viewers, share.joinsInVain);
  if (find('#swarm').textContent !== text) find('#swarm').textContent = text; // what is written is laid out anew
}, 1000);
