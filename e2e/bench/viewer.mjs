// One viewer of a benchmark: the watch page in a browser context of its own.

import { inside } from '../harness/inside.mjs';
import { until } from '../harness/until.mjs';

const MOST_STARTUP = 40; // seconds

// Runs in a page, and gives its player the attribute by which any page switches the swarm off. The parser has not come
// to the scripts yet when this sees the player.
function withoutSwarm() {
  new MutationObserver((_, observer) => {
    const player = document.querySelector('shoal-player');
    if (!player) return;
    player.setAttribute('p2p', 'off');
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
}

export class Viewer {
  static async make(browser, name, { p2p }) {
    const viewer = new Viewer();
    viewer.name = name;
    viewer.page = await browser.page(`(${inside})({})`, ...(p2p ? [] : [`(${withoutSwarm})()`]));
    return viewer;
  }

  async open(url) {
    this.began = Date.now();
    await this.page.go(url);
  }

  /** Waits until two different pictures were seen; returns the milliseconds from the opening of the page until then. */
  async moving() {
    const at = await until(`${this.name}'s picture to move`, () => this.page.evaluate(() => window.shoalTest.movingAt),
      { seconds: MOST_STARTUP, every: 200 });
    return (this.movedAfter = at - this.began);
  }

  /** Whether the page has the browser's own cryptography, as pages in real use do. */
  secure() {
    return this.page.evaluate(() => isSecureContext);
  }

  /** A snapshot of the player's property `stats`. */
  stats() {
    return this.page.evaluate(() => ({ ...window.shoalTest.player().stats }));
  }

  /** When it waited for media, for how long, and how much was buffered. */
  waits() {
    return this.page.evaluate(() => window.shoalTest.waits.map(({ at, millis, ahead }) => ({ at, millis, ahead })));
  }
}
