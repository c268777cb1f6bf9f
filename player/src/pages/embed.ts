// The page for frames of other sites: the player and nothing else. Its link says how it begins: ?muted, ?autoplay=no, ?lang=pt.

import type { ShoalPlayer } from '../element.ts';
import { find } from './api.ts';
import { opened } from './opened.ts';

const player = find<ShoalPlayer>('shoal-player');
const query = new URLSearchParams(location.search);
player.toggleAttribute('muted', query.has('muted'));
player.toggleAttribute('autoplay', query.get('autoplay') !== 'no');
const lang = query.get('lang');
if (lang !== null) player.lang = lang;
opened(player);
