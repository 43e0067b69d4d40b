// Draws a spectrogram in grey, SHAP values in colour over it, and its axes.

const MARGIN = { left: 60, right: 8, top: 6, bottom: 26 }; // CSS pixels
const MUTED = 0.12; // opacity factor for cells that the track does not play
const STRONGEST = 0.95; // opacity of the largest SHAP value

class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.cells = document.createElement("canvas"); // one pixel per cell
    this.view = null;
    this.window = [0, 1]; // seconds
  }

  // Show a view: its values, SHAP values and mask.
  show(view, { frameS, colours, strength, part, window }) {
    Object.assign(this, { view, frameS, colours, window });
    this.paint(strength, part);
    this.draw();
  }

  get plot() {
    const { width, height } = this.canvas.getBoundingClientRect();
    return {
      left: MARGIN.left,
      top: MARGIN.top,
      width: width - MARGIN.left - MARGIN.right,
      height: height - MARGIN.top - MARGIN.bottom,
    };
  }

  // Colour every cell; `part` is "keep", "remove" or null for the whole song.
  paint(strength, part) {
    const { rows, frames, values, shap, mask, centre, spread, limit } = this.view;
    const { dim, bright, favour, against } = this.colours;
    this.cells.width = frames;
    this.cells.height = rows;
    const context = this.cells.getContext("2d");
    const image = context.createImageData(frames, rows);
    for (let frame = 0; frame < frames; frame++) {
      for (let row = 0; row < rows; row++) {
        const index = frame * rows + row;
        const audible = !part || !mask || mask(index) === (part === "keep");
        let shade = 0.5 + (values(index) - centre[row]) / spread[row];
        shade = audible ? Math.min(Math.max(shade, 0), 1) : 0;
        const value = shap(index) / limit;
        const hue = value < 0 ? against : favour;
        const opacity = STRONGEST * strength * Math.min(Math.abs(value), 1) * (audible ? 1 : MUTED);
        const place = 4 * ((rows - 1 - row) * frames + frame);
        for (let channel = 0; channel < 3; channel++) {
          const grey = dim[channel] + shade * (bright[channel] - dim[channel]);
          image.data[place + channel] = grey + opacity * (hue[channel] - grey);
        }
        image.data[place + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
  }

  // Draw the visible cells and the axes.
  draw() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width) return;
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const context = this.canvas.getContext("2d");
    context.scale(scale, scale);
    context.clearRect(0, 0, width, height);
    const { left, top, width: across, height: down } = this.plot;
    const [from, to] = this.window;
    context.save();
    context.beginPath();
    context.rect(left, top, across, down);
    context.clip();
    context.fillStyle = `rgb(${this.colours.dim})`;
    context.fillRect(left, top, across, down);
    context.imageSmoothingEnabled = false;
    // Frames are centred on their times.
    const begin = left - ((from + this.frameS / 2) / (to - from)) * across;
    const long = ((this.view.frames * this.frameS) / (to - from)) * across;
    context.drawImage(this.cells, begin, top, long, down);
    context.restore();
    this.axes(context);
  }

  axes(context) {
    const { left, top, width, height } = this.plot;
    const [from, to] = this.window;
    context.fillStyle = this.colours.label;
    context.font = `12px ${getComputedStyle(this.canvas).fontFamily}`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const [row, text] of this.view.ticks) {
      const y = top + (1 - (row + 0.5) / this.view.rows) * height;
      context.fillText(text, left - 6, Math.max(y, top + 5));
    }
    const step = tickStep(to - from, width);
    const digits = step < 1 ? 1 : 0;
    context.textBaseline = "top";
    for (let tick = Math.ceil(from / step) * step; tick <= to + 1e-6; tick += step) {
      const x = left + ((tick - from) / (to - from)) * width;
      context.fillRect(x, top + height, 1, 4);
      const text = clock(tick, digits);
      const half = context.measureText(text).width / 2;
      context.textAlign = x + half > left + width + MARGIN.right ? "right" : "center";
      context.fillText(text, context.textAlign === "right" ? left + width : x, top + height + 7);
    }
  }

  // Convert a horizontal position in CSS pixels to seconds of the song.
  timeAt(x) {
    const { left, width } = this.plot;
    const share = Math.min(Math.max((x - left) / width, 0), 1);
    return this.window[0] + share * (this.window[1] - this.window[0]);
  }

  // Convert seconds of the song to CSS pixels from the left edge.
  xOf(time) {
    const { left, width } = this.plot;
    return left + ((time - this.window[0]) / (this.window[1] - this.window[0])) * width;
  }

  // Find the frame and row at a point; null outside the plot.
  cellAt(x, y) {
    const { left, top, width, height } = this.plot;
    if (!this.view || x < left || x > left + width || y < top || y >= top + height) return null;
    const frame = Math.round(this.timeAt(x) / this.frameS);
    const row = Math.floor((1 - (y - top) / height) * this.view.rows);
    return frame < this.view.frames ? { frame, row: Math.max(row, 0) } : null;
  }
}
