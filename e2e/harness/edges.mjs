// Two edges of one origin, of which one can die or hang, and a browser with a viewer at each.

import { demoClip, push } from './broadcaster.mjs';
import { launch } from './browser.mjs';
import { edge, origin, port, tracker } from './shoal.mjs';
import { pass, until } from './until.mjs';

/**
 * Starts them, and returns once both viewers are linked in one swarm: {edges, browser, viewers, stats, again}; again starts the first edge anew.
 * args are the origin's; ready waits for what there is to be before the viewers come; before is given each one's page.
 */
export async function twoEdges(t, { args = [], ready = () => undefined, before } = {}) {
  const source = await origin(t, { stream: 'show', args });
  const ports = [{ http: port(), admin: port() }, { http: port(), admin: port() }];
  const meeting = await tracker(t, { pages: ports.map(({ http }) => `http://127.0.0.1:${http}`).join(',') });
  const start = (ports) => edge(t, { origin: source, tracker: `ws://127.0.0.1:${meeting.ports.http}/tracker`, ports });
  const edges = await Promise.all(ports.map(start));
  push(t, `${source.rtmp}/${source.key}`, demoClip, { loop: true });
  await Promise.all(edges.map((edge) => edge.live('show')));
  await ready(edges[0].base);
  const browser = await launch(t);
  const viewers = [];
  for (const { base } of edges) {
    viewers.push(await browser.open(`${base}/watch/show`, { before }));
    await viewers.at(-1).moving();
  }
  const stats = () => Promise.all(viewers.map((viewer) => viewer.stats()));
  await until('both to be in the swarm', async () => (await stats()).every((s) => s.p2p === 'on' && s.peers === 1), { seconds: 15 });
  await pass(5);
  viewers[0].expect(AWAY);
  return { edges, browser, viewers, stats, again: () => start(ports[0]) };
}

/** What a page's console says of an edge that is away. */
export const AWAY = /ERR_(CONNECTION_(REFUSED|RESET)|EMPTY_RESPONSE|INCOMPLETE_CHUNKED|CONTENT_LENGTH)|status of 50[234]/;
