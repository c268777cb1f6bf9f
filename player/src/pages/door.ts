// The studio's door: a studio is one of a stream, and who comes without its name is asked for it.

import { find } from './api.ts';
import { speak, to } from './language.ts';
import { DOOR } from './words/door.ts';

document.title = `${speak(DOOR).title} · Shoal`;

find<HTMLFormElement>('#studio').addEventListener('submit', (event) => {
  event.preventDefault(); // without scripts the server leads there, in the browser's language
  location.href = to(`/studio/${find<HTMLInputElement>('#name').value.trim()}`);
});
