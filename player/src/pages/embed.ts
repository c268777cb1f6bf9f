// The page for frames of other sites: the player and nothing else. Its link says how it begins: ?muted, ?autoplay=no, ?lang=pt.

import type { ShoalPlayer } from '../element.ts';
import { find } from './api.ts';
import { choose } from './language.ts';
import { opened } from './opened.ts';

choose();
const player = find<ShoalPlayer>('shoal-player');
const query = new URLSearchParams(location.search);
player.toggleAttribute('muted', query.has('muted'));
player.toggleAttribute('autoplay', query.get('autoplay') !== 'no');
opened(player);
