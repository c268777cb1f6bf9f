// What the link by which a page was opened says to its player.

import { linked, readMode } from '../consent.ts';
import type { ShoalPlayer } from '../element.ts';
import { linkedLimit } from '../terms.ts';

// opened tells the player, and returns the viewer token, null for none. It is called before the player's script runs, which is to know of
// all this before it begins.
//
// A link may carry a viewer token, /watch/NAME#token=...: a fragment is sent to no server. One that stands in the query becomes one in
// the fragment, so that it is not sent once more, nor copied along. And a link may ask to share less: ?p2p=off, ?p2p=relay-only,
// ?max-upload-kbps=500.
export function opened(player: ShoalPlayer): string | null {
  const query = new URLSearchParams(location.search);
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? query.get('token');
  if (token) player.setAttribute('token', token);
  if (query.has('token')) {
    query.delete('token');
    history.replaceState(null, '', `${location.pathname}${query.size > 0 ? `?${query}` : ''}#token=${token ?? ''}`);
  }
  player.setAttribute('p2p', linked(readMode(player.getAttribute('p2p')), query.get('p2p')));
  const limit = linkedLimit(player.getAttribute('max-upload-kbps'), query.get('max-upload-kbps'));
  if (limit !== null) player.setAttribute('max-upload-kbps', limit);
  return token;
}
