// The sound of the screen and of a microphone as one track: a broadcast has one. The microphone may become another meanwhile.

export class Mix {
  readonly #audio = new AudioContext();
  readonly #output = this.#audio.createMediaStreamDestination();
  #sounds = false; // something was ever heard
  #voice: AudioNode | null = null;

  constructor(screen: MediaStream) {
    this.#hear(screen);
    void this.#audio.resume();
  }

  // track is null as long as there was no sound.
  get track(): MediaStreamTrack | null {
    return this.#sounds ? this.#output.stream.getAudioTracks()[0] ?? null : null;
  }

  set voice(microphone: MediaStream | null) {
    this.#voice?.disconnect();
    this.#voice = microphone && this.#hear(microphone);
  }

  close(): void {
    for (const track of this.#output.stream.getTracks()) track.stop();
    void this.#audio.close();
  }

  #hear(stream: MediaStream): AudioNode | null {
    if (stream.getAudioTracks().length === 0) return null;
    this.#sounds = true;
    const source = this.#audio.createMediaStreamSource(stream);
    source.connect(this.#output);
    return source;
  }
}
