// The studio: camera, microphone, screen, screen and camera, a file or a test pattern, live by WHIP.

import { Awake } from '../studio/awake.ts';
import { Broadcast } from '../studio/broadcast.ts';
import { Faltering } from '../studio/faltering.ts';
import { Loudness } from '../studio/loudness.ts';
import { Reach } from '../studio/reach.ts';
import { AWAY, type Sent, Whip } from '../studio/whip.ts';
import { bits, copied, described, duration, elsewhere, every, find, list, rtmpAddress } from './api.ts';
import { Capturing } from './capturing.ts';
import { watchers } from './crowd.ts';
import { figure, speak } from './language.ts';
import { showReceived } from './received.ts';
import { Sending } from './sending.ts';
import { advised } from './words/advice.ts';
import { faltering as falters } from './words/faltering.ts';
import { STUDIO, told, unreached } from './words/studio.ts';

const said = speak(STUDIO);

const name = find('h1').textContent?.trim() ?? '';
const SETTLED_MILLIS = 5000; // after a broadcast from here, within which its end is not known everywhere
const WHENCE_KEYS = said.whence(name);
const form = find<HTMLFormElement>('#settings');
const key = find<HTMLInputElement>('#key');
const go = find<HTMLButtonElement>('#go');
const state = find('#state');
const words = find('#words');
const trouble = find('#trouble');
const numbers = find('#numbers');
const away = find('#away');
const reach = new Reach();
const awake = new Awake();
const faltering = new Faltering();

let other = ''; // how the stream is on air while it is not from here
let fromHere = -Infinity; // when that last was seen
let loudness: Loudness | null = null; // of what is captured, if it has sound
let audience = ''; // who is known to watch, in words; '' while nobody tells

const broadcast = new Broadcast({
  async publish(state) {
    const stream = capturing.stream ?? new MediaStream();
    const made = await Whip.publish(`/whip/${name}`, key.value.trim(), stream, sending.shape, { state, refused: (what) => say(told(said, what)) });
    await capturing.carry(made); // what is captured may be another by now
    return made;
  },
  say: (what, wrongKey) => say(wrongKey ? `${told(said, what)} ${WHENCE_KEYS}` : told(said, what)),
  changed: () => show(),
});

document.title = `${said.studio}: ${name} · Shoal`;

// --- what is captured ---

const sending = new Sending(() => {
  if (!broadcast.wanted) capturing.size(sending.shape);
  void broadcast.publication?.fit(sending.shape);
});

const capturing = new Capturing(said, {
  shape: () => sending.shape,
  publication: () => broadcast.publication,
  say,
  changed(stream) {
    listen(stream);
    show();
  },
});

// listen shows how loud it is.
function listen(stream: MediaStream | null): void {
  loudness?.close();
  loudness = stream && stream.getAudioTracks().length > 0 ? new Loudness(stream) : null;
  find('#loudness').hidden = stream === null;
  find('#loudness span').textContent = loudness ? said.sound : said.noSound;
}

setInterval(() => {
  const percent = Math.round(100 * (loudness?.now ?? 0));
  find('#loudness i').style.width = `${percent}%`;
  find('#loudness').setAttribute('aria-valuenow', String(percent));
}, 100);

// --- going live ---

window.addEventListener('online', () => broadcast.moved());

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (broadcast.wanted) void broadcast.end();
  else void begin();
});

async function begin(): Promise<void> {
  if (!capturing.stream) {
    say(said.chooseFirst);
    return;
  }
  if (key.value.trim() === '') {
    say(said.noKey(WHENCE_KEYS));
    key.focus();
    return;
  }
  await broadcast.begin();
}

window.addEventListener('pagehide', () => void broadcast.publication?.close());
window.addEventListener('beforeunload', (event) => {
  if (broadcast.wanted) event.preventDefault();
});

// --- another program ---

const server = find('#rtmp');
const address = rtmpAddress(server.dataset['server']);
if (address !== '') server.textContent = address;
find('[data-copy="server"]').hidden = address === ''; // this edge does not know it, and the page says so
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
  button.addEventListener('click', () => {
    if (button.dataset['copy'] === 'server') copied(button, address);
    else if (key.value.trim() !== '') copied(button, key.value.trim());
    else key.focus(); // there is nothing to copy yet
  });
}

// --- what the server receives, of this page or of OBS ---

showReceived(name, () => key.value.trim(), said);

// --- what is shown ---

function say(text: string): void {
  trouble.textContent = text;
  trouble.hidden = text === '';
}

function show(): void {
  const { wanted, linked } = broadcast;
  const live = wanted && linked;
  if (wanted) other = '';
  document.body.classList.toggle('on-air', live);
  state.className = live || other ? 'badge live' : 'badge';
  state.textContent = live ? said.live : wanted ? said.connecting : other || said.offAir;
  go.textContent = wanted ? said.endStream : said.goLive;
  go.disabled = other !== ''; // it would be refused: the words below say so
  go.classList.toggle('danger', wanted);
  key.disabled = wanted;
  sending.fixed = wanted;
  awake.wanted = wanted;
  numbers.hidden = !live;
  away.textContent = unreached(said, reach.amiss, broadcast);
  away.hidden = reach.amiss === '';
  if (!live) {
    faltering.reset();
    slow('');
  }
  if (other) words.textContent = said.elsewhere(other);
  else if (!wanted) words.textContent = !capturing.stream ? said.choose : reach.amiss === '' ? said.ready : '';
  else if (!live) words.textContent = said.connectingToServer;
}

setInterval(() => void tick(), 1000);

async function tick(): Promise<void> {
  const { publication, linked, since } = broadcast;
  if (!publication || !linked) return;
  words.textContent = said.onAir(duration(since));
  await publication.fit(sending.shape);
  const sent: Sent = await publication.sent();
  const rows: [string, string][] = [
    [said.sending, bits(sent.bitsPerSecond)],
    [said.picture, sent.height ? `${sent.width} × ${sent.height}` : '–'],
    [said.frames, said.fps(Math.round(sent.framesPerSecond))],
    [said.codec, sent.height ? sent.codec : '–'],
    [said.roundTrip, `${Math.round(sent.roundTripMillis)} ms`],
    [said.lost, `${figure(100 * sent.lost, 1)} %`],
  ];
  if (audience !== '') rows.push([said.viewers, audience]);
  list(numbers, rows);
  const { source, stream } = capturing;
  const picture = stream?.getVideoTracks()[0] ?? null;
  if (broadcast.linked && source) slow(document.visibilityState === 'hidden' ? '' : falters(said, faltering.note(sent, picture, source, performance.now()), source));
}

// slow says that few frames go out, or none; '': enough do.
function slow(text: string): void {
  const place = find('#faltering');
  if (place.textContent !== text) place.textContent = text;
  place.hidden = text === '';
}

every(2000, async () => {
  if (broadcast.wanted) fromHere = performance.now();
  const { stream, amiss } = await described(name);
  if (reach.note(amiss)) {
    broadcast.found();
    if (AWAY.some((what) => trouble.textContent === told(said, what))) say('');
  }
  if (broadcast.wanted) fromHere = performance.now();
  audience = watchers(stream, said.fromEachOther);
  other = performance.now() - fromHere > SETTLED_MILLIS ? elsewhere(stream) : '';
  show();
  const words = stream && (broadcast.publication || other) ? advised(stream) : '';
  find('#advice').textContent = words;
  find('#advice').hidden = words === '';
});

show();
