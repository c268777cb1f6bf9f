// What the tests look through at a page: a script that runs in it before the page's own. It measures by itself what
// the player also claims (when the picture moves, for how long it stands still), and reads the demo's counter.

/** Runs in the page (so it is one function, without imports). It puts its findings at window.shoalTest. */
export function inside({ hash, tireless }) {
  const test = (window.shoalTest = { movingAt: 0, standstill: { millis: 0, late: 0 }, waits: [], appended: [] });

  // The player leaves the swarm where timers are late, but not in a page that is hidden, where they always are. Only the
  // player's pulse.ts asks for this property.
  if (tireless) Object.defineProperty(document, 'hidden', { get: () => true });

  const find = (root, name) => {
    const own = root.querySelector(name);
    if (own) return own;
    for (const element of root.querySelectorAll('*')) {
      const found = element.shadowRoot && find(element.shadowRoot, name);
      if (found) return found;
    }
    return null;
  };
  test.video = () => find(document, 'video');
  test.player = () => find(document, 'shoal-player');

  const canvas = document.createElement('canvas');
  const pixels = (video, x, y, width, height, toWidth, toHeight) => {
    canvas.width = toWidth;
    canvas.height = toHeight;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, x, y, width, height, 0, 0, toWidth, toHeight);
    return context.getImageData(0, 0, toWidth, toHeight).data;
  };

  // The number in the strip of the demo's pictures (package cmd/shoal/demo), null if there is none.
  test.counter = () => {
    const video = test.video();
    if (!video || video.readyState < 2 || !video.videoWidth) return null;
    const scale = video.videoWidth / 640;
    const strip = pixels(video, 270 * scale, 10 * scale, 360 * scale, 20 * scale, 360, 20);
    const lit = (square) => {
      let sum = 0;
      for (let y = 6; y < 14; y++) for (let x = 6; x < 14; x++) sum += strip[4 * (y * 360 + square * 20 + x) + 1];
      return sum / 64 > 128;
    };
    if (!lit(0) || lit(17)) return null;
    let number = 0;
    for (let bit = 0; bit < 16; bit++) if (lit(bit + 1)) number |= 1 << bit;
    return { number, time: video.currentTime };
  };

  // The picture moves when two pictures differ.
  let first = null;
  const look = setInterval(() => {
    const video = test.video();
    if (!video || video.readyState < 2 || !video.videoWidth) return;
    const now = pixels(video, 0, 0, video.videoWidth, video.videoHeight, 64, 36);
    if (first && now.some((value, i) => value !== first[i])) {
      test.movingAt = Date.now();
      clearInterval(look);
      watch(video);
    }
    first ??= now;
  }, 15);

  // By how many milliseconds timers were late, in the mean of the last two seconds.
  const beats = [];
  let beat = performance.now();
  setInterval(() => {
    const now = performance.now();
    beats.push(Math.max(0, now - beat - 100));
    if (beats.length > 20) beats.shift();
    beat = now;
  }, 100);
  const lateness = () => Math.round(beats.reduce((sum, late) => sum + late, 0) / Math.max(1, beats.length));

  // Then it must not stand still. Of each time that it waits is noted when, for how long, how much was buffered (with
  // plenty of it, it is the machine that was too busy to decode), and how late timers were.
  const watch = (video) => {
    let wait = null;
    video.addEventListener('waiting', () => {
      const { buffered, currentTime } = video;
      let ahead = 0;
      for (let i = 0; i < buffered.length; i++) if (buffered.start(i) <= currentTime + 0.1) ahead = Math.max(0, buffered.end(i) - currentTime);
      wait = { at: new Date().toISOString().slice(14, 23), ahead: ahead.toFixed(2), late: lateness(), millis: 0, since: performance.now() };
      test.waits.push(wait);
    });
    video.addEventListener('playing', () => {
      if (wait) wait.millis = Math.round(performance.now() - wait.since);
      wait = null;
    });
    let time = video.currentTime;
    let since = performance.now();
    let sampled = since;
    setInterval(() => {
      const now = performance.now();
      if (video.currentTime !== time || video.paused) {
        time = video.currentTime;
        since = now;
      } else if (now - sampled < 200) {
        if (now - since > test.standstill.millis) test.standstill = { millis: Math.round(now - since), late: lateness() };
      }
      sampled = now;
    }, 40);
  };

  // Sound is there when it is decoded, and when it can be heard: the loudest sample over a time.
  test.loudness = async (millis) => {
    const context = new AudioContext();
    await context.resume();
    const stream = test.video().captureStream();
    if (stream.getAudioTracks().length === 0) return 0;
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())).connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    let peak = 0;
    const end = performance.now() + millis;
    while (performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      analyser.getFloatTimeDomainData(wave);
      for (const value of wave) peak = Math.max(peak, Math.abs(value));
    }
    await context.close();
    return peak;
  };

  if (hash) {
    const hex = (digest) => [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, '0')).join('');
    void customElements.whenDefined('shoal-player').then(() => {
      const give = () => {
        const player = test.player();
        if (!player) return false;
        player.onappend = (url, bytes) => {
          const size = bytes.byteLength;
          void crypto.subtle.digest('SHA-256', bytes.slice()).then((d) => test.appended.push({ url: new URL(url, location).href, size, hash: hex(d) }));
        };
        return true;
      };
      if (!give()) new MutationObserver((_, observer) => give() && observer.disconnect()).observe(document, { childList: true, subtree: true });
    });
  }
}
