// Plays tracks of equal length in step: all of them run, and gains select the audible one.
//
// A running source is never moved. To seek, change the loop or the speed, all sources are replaced
// at the same moment of the audio clock, so the tracks stay synchronous to the sample.

const FADE_S = 0.012; // seconds between tracks and at starts and stops; short, but without a click
const AHEAD_S = 0.03; // seconds between the call and the start of the sources

class Sound {
  constructor() {
    this.context = null; // browsers require a user gesture first
    this.buffers = new Map(); // decoded tracks, by name
    this.known = new Map(); // decoded tracks, by digest
    this.running = []; // sources and gains, with track names
    this.chosen = "";
    this.duration = 0;
    this.speed = 1;
    this.loop = null; // [start, end] in seconds
    this.playing = false;
    this.offset = 0; // position at which the sources were started, in seconds of the song
    this.startedAt = 0; // time of that start on the audio clock
  }

  // Replace the tracks, given by name, digest, start and a function that returns compressed bytes.
  // Known digests are not decoded again, and playback continues.
  async load(tracks, sampleRate, duration) {
    const decoder = new OfflineAudioContext(1, 1, sampleRate);
    const known = this.known;
    const length = Math.max(1, Math.round(duration * sampleRate));
    const decode = async ({ digest, start, bytes }) => {
      if (known.has(digest)) return known.get(digest);
      const decoded = await decoder.decodeAudioData(bytes());
      const first = Math.round(start * sampleRate);
      if (first === 0 && decoded.length >= length) return decoded;
      const whole = new AudioBuffer({ length, sampleRate, numberOfChannels: 1 });
      whole.copyToChannel(decoded.getChannelData(0), 0, first);
      return whole;
    };
    const decoded = await Promise.all(tracks.map(decode));
    const position = this.position;
    this.known = new Map(tracks.map(({ digest }, index) => [digest, decoded[index]]));
    this.buffers = new Map(tracks.map(({ name }, index) => [name, decoded[index]]));
    this.duration = duration;
    if (this.playing) this.restart(position);
    else this.offset = Math.min(position, duration);
  }

  // Audible position in seconds of the song.
  get position() {
    if (!this.playing) return this.offset;
    const now = this.context.currentTime - (this.context.outputLatency || 0);
    const position = this.offset + Math.max(0, now - this.startedAt) * this.speed;
    if (!this.loop || this.offset >= this.loop[1]) return Math.min(position, this.duration);
    const [start, end] = this.loop;
    return position < end ? position : start + ((position - start) % (end - start));
  }

  get ended() {
    const repeats = this.loop && this.offset < this.loop[1];
    return this.playing && !repeats && this.position >= this.duration;
  }

  async play() {
    if (!this.buffers.size) return;
    this.context ??= new AudioContext();
    await this.context.resume();
    const position = this.position;
    const outside = this.loop && (position < this.loop[0] || position >= this.loop[1] - 0.01);
    this.restart(outside ? this.loop[0] : position >= this.duration - 0.01 ? 0 : position);
  }

  pause() {
    this.offset = this.position;
    this.stop();
    this.playing = false;
  }

  seek(position) {
    const wanted = Math.min(Math.max(position, 0), this.duration);
    // Seeking outside the loop ends it.
    if (this.loop && (wanted < this.loop[0] || wanted >= this.loop[1])) this.loop = null;
    if (this.playing) this.restart(wanted);
    else this.offset = wanted;
  }

  choose(name) {
    this.chosen = name;
    if (!this.playing) return;
    const now = this.context.currentTime;
    for (const { gain, track } of this.running) {
      gain.gain.cancelScheduledValues(now);
      gain.gain.setValueAtTime(gain.gain.value, now);
      gain.gain.linearRampToValueAtTime(track === name ? 1 : 0, now + FADE_S);
    }
  }

  setSpeed(speed) {
    const position = this.position;
    this.speed = speed;
    if (this.playing) this.restart(position);
  }

  setLoop(region) {
    const [start, end] = (region ?? [0, 0]).map((time) =>
      Math.min(Math.max(time, 0), this.duration),
    );
    const loop = end - start > 0.05 ? [start, end] : null;
    const position = this.position;
    this.loop = loop;
    const outside = loop && (position < loop[0] || position >= loop[1]);
    if (this.playing) this.restart(outside ? loop[0] : position);
    else if (outside) this.offset = loop[0];
  }

  // Start all tracks at a position, at the same moment, and fade out the former sources.
  restart(position) {
    const when = this.context.currentTime + AHEAD_S;
    this.stop(when);
    for (const [track, buffer] of this.buffers) {
      const source = new AudioBufferSourceNode(this.context, {
        buffer,
        playbackRate: this.speed,
        loop: Boolean(this.loop) && position < this.loop[1],
        loopStart: this.loop?.[0] ?? 0,
        loopEnd: this.loop?.[1] ?? 0,
      });
      const gain = new GainNode(this.context, { gain: 0 });
      gain.gain.setValueAtTime(0, when);
      gain.gain.linearRampToValueAtTime(track === this.chosen ? 1 : 0, when + FADE_S);
      source.connect(gain).connect(this.context.destination);
      source.start(when, position);
      this.running.push({ source, gain, track });
    }
    this.offset = position;
    this.startedAt = when;
    this.playing = true;
  }

  stop(when = this.context?.currentTime ?? 0) {
    for (const { source, gain } of this.running) {
      gain.gain.cancelScheduledValues(when);
      gain.gain.setTargetAtTime(0, when, FADE_S / 3);
      source.stop(when + FADE_S);
    }
    this.running = [];
  }

  close() {
    this.stop();
    this.playing = false;
    this.context?.close();
    this.context = null;
  }
}
