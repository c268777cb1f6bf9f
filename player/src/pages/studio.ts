// The studio: camera, screen, both, a file or a test pattern, live by WHIP.

import { make } from '../make.ts';
import { Broadcast } from '../studio/broadcast.ts';
import type { Device } from '../studio/both.ts';
import { ask, capture as captured, type Capture, type Source, type Wish } from '../studio/capture.ts';
import type { Corner } from '../studio/inset.ts';
import { Loudness } from '../studio/loudness.ts';
import { Reach } from '../studio/reach.ts';
import { AWAY, type Sent, Whip } from '../studio/whip.ts';
import { bits, copied, described, duration, elsewhere, every, find, list, rtmpAddress } from './api.ts';
import { speak } from './language.ts';
import { showReceived } from './received.ts';
import { STUDIO, told, unreached } from './words/studio.ts';

const said = speak(STUDIO);

const QUALITY = {
  '360': { width: 640, height: 360, bits: 900_000 },
  '540': { width: 960, height: 540, bits: 1_600_000 },
  '720': { width: 1280, height: 720, bits: 2_800_000 },
  '1080': { width: 1920, height: 1080, bits: 5_000_000 },
} as const;

const name = find('h1').textContent?.trim() ?? '';
const SETTLED_MILLIS = 5000; // after a broadcast from here, within which its end is not known everywhere
const WHENCE_KEYS = said.whence(name);
const preview = find<HTMLVideoElement>('#preview');
const veil = find('#veil');
const form = find<HTMLFormElement>('#settings');
const key = find<HTMLInputElement>('#key');
const quality = find<HTMLSelectElement>('#quality');
const cameras = find<HTMLSelectElement>('#camera');
const microphones = find<HTMLSelectElement>('#microphone');
const corner = find<HTMLSelectElement>('#corner');
const file = find<HTMLInputElement>('#file');
const go = find<HTMLButtonElement>('#go');
const state = find('#state');
const words = find('#words');
const trouble = find('#trouble');
const numbers = find('#numbers');
const away = find('#away');
const reach = new Reach();

let source: Source | null = null;
let capture: Capture | null = null;
let other = ''; // how the stream is on air while it is not from here
let fromHere = -Infinity; // when that last was seen
let loudness: Loudness | null = null; // of what is captured, if it has sound
let audience = ''; // who is known to watch, in words; '' while nobody tells
let opened = 0; // counts captures, so that only the newest counts

const broadcast = new Broadcast({
  publish(state) {
    if (!capture) throw new Error(said.chooseFirst);
    return Whip.publish(`/whip/${name}`, key.value.trim(), capture.stream, QUALITY[quality.value as keyof typeof QUALITY].bits, { state });
  },
  say: (what, wrongKey) => say(wrongKey ? `${told(said, what)} ${WHENCE_KEYS}` : told(said, what)),
  changed: () => show(),
});

document.title = `${said.studio}: ${name} · Shoal`;

// --- what is captured ---

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-source]')) {
  button.addEventListener('click', () => (button.dataset['source'] === 'file' ? file.click() : void open(button.dataset['source'] as Source)));
}
file.addEventListener('change', () => {
  if (file.files?.length) void open('file');
});
quality.addEventListener('change', () => {
  if (source === 'camera' || source === 'pattern') void open(source);
});
cameras.addEventListener('change', () => void exchange('camera'));
microphones.addEventListener('change', () => void exchange('microphone'));
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
    preview.srcObject = next.stream;
    listen(next.stream);
    preview.classList.toggle('mirror', chosen === 'camera');
    veil.hidden = true;
    for (const track of next.stream.getTracks()) await broadcast.publication?.replace(track);
    for (const track of next.sources) {
      track.addEventListener('ended', () => {
        if (capture === next) void lost();
      });
    }
    before?.close();
    if (next.lacks) say(said.noCamera);
    if (chosen === 'camera' || chosen === 'both') await listDevices();
  } catch (error) {
    say(refusal(error, chosen));
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-source]')) {
    button.setAttribute('aria-pressed', String(button.dataset['source'] === source));
  }
  find('#devices').hidden = source !== 'camera' && source !== 'both';
  find('#corners').hidden = source !== 'both';
  show();
}

// exchange takes another camera or microphone, in the picture that is there where that can be.
async function exchange(device: Device): Promise<void> {
  const now = capture;
  if (!now?.exchange) {
    if (source === 'camera') void open(source);
    return;
  }
  say('');
  try {
    await now.exchange(device, () => ask(device, wish('both')));
    if (now === capture) listen(now.stream);
  } catch (error) {
    say(refusal(error, 'camera'));
  }
  await listDevices(); // which shows the one that is taken
}

function wish(source: Source): Wish {
  const { width, height } = QUALITY[quality.value as keyof typeof QUALITY];
  return { source, width, height, camera: cameras.value, microphone: microphones.value, corner: corner.value as Corner, file: file.files?.[0] };
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

async function listDevices(): Promise<void> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  for (const [select, kind, word] of [[cameras, 'videoinput', said.camera], [microphones, 'audioinput', said.microphone]] as const) {
    const chosen = capture?.devices.find((t) => t.kind === kind.slice(0, 5))?.getSettings().deviceId ?? select.value;
    const options = devices.filter((d) => d.kind === kind).map((d, i) => make('option', { value: d.deviceId }, d.label || `${word} ${i + 1}`));
    select.replaceChildren(...options);
    if (options.some(({ value }) => value === chosen)) select.value = chosen;
  }
}

function refusal(error: unknown, chosen: Source): string {
  if (!navigator.mediaDevices) return said.needsSecure;
  const kind = error instanceof DOMException ? error.name : '';
  if (kind === 'NotAllowedError') return chosen === 'screen' || chosen === 'both' ? said.noScreen : said.notAllowed;
  if (kind === 'NotFoundError') return said.notFound;
  if (kind === 'NotReadableError') return said.inUse;
  return told(said, error instanceof Error ? error.message : String(error));
}

async function lost(): Promise<void> {
  say(said.sourceEnded);
  source = null;
  if (!broadcast.wanted) {
    capture?.close();
    capture = null;
    preview.srcObject = null;
    listen(null);
    veil.hidden = false;
  }
  show();
}

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
  quality.disabled = wanted;
  numbers.hidden = !live;
  away.textContent = unreached(said, reach.amiss, broadcast);
  away.hidden = reach.amiss === '';
  if (other) words.textContent = said.elsewhere(other);
  else if (!wanted) words.textContent = !capture ? said.choose : reach.amiss === '' ? said.ready : '';
  else if (!live) words.textContent = said.connectingToServer;
}

setInterval(() => void tick(), 1000);

async function tick(): Promise<void> {
  const { publication, linked, since } = broadcast;
  if (!publication || !linked) return;
  words.textContent = said.onAir(duration(since));
  const sent: Sent = await publication.sent();
  const rows: [string, string][] = [
    [said.sending, bits(sent.bitsPerSecond)],
    [said.picture, sent.height ? `${sent.width} × ${sent.height}` : '–'],
    [said.frames, `${Math.round(sent.framesPerSecond)} /s`],
    [said.codec, sent.codec || '–'],
    [said.roundTrip, `${Math.round(sent.roundTripMillis)} ms`],
    [said.lost, `${(100 * sent.lost).toFixed(1)} %`],
  ];
  if (audience !== '') rows.push([said.watching, audience]);
  list(numbers, rows);
}

every(2000, async () => {
  if (broadcast.wanted) fromHere = performance.now();
  const { stream, amiss } = await described(name);
  if (reach.note(amiss)) {
    broadcast.found();
    if (AWAY.some((what) => trouble.textContent === told(said, what))) say('');
  }
  if (broadcast.wanted) fromHere = performance.now();
  audience = !stream || stream.viewers == null ? '' : String(stream.viewers) + (stream.viewers > 1 && stream.offload != null ? `, ${said.fromEachOther(Math.round(100 * stream.offload))}` : '');
  other = performance.now() - fromHere > SETTLED_MILLIS ? elsewhere(stream) : '';
  show();
  const words = broadcast.publication || other ? stream?.advice ?? '' : '';
  find('#advice').textContent = words;
  find('#advice').hidden = words === '';
});

show();
