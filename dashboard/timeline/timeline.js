// Genres over time: a map of probabilities in which a click or an arrow key chooses a segment.

const ROW = 28; // CSS pixels
const MARGIN = { left: 76, right: 4, top: 4, marks: 14, bottom: 26 };
const GAP = 2; // CSS pixels between cells
const WIDE = 8; // CSS pixels; narrower cells have no gap
const LABEL_WIDTH = 38; // CSS pixels of a percentage
const LABELLED = 0.095; // cells of lower probability have no percentage
const DARK_CELL = 0.62; // above this probability, the text has the colour for dark cells
const timelines = new WeakMap(); // by Streamlit's element

const channels = (colour) =>
  [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));

const percent = (share) => {
  const rounded = Math.round(100 * share);
  return rounded === 0 && share > 0 ? "< 1\u202f%" : `${rounded}\u202f%`;
};

class Timeline {
  constructor(root) {
    this.root = root;
    const [previous, span, next] = root.nextElementSibling.children;
    Object.assign(this, { previous, span, next });
    previous.onclick = () => this.choose(this.selected - 1);
    next.onclick = () => this.choose(this.selected + 1);
    this.canvas = root.querySelector("canvas");
    this.tip = root.querySelector(".tip");
    this.pointed = null;
    this.turn = 0; // time of the user's last choice
    root.onpointermove = (event) => this.point(event);
    root.onpointerleave = () => this.point(null);
    root.onclick = (event) => {
      const cell = this.cellAt(event);
      if (cell) this.choose(cell.segment);
    };
    root.onkeydown = (event) => {
      const last = this.data.starts_s.length - 1;
      const target = {
        ArrowLeft: this.selected - 1,
        ArrowRight: this.selected + 1,
        Home: 0,
        End: last,
      }[event.key];
      if (target === undefined) return;
      event.preventDefault();
      this.choose(Math.min(Math.max(target, 0), last));
    };
    new ResizeObserver(() => this.data && this.draw()).observe(root);
  }

  update(data, tell) {
    this.data = data;
    this.tell = tell;
    // The response to an earlier choice must not undo a later one.
    if (data.answered >= this.turn) this.selected = data.selected;
    if (!(this.selected < data.starts_s.length)) this.selected = data.selected;
    this.root.setAttribute("aria-label", data.alt);
    this.root.setAttribute("aria-valuemax", data.starts_s.length);
    this.draw();
  }

  // Show the choice at once; the page follows.
  choose(segment) {
    if (segment === this.selected) return;
    this.selected = segment;
    this.turn = Date.now();
    this.draw();
    this.tell([segment, this.turn]);
  }

  get plot() {
    const top = MARGIN.top + (this.data.disputed.length ? MARGIN.marks : 0);
    const width = this.root.clientWidth - MARGIN.left - MARGIN.right;
    return { left: MARGIN.left, top, width, height: ROW * this.data.genres.length };
  }

  // Convert seconds of the song to CSS pixels; the segments fill the width.
  xOf(seconds) {
    const { left, width } = this.plot;
    const { starts_s: starts, ends_s: ends } = this.data;
    return left + ((seconds - starts[0]) / (ends.at(-1) - starts[0])) * width;
  }

  // Left and right edge of a segment's cells; each reaches to the next one.
  edges(segment) {
    const { starts_s: starts, ends_s: ends } = this.data;
    return [starts[segment], starts[segment + 1] ?? ends.at(-1)].map((time) => this.xOf(time));
  }

  cellAt({ clientX, clientY }) {
    const box = this.root.getBoundingClientRect();
    const [x, y] = [clientX - box.left, clientY - box.top];
    const { left, top, width, height } = this.plot;
    if (x < left || x > left + width || y < 0 || y >= top + height) return null;
    const { starts_s: starts } = this.data;
    const segment = starts.findLastIndex((time) => this.xOf(time) <= x);
    return { segment: Math.max(segment, 0), row: Math.max(0, Math.floor((y - top) / ROW)) };
  }

  point(event) {
    const cell = event && this.cellAt(event);
    this.tip.hidden = !cell;
    if (cell) {
      const { starts_s: starts, ends_s: ends, genres, shares, disputed } = this.data;
      const { segment, row } = cell;
      const time = `${clock(starts[segment], 0)}–${clock(ends[segment], 0)}`;
      const doubt = disputed.includes(segment) ? " · the models disagree" : "";
      this.tip.textContent = `${time} · ${genres[row]} ${percent(shares[segment][row])}${doubt}`;
      const { top } = this.plot;
      const middle = (this.edges(segment)[0] + this.edges(segment)[1]) / 2;
      const room = this.root.clientWidth - this.tip.offsetWidth;
      const x = Math.min(Math.max(middle - this.tip.offsetWidth / 2, 0), room);
      const above = top + row * ROW - this.tip.offsetHeight - 4;
      const y = above < 0 ? top + (row + 1) * ROW + 4 : above;
      this.tip.style.transform = `translate(${x}px, ${y}px)`;
    }
    if (this.pointed !== cell?.segment) {
      this.pointed = cell?.segment;
      this.draw();
    }
  }

  draw() {
    const { data, canvas } = this;
    const { left, top, width, height } = this.plot;
    if (width <= 0) return;
    const full = top + height + MARGIN.bottom;
    const scale = window.devicePixelRatio || 1;
    canvas.style.height = `${full}px`;
    canvas.width = Math.round(this.root.clientWidth * scale);
    canvas.height = Math.round(full * scale);
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    this.cells(context);
    this.labels(context);
    this.outline(context, this.pointed, 1);
    this.outline(context, this.selected, 2);
    const [from, to] = [data.starts_s, data.ends_s].map((times) => times[this.selected]);
    this.root.setAttribute("aria-valuenow", this.selected + 1);
    const span = `${clock(from, 0)}–${clock(to, 0)}`;
    this.root.setAttribute("aria-valuetext", span);
    this.span.textContent = span;
    this.previous.disabled = this.selected === 0;
    this.next.disabled = this.selected === data.starts_s.length - 1;
    this.root.dataset.selected = this.selected;
  }

  cells(context) {
    const { shares, colours } = this.data;
    const [quiet, loud] = [channels(colours.quiet), channels(colours.loud)];
    const { top } = this.plot;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `12px ${getComputedStyle(this.root).fontFamily}`;
    shares.forEach((column, segment) => {
      const [begin, end] = this.edges(segment);
      const gap = end - begin >= WIDE ? GAP : 0;
      column.forEach((share, row) => {
        const mixed = quiet.map((level, place) => level + share * (loud[place] - level));
        context.fillStyle = `rgb(${mixed.map(Math.round)})`;
        const y = top + row * ROW;
        // Without gaps, cells overlap slightly to avoid seams at fractions of pixels.
        context.fillRect(begin, y + 1, end - begin - gap + (gap ? 0 : 0.5), ROW - GAP);
        if (end - begin >= LABEL_WIDTH && share >= LABELLED) {
          context.fillStyle = share > DARK_CELL ? colours.on_loud : colours.ink;
          context.fillText(percent(share), (begin + end - gap) / 2, y + ROW / 2);
        }
      });
    });
  }

  labels(context) {
    const { genres, target, disputed, colours, starts_s: starts, ends_s: ends } = this.data;
    const { left, top, width, height } = this.plot;
    const family = getComputedStyle(this.root).fontFamily;
    context.fillStyle = colours.label;
    context.textAlign = "right";
    context.textBaseline = "middle";
    genres.forEach((genre, row) => {
      context.font = `${row === target ? "600 " : ""}13px ${family}`;
      context.fillText(genre, left - 8, top + (row + 0.5) * ROW);
    });
    context.font = `12px ${family}`;
    context.textBaseline = "top";
    const step = tickStep(ends.at(-1) - starts[0], width);
    for (let tick = 0; tick <= ends.at(-1) + 1e-6; tick += step) {
      const x = this.xOf(tick);
      const text = clock(tick, step < 1 ? 1 : 0);
      const half = context.measureText(text).width / 2;
      context.textAlign = x + half > left + width + MARGIN.right ? "right" : "center";
      context.fillRect(Math.min(x, left + width - 1), top + height, 1, 4);
      context.fillText(text, x, top + height + 7);
    }
    context.fillStyle = colours.mark;
    for (const segment of disputed) {
      const middle = this.edges(segment).reduce((sum, x) => sum + x) / 2;
      context.beginPath();
      context.moveTo(middle - 5, top - 10);
      context.lineTo(middle + 5, top - 10);
      context.lineTo(middle, top - 2);
      context.fill();
    }
  }

  outline(context, segment, width) {
    if (segment === undefined || segment === null) return;
    const { top, height } = this.plot;
    const [begin, end] = this.edges(segment);
    context.strokeStyle = this.data.colours.ink;
    context.lineWidth = width;
    context.strokeRect(begin - 1, top, Math.max(end - begin, 3), height);
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".timeline");
  if (!root || !data) return;
  if (!timelines.has(root)) timelines.set(root, new Timeline(root));
  // The time makes every choice unique, and of several quick choices the last one arrives.
  timelines.get(root).update(data, (choice) => setStateValue("choice", choice));
}
