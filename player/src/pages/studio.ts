// The studio: camera, microphone, screen, screen and camera, a file or a test pattern, live by WHIP.

import { Awake } from '../studio/awake.ts';
import { Broadcast, type Publication } from '../studio/broadcast.ts';
import { ask, capture as captured, type Capture, offered, type Source, type Wish } from '../studio/capture.ts';
import type { Device } from '../studio/held.ts';
import { Faltering } from '../studio/faltering.ts';
import type { Corner } from '../studio/inset.ts';
import { Loudness } from '../studio/loudness.ts';
import { Reach } from '../studio/reach.ts';
import { AWAY, type Sent, Whip } from '../studio/whip.ts';
import { bits, copied, described, duration, elsewhere, every, find, list, rtmpAddress } from './api.ts';
import { Choosing } from './choosing.ts';
import { watchers } from './crowd.ts';
import { figure, speak } from './language.ts';
import { showReceived } from './received.ts';
import { Sending } from './sending.ts';
import { advised } from './words/advice.ts';
import { faltering as falters } from './words/faltering.ts';
import { lacking, refusal } from './words/lacking.ts';
import { STUDIO, told, unreached } from './words/studio.ts';

const said = speak(STUDIO);

const name = find('h1').textContent?.trim() ?? '';
const SETTLED_MILLIS = 5000; // after a broadcast from here, within which its end is not known everywhere
const WHENCE_KEYS = said.whence(name);
const preview = find<HTMLVideoElement>('#preview');
const veil = find('#veil');
const form = find<HTMLFormElement>('#settings');
const key = find<HTMLInputElement>('#key');
const corner = find<HTMLSelectElement>('#corner');
const file = find<HTMLInputElement>('#file');
const go = find<HTMLButtonElement>('#go');
const state = find('#state');
const words = find('#words');
const trouble = find('#trouble');
const numbers = find('#numbers');
const away = find('#away');
const reach = new Reach();
const awake = new Awake();
const faltering = new Faltering();

let source: Source | null = null;
let capture: Capture | null = null;
let other = ''; // how the stream is on air while it is not from here
let fromHere = -Infinity; // when that last was seen
let loudness: Loudness | null = null; // of what is captured, if it has sound
let audience = ''; // who is known to watch, in words; '' while nobody tells
let attended = new Set<EventTarget | null>(); // the tracks whose end is to be noticed
let opened = 0; // counts captures, so that only the newest counts

const broadcast = new Broadcast({
  async publish(state) {
    const stream = capture?.stream ?? new MediaStream();
    const made = await Whip.publish(`/whip/${name}`, key.value.trim(), stream, sending.shape, { state, refused: (what) => say(told(said, what)) });
    await carry(made); // what is captured may be another by now
    return made;
  },
  say: (what, wrongKey) => say(wrongKey ? `${told(said, what)} ${WHENCE_KEYS}` : told(said, what)),
  changed: () => show(),
});

document.title = `${said.studio}: ${name} · Shoal`;

// --- what is captured ---

const choosing = new Choosing(said, (device) => void exchange(device));
const sending = new Sending(() => {
  const { width, height } = sending.shape;
  if (!broadcast.wanted) capture?.size(width, height);
  void broadcast.publication?.fit(sending.shape);
});

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-source]')) {
  const own = button.dataset['source'] as Source;
  button.hidden = !offered(own);
  button.addEventListener('click', () => (own === 'file' ? file.click() : void open(own)));
}
file.addEventListener('change', () => {
  if (file.files?.length) void open('file');
});
corner.addEventListener('change', () => {
  if (capture?.inset) capture.inset.corner = corner.value as Corner;
});

async function open(chosen: Source): Promise<void> {
  const turn = ++opened;
  say('');
  try {
    const next = await captured(wish(chosen));
    if (turn !== opened) {
      next.close();
      return;
    }
    const before = capture;
    capture = next;
    source = chosen;
    await changed();
    before?.close();
  } catch (error) {
    say(refusal(said, error, chosen) || told(said, error instanceof Error ? error.message : String(error)));
  }
}

// exchange takes another camera or microphone, in the picture that is there.
async function exchange(device: Device): Promise<void> {
  const now = capture;
  if (!now || !source) return;
  const wished = wish(source);
  say('');
  try {
    await now.exchange(device, (id = wished[device]) => ask(device, { ...wished, [device]: id }));
  } catch (error) {
    say(refusal(said, error, device) || told(said, error instanceof Error ? error.message : String(error)));
  }
  if (now === capture) await changed(); // the menus show the one that is taken
}

// changed shows what is captured, and has it broadcast.
async function changed(): Promise<void> {
  const now = capture;
  const pictures = now?.stream.getVideoTracks().length ?? 0;
  preview.srcObject = now?.stream ?? null;
  preview.classList.toggle('mirror', source === 'camera');
  veil.hidden = pictures > 0;
  find('#veil p').textContent = now ? said.soundOnly : said.what;
  listen(now?.stream ?? null);
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-source]')) {
    button.setAttribute('aria-pressed', String(button.dataset['source'] === source));
  }
  find('#corners').hidden = !now?.inset;
  attended = new Set([...(now?.sources ?? []), ...(now?.devices ?? [])]);
  for (const track of attended) track?.addEventListener('ended', over);
  if (now && source && now.lacks.length > 0) say(lacking(said, now.lacks, source));
  show();
  if (broadcast.publication) await carry(broadcast.publication);
  await choosing.show(now);
}

// carry has a publication send what is captured.
async function carry(by: Publication): Promise<void> {
  const stream = capture?.stream;
  await Promise.all([by.replace('audio', stream?.getAudioTracks()[0] ?? null), by.replace('video', stream?.getVideoTracks()[0] ?? null)]);
}

function wish(source: Source): Wish {
  const { width, height } = sending.shape;
  return { source, width, height, camera: choosing.of('camera'), microphone: choosing.of('microphone'), corner: corner.value as Corner, file: file.files?.[0] };
}

function over({ target }: Event): void {
  if (attended.has(target)) void ended();
}

// ended is called when a device or a source has ended by itself, as it was pulled out, or the screen is shown no more.
async function ended(): Promise<void> {
  if (capture?.sources.some(({ readyState }) => readyState === 'live')) {
    await changed();
    return;
  }
  capture?.close();
  [capture, source] = [null, null];
  say(said.sourceEnded);
  await changed();
}

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
  if (!capture) {
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
  else if (!wanted) words.textContent = !capture ? said.choose : reach.amiss === '' ? said.ready : '';
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
  const picture = capture?.stream.getVideoTracks()[0] ?? null;
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
