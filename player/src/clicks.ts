// Clicks of the mouse on the picture: one plays or pauses, two are for full screen. One waits whether there comes another, so that what plays on in full
// screen does not pause on its way. A finger's one shows the bar, which is for others to do, and its two are for full screen as well.

const TWICE_MILLIS = 220;

export interface Clicked {
  once(): void;
  twice(): void;
}

type Click = Pick<MouseEvent, 'type' | 'detail'> & { pointerType?: string };

export class Clicks {
  readonly #clicked: Clicked;
  #finger = false; // the pointer is one, or a pen
  #began = false; // the first of two was on the picture
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(clicked: Clicked) {
    this.#clicked = clicked;
  }

  // note is called with each pointerdown, click and dblclick over the player, and tells of those on its picture.
  note({ type, detail, pointerType }: Click, onPicture: boolean): void {
    if (type === 'pointerdown') this.#finger = pointerType !== 'mouse';
    else if (type === 'dblclick' && this.#finger && onPicture) this.#clicked.twice();
    else if (type === 'click' && !this.#finger) this.#click(detail, onPicture);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  // click counts how many of them there were in a row.
  #click(count: number, onPicture: boolean): void {
    if (count % 2 === 1) {
      this.#began = onPicture;
      if (!onPicture) return;
      clearTimeout(this.#timer); // the hand has moved between the two: they count as one
      this.#timer = setTimeout(() => this.#once(), TWICE_MILLIS);
    } else if (count > 0 && this.#began && onPicture) {
      if (this.#timer === undefined) this.#clicked.once(); // it came late, and takes back what the first did
      this.close();
      this.#clicked.twice();
    }
  }

  #once(): void {
    this.#timer = undefined;
    this.#clicked.once();
  }
}
