// The studio: camera, screen, a file or a test pattern, live by WHIP.

import { Broadcast } from '../studio/broadcast.ts';
import { Clip } from '../studio/clip.ts';
import { Loudness } from '../studio/loudness.ts';
import { Monitor } from '../studio/monitor.ts';
import { Pattern } from '../studio/pattern.ts';
import { Whep } from '../studio/whep.ts';
import { type Sent, Whip } from '../studio/whip.ts';
import { bits, copied, described, duration, elsewhere, every, find, make, people, rtmpAddress } from './api.ts';

type Source = 'camera' | 'screen' | 'file' | 'pattern';

const QUALITY = {
  '360': { width: 640, height: 360, bits: 900_000 },
  '540': { width: 960, height: 540, bits: 1_600_000 },
  '720': { width: 1280, height: 720, bits: 2_800_000 },
  '1080': { width: 1920, height: 1080, bits: 5_000_000 },
} as const;

const name = find('h1').textContent?.trim() ?? '';
const SETTLED_MILLIS = 5000; // after a broadcast from here, within which its end is not known everywhere
const WHENCE_KEYS = `“shoal up” prints one when it starts, “shoal key add ${name}” makes another (with the -data of the server, where it was given one).`;
const preview = find<HTMLVideoElement>('#preview');
const veil = find('#veil');
const form = find<HTMLFormElement>('#settings');
const key = find<HTMLInputElement>('#key');
const quality = find<HTMLSelectElement>('#quality');
const cameras = find<HTMLSelectElement>('#camera');
const microphones = find<HTMLSelectElement>('#microphone');
const file = find<HTMLInputElement>('#file');
const go = find<HTMLButtonElement>('#go');
const state = find('#state');
const words = find('#words');
const trouble = find('#trouble');
const numbers = find('#numbers');

let source: Source | null = null;
let capture: { stream: MediaStream; close(): void } | null = null;
let other = ''; // how the stream is on air while it is not from here
let fromHere = -Infinity; // when that last was seen
let loudness: Loudness | null = null; // of what is captured, if it has sound
let audience = ''; // who watches, in words; '' while nobody tells
let opened = 0; // counts captures, so that only the newest counts

const broadcast = new Broadcast({
  publish(state) {
    if (!capture) throw new Error('Choose a source first.');
    return Whip.publish(`/whip/${name}`, key.value.trim(), capture.stream, QUALITY[quality.value as keyof typeof QUALITY].bits, { state });
  },
  say: (what, wrongKey) => say(wrongKey ? `${what} ${WHENCE_KEYS}` : what),
  changed: () => show(),
});

document.title = `Studio: ${name} · Shoal`;

// --- what is captured ---

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-source]')) {
  button.addEventListener('click', () => (button.dataset['source'] === 'file' ? file.click() : void open(button.dataset['source'] as Source)));
}
file.addEventListener('change', () => {
  if (file.files?.length) void open('file');
});
for (const select of [quality, cameras, microphones]) {
  select.addEventListener('change', () => {
    if (source && source !== 'file' && !(source === 'screen' && select !== microphones)) void open(source);
  });
}

async function open(chosen: Source): Promise<void> {
  const turn = ++opened;
  say('');
  try {
    const { width, height } = QUALITY[quality.value as keyof typeof QUALITY];
    const next = await captured(chosen, width, height);
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
    for (const track of next.stream.getTracks()) {
      await broadcast.publication?.replace(track);
      track.addEventListener('ended', () => {
        if (capture === next) void lost();
      });
    }
    before?.close();
    if (chosen === 'camera') await listDevices();
  } catch (error) {
    say(refusal(error, chosen));
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-source]')) {
    button.setAttribute('aria-pressed', String(button.dataset['source'] === source));
  }
  find('#devices').hidden = source !== 'camera';
  show();
}

// listen shows how loud it is.
function listen(stream: MediaStream | null): void {
  loudness?.close();
  loudness = stream && stream.getAudioTracks().length > 0 ? new Loudness(stream) : null;
  find('#loudness').hidden = stream === null;
  find('#loudness span').textContent = loudness ? 'Sound' : 'No sound';
}

setInterval(() => {
  const percent = Math.round(100 * (loudness?.now ?? 0));
  find('#loudness i').style.width = `${percent}%`;
  find('#loudness').setAttribute('aria-valuenow', String(percent));
}, 100);

async function captured(chosen: Source, width: number, height: number): Promise<{ stream: MediaStream; close(): void }> {
  if (chosen === 'pattern') return new Pattern(width, height);
  const picked = file.files?.[0];
  if (chosen === 'file' && picked) return Clip.open(picked);
  const size = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } };
  const sound = { echoCancellation: true, noiseSuppression: true, ...(microphones.value ? { deviceId: { exact: microphones.value } } : {}) };
  let stream: MediaStream;
  if (chosen === 'camera') {
    stream = await navigator.mediaDevices.getUserMedia({ video: { ...size, ...(cameras.value ? { deviceId: { exact: cameras.value } } : {}) }, audio: sound });
  } else {
    stream = await navigator.mediaDevices.getDisplayMedia({ video: size, audio: true });
    if (stream.getAudioTracks().length === 0) {
      const voice = await navigator.mediaDevices.getUserMedia({ audio: sound }).catch(() => null); // without a voice then
      for (const track of voice?.getAudioTracks() ?? []) stream.addTrack(track);
    }
  }
  return { stream, close: () => stream.getTracks().forEach((track) => track.stop()) };
}

async function listDevices(): Promise<void> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  for (const [select, kind, word] of [[cameras, 'videoinput', 'Camera'], [microphones, 'audioinput', 'Microphone']] as const) {
    const chosen = select.value || capture?.stream.getTracks().find((t) => t.kind === kind.slice(0, 5))?.getSettings().deviceId || '';
    const options = devices.filter((d) => d.kind === kind).map((d, i) => make('option', { value: d.deviceId }, d.label || `${word} ${i + 1}`));
    select.replaceChildren(...options);
    select.value = chosen;
  }
}

function refusal(error: unknown, chosen: Source): string {
  if (!navigator.mediaDevices) return 'Camera and screen need https (or localhost). The test pattern works here.';
  const kind = error instanceof DOMException ? error.name : '';
  if (kind === 'NotAllowedError') return chosen === 'screen' ? 'No screen was chosen.' : 'The browser may not use the camera and microphone. Allow it beside the address, then try again.';
  if (kind === 'NotFoundError') return 'There is no camera or microphone here. The screen or the test pattern will do.';
  if (kind === 'NotReadableError') return 'The camera is in use by another program.';
  return error instanceof Error ? error.message : String(error);
}

async function lost(): Promise<void> {
  say('The source has ended. Choose another to go on.');
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
    say('Choose a source first.');
    return;
  }
  if (key.value.trim() === '') {
    say(`The publish key is missing. ${WHENCE_KEYS}`);
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

const look = find<HTMLButtonElement>('#look');
const received = find<HTMLVideoElement>('#received');
const missing = find('#missing');

const monitor = new Monitor({
  play: (state) => Whep.play(`/whep/${name}`, key.value.trim(), state),
  picture(stream) {
    received.srcObject = stream;
    find('#seen').hidden = find('#late').hidden = stream === null;
    look.setAttribute('aria-pressed', String(monitor.wanted));
    look.textContent = monitor.wanted ? 'Hide what the server receives' : 'See what the server receives';
  },
  say(what) {
    missing.textContent = what;
    missing.hidden = what === '';
  },
  still: (is) => find('#seen').classList.toggle('still', is),
});

look.addEventListener('click', () => void (monitor.wanted ? monitor.close() : monitor.open()));
window.addEventListener('pagehide', () => void monitor.close());

async function tickMonitor(): Promise<void> {
  const got = await monitor.received();
  if (!got) return;
  const late = got.delayMillis === null ? '–' : `${(Math.max(0, got.delayMillis) / 1000).toFixed(2)} s`;
  const rows: [string, string][] = [['Behind the server', late], ['Picture', got.height ? `${got.width} × ${got.height}` : '–'], ['Frames', `${Math.round(got.framesPerSecond)} /s`]];
  list(find('#late'), monitor.still ? rows.map(([what]) => [what, '–']) : rows);
}

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
  state.textContent = live ? 'Live' : wanted ? 'Connecting' : other || 'Off air';
  go.textContent = wanted ? 'End stream' : 'Go live';
  go.classList.toggle('quiet', other !== '');
  go.classList.toggle('danger', wanted);
  key.disabled = wanted;
  quality.disabled = wanted;
  numbers.hidden = !live;
  if (other) words.textContent = `${other}, from another program. “Go live” is refused while that sends.`;
  else if (!wanted) words.textContent = capture ? 'Ready.' : 'Choose what to show.';
  else if (!live) words.textContent = 'Connecting to the server…';
}

setInterval(() => void tick(), 1000);
setInterval(() => void tickMonitor(), 500);

async function tick(): Promise<void> {
  const { publication, linked, since } = broadcast;
  if (!publication || !linked) return;
  words.textContent = `On air for ${duration(since)}.`;
  const sent: Sent = await publication.sent();
  const rows: [string, string][] = [
    ['Sending', bits(sent.bitsPerSecond)],
    ['Picture', sent.height ? `${sent.width} × ${sent.height}` : '–'],
    ['Frames', `${Math.round(sent.framesPerSecond)} /s`],
    ['Codec', sent.codec || '–'],
    ['Round trip', `${Math.round(sent.roundTripMillis)} ms`],
    ['Lost', `${(100 * sent.lost).toFixed(1)} %`],
  ];
  if (audience !== '') rows.push(['Watching', audience]);
  list(numbers, rows);
}

function list(where: HTMLElement, rows: [string, string][]): void {
  where.replaceChildren(...rows.map(([what, much]) => make('div', {}, make('dt', {}, what), make('dd', {}, much))));
}

every(2000, async () => {
  if (broadcast.wanted) fromHere = performance.now();
  const stream = await described(name);
  if (broadcast.wanted) fromHere = performance.now();
  audience = !stream || stream.viewers == null ? '' : people(stream.viewers) + (stream.viewers > 1 && stream.offload != null ? `, ${Math.round(100 * stream.offload)} % from each other` : '');
  other = performance.now() - fromHere > SETTLED_MILLIS ? elsewhere(stream) : '';
  show();
  const words = broadcast.publication || other ? stream?.advice ?? '' : '';
  find('#advice').textContent = words;
  find('#advice').hidden = words === '';
});

show();
