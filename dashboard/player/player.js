// The player: controls, keyboard, and the display during playback.

const DRAG_DISTANCE = 6; // CSS pixels; shorter movements are clicks
const SEEK_S = 1; // seconds per press of an arrow key
const players = new WeakMap(); // by Streamlit's element, so that they survive reruns

const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

class Player {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.sound = new Sound();
    const canvas = this.find("canvas");
    this.pictures = { spectrogram: new Picture(canvas), waveform: new Waveform(canvas) };
    this.zoom = "segment";
    this.header = null;
    this.listen();
    new ResizeObserver(() => this.header && this.refresh()).observe(this.find(".stage"));
  }

  // Take over new data and keep the user's choices where possible.
  async update(data) {
    const { header, blobs } = unpack(data);
    this.latest = header;
    const needed = [
      ...header.tracks.map(({ blob }) => blob),
      ...header.views.flatMap(({ values, shap, mask }) => [values.blob, shap.blob, mask]),
    ].filter(Boolean);
    const found = await gather(needed, blobs);
    if (this.latest !== header) return; // newer data has arrived meanwhile
    const bytes = (digest) => found.get(digest).slice().buffer;
    const former = this.header;
    this.header = header;
    if (header.scope) this.find(".scope").textContent = header.scope;
    this.find(".keys b").textContent = header.tracks.length;
    this.views = header.views.map((view) => this.decoded(view, bytes));
    this.viewName = header.views.some(({ name }) => name === this.viewName)
      ? this.viewName
      : header.views[0].name;
    const names = header.tracks.map(({ name }) => name);
    if (!names.includes(this.sound.chosen)) this.sound.choose(names[0]);
    this.follows(this.sound.chosen);
    const moved =
      !former || former.song !== header.song || former.segment.join() !== header.segment.join();
    if (!former || former.song !== header.song) {
      this.sound.pause();
      this.sound.loop = null;
      this.sound.offset = 0;
    }
    if (moved && !this.sound.playing) this.sound.offset = header.segment[0];
    if (moved) {
      if (this.sound.loop) this.sound.setLoop(header.segment);
      this.page = header.segment;
    }
    this.build();
    this.refresh();
    try {
      const tracks = header.tracks.map(({ name, start_s: start, blob }) => ({
        name,
        start,
        digest: blob,
        bytes: () => bytes(blob),
      }));
      await this.sound.load(tracks, header.sample_rate, header.duration_s);
    } catch {
      this.fail("This browser cannot decode FLAC audio. Use a current browser.");
      return;
    }
    this.find(".play").disabled = false;
    this.root.dataset.ready = String(Number(this.root.dataset.ready ?? 0) + 1);
    this.tick();
  }

  decoded(view, bytes) {
    const values = new Int16Array(bytes(view.values.blob));
    const shap = new Int16Array(bytes(view.shap.blob));
    const mask = view.mask && new Uint8Array(bytes(view.mask));
    return {
      ...view,
      values: (index) => values[index] * view.values.step,
      shap: (index) => shap[index] * view.shap.step,
      mask: mask && ((index) => Boolean(mask[index >> 3] & (128 >> (index & 7)))),
    };
  }

  get view() {
    return this.views.find(({ name }) => name === this.viewName);
  }

  get kind() {
    return this.view?.origins ? "waveform" : "spectrogram";
  }

  get picture() {
    return this.pictures[this.kind];
  }

  // Build the controls that depend on the data.
  build() {
    const { tracks, views } = this.header;
    this.choices(".tracks", tracks, this.sound.chosen, (name) => this.choose(name));
    this.find(".tracks").hidden = false;
    this.choices(".views", views, this.viewName, (name) => {
      this.viewName = name;
      this.refresh();
    });
    this.find(".duration").textContent = clock(this.header.duration_s, 0);
    this.find(".seek").max = this.header.duration_s;
  }

  choices(place, options, chosen, choose) {
    const group = this.find(place);
    const focused = this.root.getRootNode().activeElement?.value;
    group.querySelectorAll("label").forEach((label) => label.remove());
    for (const { name, label, note } of options) {
      const input = element("input", {
        type: "radio",
        name: place,
        value: name,
        checked: name === chosen,
        onchange: () => choose(name),
      });
      const text = element("span", {}, label);
      if (note) text.append(element("b", {}, note));
      group.append(element("label", {}, input, text));
      if (name === focused) input.focus();
    }
  }

  // Show the view of a track that has one of its own.
  follows(track) {
    if (this.views.some(({ name }) => name === track)) this.viewName = track;
  }

  choose(name) {
    this.sound.choose(name);
    this.follows(name);
    this.find(`.tracks input[value="${name}"]`).checked = true;
    this.refresh();
  }

  fail(sentence) {
    const place = this.find(".failure");
    place.textContent = sentence;
    place.hidden = false;
  }

  get window() {
    if (this.zoom === "song") return [0, Math.max(this.header.duration_s, 0.1)];
    return this.page;
  }

  refresh() {
    const { frame_s: frameS, colours, tracks, alt } = this.header;
    const { part } = tracks.find(({ name }) => name === this.sound.chosen);
    this.picture.show(this.view, {
      frameS,
      colours,
      strength: Number(this.find(".strength input").value),
      part,
      window: this.window,
    });
    this.find(".stage").setAttribute("aria-label", alt);
    this.root.dataset.kind = this.kind;
    if (this.header.legend) this.legend(colours);
    this.root.dataset.view = this.viewName;
    this.root.dataset.track = this.sound.chosen;
    this.follow();
  }

  legend({ favour, against }) {
    const { legend } = this.header;
    const limit = this.view.limit.toPrecision(2);
    this.find(".unit").textContent = legend.unit;
    this.find(".against").textContent = `−${limit} (${legend.against})`;
    this.find(".favour").textContent = `+${limit} (${legend.favour})`;
    const [from, to] = [against, favour].map((colour) => `rgba(${colour}, ${STRONGEST})`);
    const clear = [against, favour].map((colour) => `rgba(${colour}, 0)`);
    this.find(".scale").style.background =
      `linear-gradient(to right, ${from}, ${clear[0]} 50%, ${clear[1]} 50%, ${to})`;
  }

  // Move playhead, loop and time display to the current position.
  follow() {
    const { sound, picture } = this;
    const position = sound.position;
    const [from, to] = this.window;
    const length = to - from;
    if (sound.playing && this.zoom === "segment" && (position < from || position >= to)) {
      const start = Math.floor((position - this.header.segment[0]) / length) * length;
      this.page = [this.header.segment[0] + start, this.header.segment[0] + start + length];
      picture.window = this.page;
      picture.draw();
    }
    const head = this.find(".head");
    const x = picture.xOf(position);
    const { left, width } = picture.plot;
    head.hidden = x < left - 1 || x > left + width + 1;
    head.style.transform = `translateX(${x}px)`;
    const loop = this.find(".loop");
    loop.hidden = !sound.loop;
    if (sound.loop) {
      const [begin, end] = sound.loop.map((time) =>
        Math.min(Math.max(picture.xOf(time), left), left + width),
      );
      loop.style.left = `${begin}px`;
      loop.style.width = `${end - begin}px`;
    }
    this.find(".time").textContent = clock(position, 1);
    const seek = this.find(".seek");
    if (this.root.getRootNode().activeElement !== seek || sound.playing) seek.value = position;
    seek.setAttribute("aria-valuetext", clock(position, 1));
    this.find(".repeat").setAttribute("aria-pressed", String(Boolean(sound.loop)));
    this.find(".half").setAttribute("aria-pressed", String(sound.speed === 0.5));
    const play = this.find(".play");
    play.setAttribute("aria-label", sound.playing ? "Pause" : "Play");
    this.root.classList.toggle("playing", sound.playing);
    this.root.dataset.position = position.toFixed(3);
  }

  tick() {
    if (this.sound.ended) {
      this.sound.pause();
      this.sound.offset = this.header.duration_s;
    }
    this.follow();
    cancelAnimationFrame(this.frame);
    if (this.sound.playing) this.frame = requestAnimationFrame(() => this.tick());
  }

  async toggle() {
    if (this.sound.playing) this.sound.pause();
    else await this.sound.play();
    this.tick();
  }

  seek(position) {
    this.sound.seek(position);
    this.tick();
  }

  repeat() {
    this.sound.setLoop(this.sound.loop ? null : this.window);
    this.tick();
  }

  halve() {
    this.sound.setSpeed(this.sound.speed === 1 ? 0.5 : 1);
    this.tick();
  }

  save() {
    this.find("canvas").toBlob((blob) => {
      const url = URL.createObjectURL(blob);
      element("a", { href: url, download: `${this.header.file}-${this.viewName}.png` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    });
  }

  // Show the values at the pointer.
  read(cell) {
    const place = this.find(".readout");
    if (!cell) {
      place.textContent = "\u00a0";
      return;
    }
    const { view, header } = this;
    if (this.kind === "waveform") {
      place.textContent = this.picture.reading(cell, header.duration_s);
      return;
    }
    const index = cell.frame * view.rows + cell.row;
    const moment = clock(cell.frame * header.frame_s, 2);
    const value = view.value.replace("{}", view.values(index).toFixed(1)).replace("-", "−");
    const number = view.shap(index);
    const shap = `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(5)}`;
    const parts = [moment, view.names[cell.row], value, `SHAP for ${header.target} ${shap}`];
    place.textContent = parts.join(" · ");
  }

  listen() {
    const { find } = this;
    find(".play").onclick = () => this.toggle();
    find(".repeat").onclick = () => this.repeat();
    find(".half").onclick = () => this.halve();
    find(".picture").onclick = () => this.save();
    find(".seek").oninput = (event) => this.seek(Number(event.target.value));
    find(".strength input").oninput = () => this.refresh();
    find(".zooms").onchange = (event) => {
      this.zoom = event.target.value;
      this.page = this.header.segment;
      this.refresh();
    };
    this.point(find(".stage"));
    this.root.onkeydown = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const tag = event.target.tagName;
      const act = {
        " ": tag !== "BUTTON" && (() => this.toggle()),
        ArrowLeft: tag !== "INPUT" && (() => this.seek(this.sound.position - SEEK_S)),
        ArrowRight: tag !== "INPUT" && (() => this.seek(this.sound.position + SEEK_S)),
        l: () => this.repeat(),
        h: () => this.halve(),
      }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      const track = this.header?.tracks[Number(event.key) - 1];
      if (!act && !track) return;
      event.preventDefault();
      event.stopPropagation(); // Streamlit has its own shortcuts
      if (act) act();
      else this.choose(track.name);
    };
  }

  // Click or tap to seek, drag to loop a region, hover to read values.
  point(stage) {
    let pressed = null;
    const place = (event) => {
      const box = stage.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    stage.onpointerdown = (event) => {
      if (event.button === 0) pressed = { x: place(event)[0], region: null };
    };
    stage.onpointermove = (event) => {
      const [x, y] = place(event);
      this.read(this.picture.cellAt(x, y));
      if (!pressed || Math.abs(x - pressed.x) < DRAG_DISTANCE) return;
      stage.setPointerCapture(event.pointerId);
      const times = [pressed.x, x].map((at) => this.picture.timeAt(at)).sort((a, b) => a - b);
      pressed.region = times[1] - times[0] > 0.05 ? times : null;
      if (pressed.region) {
        const loop = this.find(".loop");
        const [begin, end] = pressed.region.map((time) => this.picture.xOf(time));
        loop.hidden = false;
        loop.style.left = `${begin}px`;
        loop.style.width = `${end - begin}px`;
      }
    };
    stage.onpointerup = (event) => {
      if (!pressed) return;
      const [x] = place(event);
      if (pressed.region) this.sound.setLoop(pressed.region);
      else this.sound.seek(this.picture.timeAt(x));
      pressed = null;
      this.tick();
    };
    stage.onpointercancel = () => {
      pressed = null;
      this.follow();
    };
    stage.onpointerleave = () => this.read(null);
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.sound.close();
  }
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".player");
  if (!root || !data) return;
  if (!players.has(root)) players.set(root, new Player(root));
  const player = players.get(root);
  player.update(data);
  return () => {
    // Streamlit also calls this before each update; close the player only if it has left the page.
    setTimeout(() => root.isConnected || player.close(), 0);
  };
}
