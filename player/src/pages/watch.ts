// The watch page: what is said below the player.

import type { ShoalPlayer } from '../element.ts';
import { condition, duration, every, find, people, picture, streams, swarms } from './api.ts';

const player = find<ShoalPlayer>('shoal-player');
const name = find('h1').textContent?.trim() ?? '';
const state = find('#state');
const facts = find('#facts');
const copy = find<HTMLButtonElement>('#copy');

// A link may carry a viewer token, /watch/NAME#token=...: a fragment is sent to no server.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (token) player.setAttribute('token', token);

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

every(2000, async () => {
  try {
    const [all, swarm] = await Promise.all([streams(), swarms()]);
    const stream = all.find((s) => s.name === name) ?? null;
    const { text, live } = condition(stream);
    state.className = live ? 'badge live' : 'badge';
    state.textContent = text;
    const viewers = swarm.get(name)?.viewers;
    facts.textContent = [
      viewers === undefined ? '' : people(viewers),
      stream ? picture(stream) : '',
      live && stream ? `on for ${duration(stream.since)}` : '',
    ].filter((fact) => fact !== '').join(' · ');
  } catch {
    state.className = 'badge';
    state.textContent = 'Reconnecting';
    facts.textContent = '';
  }
});

setInterval(() => {
  const { stats } = player;
  if (!stats) return; // the player's script is not here yet
  find('.share').hidden = player.state !== 'playing' || stats.bytesFromEdge + stats.bytesFromPeers === 0;
  const percent = Math.round(stats.offload * 100);
  if (find('#offload').textContent !== `${percent} %`) {
    find('#offload').textContent = `${percent} %`;
    find('#meter').style.width = `${percent}%`;
  }
  const text = {
    off: 'The swarm is off: all comes from the edge.',
    joining: 'Joining the swarm…',
    on: stats.peers === 0 ? 'You are the first here: all comes from the edge.' : `of the picture came from ${stats.peers === 1 ? 'one other viewer' : `${stats.peers} other viewers`}.`,
    resting: 'This machine is too busy for the swarm: all comes from the edge, for a while.',
    refused: 'The tracker refused: all comes from the edge.',
  }[stats.p2p];
  if (find('#swarm').textContent !== text) find('#swarm').textContent = text; // what is written is laid out anew
}, 1000);
