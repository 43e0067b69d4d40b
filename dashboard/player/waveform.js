// Draws the waveform of a segment, and below it the SHAP mass of two models by frame.
//
// The waveform's colour tells the place in the original segment from which each column comes.

const WAVE_SHARE = 0.5; // of the height, if masses are drawn below
const HALF_LABEL = 20; // CSS pixels
const LANE_GAP = 6; // CSS pixels above each lane

class Waveform extends Picture {
  paint() {}

  // There are no labels beside it but half of the first one below.
  get plot() {
    const { left, width, ...rest } = super.plot;
    return { left: HALF_LABEL, width: width + left - HALF_LABEL, ...rest };
  }

  // A version in another order has no masses of its own.
  get lanes() {
    const { frames, rows, shap } = this.view;
    const some = Array.from({ length: frames * rows }, (_, index) => index);
    return some.some((index) => shap(index) > 0) ? rows : 0;
  }

  // Colour of a place in the original segment, from 0 to 1.
  colourOf(origin) {
    const { origins } = this.colours;
    const place = Math.min(Math.max(origin, 0), 1) * (origins.length - 1);
    const first = Math.min(Math.floor(place), origins.length - 2);
    const mixed = origins[first].map(
      (level, channel) => level + (place - first) * (origins[first + 1][channel] - level),
    );
    return `rgb(${mixed.map(Math.round)})`;
  }

  draw() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width) return;
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const context = this.canvas.getContext("2d");
    context.scale(scale, scale);
    const { left, top, width: across, height: down } = this.plot;
    context.save();
    context.beginPath();
    context.rect(left, top, across, down);
    context.clip();
    const { lanes } = this;
    this.wave(context, top, lanes ? WAVE_SHARE * down : down);
    for (let row = 0; row < lanes; row++) {
      const tall = ((1 - WAVE_SHARE) * down) / lanes;
      this.lane(context, row, top + WAVE_SHARE * down + row * tall + LANE_GAP, tall - LANE_GAP);
    }
    context.restore();
    this.axes(context);
  }

  // Horizontal place and width of a column in CSS pixels.
  column(frame) {
    const x = this.xOf(frame * this.frameS);
    return [x, Math.max(this.xOf((frame + 1) * this.frameS) - x, 1)];
  }

  wave(context, top, tall) {
    const { frames, values, origins } = this.view;
    const largest = Math.max(
      ...Array.from({ length: 2 * frames }, (_, index) => Math.abs(values(index))),
      1e-4,
    );
    const middle = top + tall / 2;
    for (let frame = 0; frame < frames; frame++) {
      const [low, high] = [0, 1].map((row) => values(2 * frame + row) / largest);
      const [x, wide] = this.column(frame);
      context.fillStyle = this.colourOf(origins[frame]);
      const extent = Math.max(((high - low) * tall) / 2, 1);
      context.fillRect(x, middle - (high * tall) / 2, wide + 0.3, extent);
    }
  }

  lane(context, row, top, tall) {
    const { frames, rows, shap, spread, names } = this.view;
    context.fillStyle = `rgb(${this.colours.models[row]})`;
    for (let frame = 0; frame < frames; frame++) {
      const [x, wide] = this.column(frame);
      const extent = (shap(frame * rows + row) / spread[row]) * tall;
      context.fillRect(x, top + tall - extent, wide + 0.3, extent);
    }
    context.font = `600 12px ${getComputedStyle(this.canvas).fontFamily}`;
    context.textAlign = "left";
    context.textBaseline = "top";
    const { left } = this.plot;
    const text = names[row];
    context.globalAlpha = 0.75;
    context.fillStyle = getComputedStyle(this.canvas).getPropertyValue("--st-background-color");
    context.fillRect(left, top, context.measureText(text).width + 8, 16);
    context.globalAlpha = 1;
    context.fillStyle = this.colours.label;
    context.fillText(text, left + 4, top + 2);
  }

  // Text for the column under the pointer.
  reading({ frame }, duration) {
    const { origins, rows, shap, spread, names } = this.view;
    const moment = clock(frame * this.frameS, 2);
    const parts = [moment, `from ${clock(origins[frame] * duration, 2)} of the original`];
    for (let row = 0; row < this.lanes; row++) {
      const share = Math.round((100 * shap(frame * rows + row)) / spread[row]);
      parts.push(`${names[row]}: ${share}\u202f% of its strongest frame`);
    }
    return parts.join(" · ");
  }
}
