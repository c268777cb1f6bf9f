// A still: a picture that does not change, and is shown once it is there. The server makes few at a time and turns the others away for a moment: it is asked
// again, later each time, and half of that by chance, so that the pictures of a page do not come back together.

import { make } from '../make.ts';

const FIRST_MILLIS = 4000; // at most, and twice that the next time
const TIMES = 5; // it is asked again: then the place of the picture stays as it is

export function still(image: HTMLImageElement, source: string, chance: () => number = Math.random): void {
  let failed = 0;
  image.addEventListener('error', () => {
    if (failed === TIMES) return;
    const most = FIRST_MILLIS * 2 ** failed++;
    setTimeout(() => {
      if (image.isConnected) image.src = source; // else its place on the page is gone
    }, most / 2 + (chance() * most) / 2);
  });
  image.src = source;
}

// unseen makes a picture that is shown once it is there.
export function unseen(): HTMLImageElement {
  const image = make('img', { class: 'thumbnail', alt: '', hidden: '' });
  image.addEventListener('load', () => (image.hidden = false));
  image.addEventListener('error', () => (image.hidden = true));
  return image;
}
