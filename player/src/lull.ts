// A lull: the picture stands still, though it should move, for what comes next is not here. It is told once it has lasted so long that a viewer
// wonders, and holds until the picture moves, whatever is tried meanwhile. Before the first picture there is none.

const MILLIS = 600; // shorter ones are not worth a word
const SEEKING_MILLIS = 2000; // where the viewer goes elsewhere a picture takes its time

export class Lull {
  readonly #video: HTMLVideoElement;
  readonly #changed: () => void;
  #seen = false;
  #on = false;
  #timer: ReturnType<typeof setTimeout> | undefined; // it is about to be told
  #patience = 0; // until then

  constructor(video: HTMLVideoElement, changed: () => void) {
    this.#video = video;
    this.#changed = changed;
  }

  // seen: there was a picture that moved.
  get seen(): boolean {
    return this.#seen;
  }

  get on(): boolean {
    return this.#on;
  }

  // stands: the picture does, be it for a moment.
  get stands(): boolean {
    const { paused, readyState, currentTime } = this.#video;
    return !paused && readyState < 3 && currentTime > 0;
  }

  // look at the picture, whenever it may have begun or ceased to move.
  look(): void {
    if (!this.stands) {
      this.#seen ||= this.#video.readyState >= 3;
      this.#end();
    } else if (this.#seen && !this.#on && this.#patience === 0) this.#wait(this.#usual);
  }

  // close ends it, and all that was seen is forgotten.
  close(): void {
    this.#seen = false;
    this.#end();
  }

  get #usual(): number {
    return this.#video.seeking ? SEEKING_MILLIS : MILLIS;
  }

  #wait(millis: number): void {
    this.#patience += millis;
    this.#timer = setTimeout(() => this.#tell(), millis);
  }

  #tell(): void {
    const more = this.#usual - this.#patience; // a seek may have begun since
    if (!this.stands) this.#end();
    else if (more > 0) this.#wait(more);
    else {
      this.#on = true;
      this.#changed();
    }
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#patience = 0;
    this.#on = false;
  }
}
