// The panel of numbers, and of the last minute as a drawing: where the media came from, and how well it plays.

import { decimal } from './decimal.ts';
import type { Moment } from './flow.ts';
import { FlowChart } from './flowchart.ts';
import { obstacleOf, OBSTACLES } from './obstacle.ts';
import type { Wait } from './pending.ts';
import type { Stats } from './stats.ts';
import type { Words } from './words.ts';

const LEAST = 2; // pixels: less is no more to scroll to
const WORD = 12; // letters: what the swarm does is told in a line of its own where it is more, as it is a sentence

export class Panel {
  readonly #aside: HTMLElement;
  readonly #chart: FlowChart;
  #fading = false; // before it is drawn next

  constructor(aside: HTMLElement) {
    this.#aside = aside;
    this.#chart = new FlowChart(this.#get('.flow'));
    aside.addEventListener('scroll', () => this.#fade());
  }

  show(s: Stats, moments: readonly Moment[], vod: boolean, wait: Wait, words: Words): void {
    const { rows } = words;
    const figure = (value: number, digits: number): string => decimal(value, digits, words.tag);
    this.#write('h2', `${Math.round(s.offload * 100)} %`);
    this.#write('p', words.fromOthers);
    this.#get('.meter i').style.width = `${Math.round(s.offload * 100)}%`;
    const obstacle = (s.p2p === 'off' || s.p2p === 'joining') && !vod ? obstacleOf(s.refusal) : null; // that a recording has no swarm is no news
    const native = s.refusal === OBSTACLES.native; // what came from where is not seen, nor how far behind live
    this.#chart.show(moments, words);
    this.#get('.flow').hidden = native;
    const swarm = obstacle ? words.off(words.hindrances[obstacle]) : wait ? words.waits[wait] : s.p2p === 'on' ? words.peers(s.peers) : words.swarm[s.p2p];
    const traffic: [string, string][] = native ? [] : [
      [rows.fromPeers, size(s.bytesFromPeers, figure)],
      [rows.fromEdge, size(s.bytesFromEdge, figure)],
      [rows.given, size(s.bytesToPeers, figure)],
      ...(vod ? [] : [[rows.behind, `${figure(s.latencySeconds, 1)} s`] as [string, string]]),
    ];
    const lines: [string, string][] = [
      [rows.swarm, swarm],
      ...traffic,
      [rows.buffered, `${figure(s.bufferSeconds, 1)} s`],
      [rows.started, s.startupMillis ? `${figure(s.startupMillis / 1000, 2)} s` : '–'],
      [rows.stalls, s.stalls === 0 ? words.none : `${s.stalls}, ${figure(s.stalledSeconds, 1)} s`],
      [rows.dropped, String(s.droppedFrames)],
      ...(native ? [] : [[rows.bad, String(s.badPieces)] as [string, string]]),
    ];
    const list = this.#get('dl');
    if (list.children.length !== lines.length * 2) {
      list.replaceChildren(...lines.flatMap(() => [document.createElement('dt'), document.createElement('dd')]));
      list.children[2]?.classList.toggle('of-peers', !native); // whose colours the drawing has
      list.children[4]?.classList.toggle('of-edge', !native);
    }
    list.classList.toggle('sentence', swarm.length > WORD);
    lines.flat().forEach((text, i) => write(list.children[i], text));
    if (this.#fading) return;
    this.#fading = true; // when all has been written that is drawn with it, and is laid out anyway
    requestAnimationFrame(() => {
      this.#fading = false;
      this.#fade();
    });
  }

  // fade lets it end softly where there is more to scroll to.
  #fade(): void {
    const { scrollTop, scrollHeight, clientHeight, classList } = this.#aside;
    classList.toggle('above', scrollTop > LEAST);
    classList.toggle('below', scrollHeight - clientHeight - scrollTop > LEAST);
  }

  #write(selector: string, text: string): void {
    write(this.#get(selector), text);
  }

  #get(selector: string): HTMLElement {
    const found = this.#aside.querySelector<HTMLElement>(selector); // or an element of SVG, of which no more is asked
    if (!found) throw new Error(`panel: no ${selector}`);
    return found;
  }
}

// write writes only what changes: what is written is laid out anew.
function write(element: Element | undefined, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

function size(bytes: number, figure: (value: number, digits: number) => string): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : bytes < 1e9 ? `${figure(bytes / 1e6, 1)} MB` : `${figure(bytes / 1e9, 2)} GB`;
}
