// The page that is shown where there is none: what is wrong with the address, and the way to what is live. A studio is one of a stream: where no
// name is in the address it is asked for.

import { find } from './api.ts';
import { speak, to } from './language.ts';
import { MISSING } from './words/missing.ts';

document.title = `${speak(MISSING).title} · Shoal`;

const form = find<HTMLFormElement>('#studio');
form.hidden = !/^\/studio\/?$/.test(location.pathname);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  location.href = to(`/studio/${find<HTMLInputElement>('#name').value.trim()}`);
});
