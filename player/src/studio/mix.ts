// The sound of several streams as one track: a broadcast has one.

export class Mix {
  readonly track: MediaStreamTrack | null; // null: there is no sound
  readonly #audio: AudioContext | null = null;

  constructor(streams: readonly MediaStream[]) {
    const sounding = streams.filter((stream) => stream.getAudioTracks().length > 0);
    if (sounding.length < 2) {
      this.track = sounding[0]?.getAudioTracks()[0] ?? null;
      return;
    }
    const audio = (this.#audio = new AudioContext());
    const output = audio.createMediaStreamDestination();
    for (const stream of sounding) audio.createMediaStreamSource(stream).connect(output);
    this.track = output.stream.getAudioTracks()[0] ?? null;
    void audio.resume();
  }

  close(): void {
    this.track?.stop();
    void this.#audio?.close();
  }
}
