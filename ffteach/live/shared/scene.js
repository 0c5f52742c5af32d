// The picture of a panel: drawn from the numbers in `value`, which scene.py describes.
//
// It is also the panel's clock, and speaks where Python is silent. While Train is on it asks for
// pictures, at most `AHEAD` more than it has drawn: Python works without a gap, and Pause answers
// at once.

const AHEAD = 2; // pictures asked for that are not drawn yet
const EARLY = 0.5; // of the time between two pictures, after which the one after next is asked for
const STALLED = 3000; // milliseconds without a picture after which it asks once more
const PATIENCE = 200; // milliseconds within which Python acknowledges a click
const CALM = 1000; // milliseconds between two alternative texts while the picture moves
const REST = 1500; // milliseconds after which a picture that does not move is kept in the notebook
const BUSY =
  "Python is busy, probably with a cell: this click waits for it, and further clicks are dropped.";
const DEAD = "The kernel that this panel belongs to has ended: run its cell again.";
const SIZES = { tick: 12, label: 13, title: 14 };
const CONTROLS = "button, input, select, [tabindex], [contenteditable]";

// ---- what belongs to the panel, however many views show it

function initialize({ model }) {
  const views = new Set();
  panel = { views, partners: {}, sent: 0, answers: 0, ping: 0, pong: 0, heard: 0, pace: 0,
    silent: false };
  let train = null, stalled = null, early = null, frame = null;

  const drawn = () => Math.max(panel.answers, model.get("value").answers ?? 0);

  function ask(ahead = 1) {
    [stalled, early].forEach(clearTimeout);
    if (!train?.get("value") && !model.get("value").unfinished) return;
    panel.sent = Math.max(panel.sent, drawn());
    while (panel.sent < drawn() + ahead) model.send({ ask: ++panel.sent });
    if (ahead < AHEAD) early = setTimeout(ask, EARLY * panel.pace, AHEAD);
    stalled = setTimeout(() => { // an answer was lost, such as with a page that was loaded again
      panel.sent = drawn();
      ask();
    }, STALLED);
  }

  function answered() {
    const now = performance.now();
    panel.pace = Math.min(0.8 * panel.pace + 0.2 * (now - panel.heard), 200);
    panel.heard = now;
    ask(); // also in the background, where nothing is drawn
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => views.forEach((view) => view.draw()));
  }

  function heard(message) {
    panel.heard = performance.now();
    if (message.answers) { // nothing new to draw
      panel.answers = message.answers;
      if (train?.get("value")) ask();
    }
    if (message.pong) panel.pong = message.pong;
    if (panel.pong === panel.ping) quiet(false);
  }

  function quiet(silent) {
    panel.silent = silent;
    views.forEach((view) => view.tell(silent ? BUSY : ""));
  }

  panel.call = () => { // ask Python for a sign of life, with a click
    const ping = ++panel.ping, patience = () => {
      if (panel.pong >= ping) return;
      if (performance.now() - panel.heard < PATIENCE) setTimeout(patience, PATIENCE);
      else quiet(true);
    };
    model.send({ ping });
    setTimeout(patience, PATIENCE);
  };

  panel.follow = async () => { // the widgets whose values are drawn at once
    for (const [name, id] of Object.entries(model.get("partners"))) {
      const partner = await found(model.widget_manager, id);
      if (!partner) continue;
      panel.partners[name] = partner;
      if (name === "train") {
        train = partner;
        partner.on("change:value", () => ask());
      } else {
        partner.on("change:value", () => views.forEach((view) => view.draw()));
      }
      partner.on("comm_live_update", died);
    }
    ask();
  };

  function died() {
    if (Object.values(panel.partners).some((partner) => partner.comm_live)) return;
    clearTimeout(stalled);
    views.forEach((view) => view.end());
  }

  model.on("change:value", answered);
  model.on("msg:custom", heard);
  panel.follow();
  return () => [stalled, early].forEach(clearTimeout);
}

let panel = null; // anywidget loads this module once for each model

async function found(manager, id) {
  for (let tries = 0; tries < 50; tries++) { // a page that is loaded again has it a little later
    try {
      return await manager.get_model(id);
    } catch {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

// ---- one view of it

function render({ model, el }) {
  const canvas = el.appendChild(document.createElement("canvas"));
  canvas.setAttribute("role", "img");
  const [figures, said] = ["ff-figures", "ff-told"].map(
    (className) => Object.assign(document.createElement("div"), { className }));
  said.setAttribute("role", "status");
  let root = null, told = 0, calm = null, rest = null;

  function draw() {
    const picture = model.get("value");
    if (!picture.size || !canvas.isConnected) return;
    attend();
    const [width, height] = picture.size;
    const shown = Math.min(el.clientWidth, model.get("fills") ? Infinity : width) || width;
    const scale = (shown / width) * (window.devicePixelRatio || 1);
    const sharp = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== sharp[0] || canvas.height !== sharp[1]) {
      [canvas.width, canvas.height] = sharp;
      canvas.style.width = `${shown}px`;
      canvas.style.height = `${(shown * height) / width}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(el);
    const now = (name) => panel.partners[name]?.get("value");
    canvas.texts = paint(context, picture, colours(model.get("palette"), style), style, now);
    describe(picture.alt);
    if (figures.told !== picture.figures) figures.innerHTML = figures.told = picture.figures;
    clearTimeout(rest);
    if (!panel.partners.train?.get("value")) rest = setTimeout(keep, REST);
    canvas.dataset.drawn = Number(canvas.dataset.drawn ?? 0) + 1;
    canvas.dispatchEvent(new CustomEvent("ff-drawn", { bubbles: true }));
  }

  function keep() { // for a notebook that is opened without its kernel
    if ([...panel.views][0] !== view) return;
    const [width, height] = model.get("value").size, style = getComputedStyle(el);
    const still = Object.assign(document.createElement("canvas"), { width, height });
    const context = still.getContext("2d");
    context.fillStyle = colours(model.get("palette"), style).page;
    context.fillRect(0, 0, width, height);
    context.drawImage(canvas, 0, 0, width, height);
    model.send({ still: still.toDataURL("image/webp", 0.8) });
  }

  function describe(alt) { // not twenty times a second
    clearTimeout(calm);
    const moves = panel.partners.train?.get("value");
    const wait = moves ? told + CALM - performance.now() : 0;
    if (wait > 0) calm = setTimeout(() => describe(model.get("value").alt), wait);
    else if (canvas.getAttribute("aria-label") !== alt) {
      canvas.setAttribute("aria-label", alt);
      told = performance.now();
    }
  }

  function attend() {
    root ??= el.closest(".ff-panel");
    if (!root) return;
    name(root);
    if (said.isConnected) return;
    root.querySelector(".ff-status")?.append(said);
    root.querySelector(".ff-status")?.prepend(figures);
    root.addEventListener("click", clicked, true);
    for (const kind of ["keydown", "blur"]) root.addEventListener(kind, typed, true);
    root.addEventListener("pointerdown", () => drag(true), true);
  }

  // A slider that acts all the time would round what Python sets to its own steps.
  function drag(on) {
    for (const partner of Object.values(panel.partners))
      if (partner.get("continuous_update") === !on) partner.set("continuous_update", on);
    if (on) window.addEventListener("pointerup", () => setTimeout(drag, 0, false), { once: true });
  }

  function clicked(event) {
    const button = event.target.closest?.("button");
    if (!button || button.matches(".ff-clear")) return;
    if (button.matches(".ff-copy")) return copy(root, button);
    if (panel.silent) {
      event.stopImmediatePropagation();
      event.preventDefault();
    } else panel.call();
  }

  function typed(event) { // a number beyond the end of a slider
    const field = event.target.closest?.(".widget-readout"), text = field?.textContent;
    if (!field || (event.type === "keydown" && event.key !== "Enter")) return;
    setTimeout(() => {
      const handle = field.closest(".widget-slider").querySelector(".noUi-handle");
      const ends = ["aria-valuemin", "aria-valuemax"].map((end) => handle.getAttribute(end));
      const beyond = Math.abs(parseFloat(text) - parseFloat(field.textContent)) > 0;
      if (!beyond || !ends.includes(handle.getAttribute("aria-valuenow"))) return;
      const status = root.querySelector(".ff-message [role=status], .ff-message [role=alert]");
      const slider = handle.getAttribute("aria-label");
      status.textContent =
        `${slider} ${text.trim()} is beyond the slider: it takes ${field.textContent}.`;
    });
  }

  function place(event) { // the name of the live axes that the pointer is on
    const frame = canvas.getBoundingClientRect(), picture = model.get("value");
    const scale = picture.size[0] / frame.width;
    const at = [(event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale];
    const part = picture.axes.find(({ box, live }) => live && at.every(
      (one, axis) => one >= box[axis] && one <= box[axis] + box[axis + 2]));
    return part?.live ?? null;
  }

  let last = null;
  function pointed(event) {
    const at = event.type === "pointerleave" ? null : place(event);
    canvas.style.cursor = at ? "pointer" : "";
    if (at !== last) model.send({ pointed: last = at });
  }
  for (const kind of ["pointermove", "pointerleave"]) canvas.addEventListener(kind, pointed);

  const view = {
    draw,
    tell(text) { said.textContent = text; },
    end() {
      said.textContent = DEAD;
      const message = root?.querySelector(".ff-message [role]");
      if (message) message.textContent = "";
      root?.querySelectorAll(CONTROLS).forEach((control) => { control.disabled = true; });
      const train = root?.querySelector(".ff-train");
      if (train) train.textContent = "Train";
      train?.classList.remove("mod-active");
    },
  };
  panel.views.add(view);
  const sizes = new ResizeObserver(draw);
  sizes.observe(el);
  const themes = new MutationObserver(draw);
  themes.observe(document.body, { attributes: true });
  const schemes = ["(forced-colors: active)", "(prefers-color-scheme: dark)"].map(matchMedia);
  schemes.forEach((scheme) => scheme.addEventListener("change", draw));
  window.addEventListener("resize", draw); // a page that is zoomed
  draw();
  return () => {
    panel.views.delete(view);
    sizes.disconnect();
    themes.disconnect();
    [calm, rest].forEach(clearTimeout);
    schemes.forEach((scheme) => scheme.removeEventListener("change", draw));
    window.removeEventListener("resize", draw);
  };
}

// JupyterLab's one-letter commands, such as d d (delete the cell), must not hear keys that are
// meant for a control. Handles and number fields of sliders have no name that a screen reader
// could tell: they get their label's.
function name(root) {
  const marked = "data-lm-suppress-shortcuts";
  for (const control of root.querySelectorAll(`:is(${CONTROLS}):not([${marked}])`)) {
    control.setAttribute(marked, "true");
    const slider = control.closest(".widget-slider");
    if (!slider) continue;
    const label = slider.querySelector("label").textContent;
    if (control.matches(".noUi-handle")) control.setAttribute("aria-label", label);
    if (control.matches(".widget-readout")) {
      control.setAttribute("role", "textbox");
      control.setAttribute("aria-label", `${label} as a number`);
    }
  }
}

function copy(root, button) {
  const code = root.querySelector(".ff-status code");
  const chosen = getSelection();
  chosen.selectAllChildren(code); // also for a page that may not use the clipboard's interface
  const done = () => { button.textContent = "Copied"; };
  if (document.execCommand("copy")) done();
  else navigator.clipboard?.writeText(code.textContent).then(done);
  chosen.removeAllRanges();
}

// ---- drawing

function colours(palette, style) {
  const ink = style.color, [red, green, blue] = ink.match(/[\d.]+/g).map(Number);
  const dark = 0.3 * red + 0.6 * green + 0.1 * blue > 128; // bright ink on a dark page
  return { ...palette[dark ? "dark" : "light"], ink };
}

function floats(view) {
  const { buffer, byteOffset, byteLength } = view;
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

// Draws a picture, and returns what texts it has and where: [text, left, top, right, bottom].
function paint(context, picture, colour, style, now) {
  const texts = [];

  function font(size, bold) {
    context.font = `${bold ? "bold " : ""}${size}px ${style.fontFamily || "sans-serif"}`;
  }

  function write(text, x, y, options = {}) {
    const { align = "center", base = "middle", size = SIZES.tick, bold, turned, role } = options;
    if (!text) return;
    font(size, bold);
    Object.assign(context, { textAlign: align, textBaseline: base });
    context.fillStyle = colour[role] ?? colour.ink;
    const width = context.measureText(text).width;
    const left = { left: 0, center: -width / 2, right: -width }[align];
    const top = { top: 0, middle: -size / 2, bottom: -size }[base];
    context.save();
    context.translate(x, y);
    if (turned) context.rotate(-Math.PI / 2);
    context.fillText(text, 0, 0);
    context.restore();
    texts.push(turned ? [text, x + top, y - left - width, x + top + size, y - left]
      : [text, x + left, y + top, x + left + width, y + top + size]);
  }

  function stroke(role, { width = 2, dash = [] } = {}) {
    context.strokeStyle = colour[role] ?? colour.ink;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.lineJoin = "round";
    context.stroke();
    context.setLineDash([]);
  }

  function fill(role, alpha = 1) {
    context.globalAlpha = alpha;
    context.fillStyle = colour[role] ?? colour.ink;
    context.fill();
    context.globalAlpha = 1;
  }

  const outline = (role) => (colour[`${role}-outline`] ? `${role}-outline` : role);

  function mark(shape, x, y, size) {
    context.beginPath();
    if (shape === "circle") context.arc(x, y, size / 2, 0, 2 * Math.PI);
    else {
      const corners = { down: [[-1, -1], [1, -1], [0, 0.9]],
        diamond: [[0, -1], [1, 0], [0, 1], [-1, 0]], star: star() }[shape];
      corners.forEach(([dx, dy]) => context.lineTo(x + (dx * size) / 2, y + (dy * size) / 2));
      context.closePath();
    }
  }

  const series = {
    histogram({ edges: [low, high], heights, role }, X, Y) {
      const values = floats(heights), wide = (high - low) / values.length;
      context.beginPath();
      context.moveTo(X(low), Y(0));
      values.forEach((height, bin) => {
        context.lineTo(X(low + bin * wide), Y(height));
        context.lineTo(X(low + (bin + 1) * wide), Y(height));
      });
      context.lineTo(X(high), Y(0));
      fill(role, 0.6);
      stroke(outline(role), { width: 1 });
    },
    line({ x, y, role, width, dash }, X, Y) {
      const [xs, ys] = [floats(x), floats(y)];
      for (const edge of outline(role) === role ? [role] : [outline(role), role]) {
        context.beginPath();
        let pen = "moveTo";
        xs.forEach((one, index) => {
          if (!Number.isFinite(ys[index])) return;
          context[pen](X(one), Y(ys[index]));
          pen = "lineTo";
        });
        stroke(edge, { width: (width ?? 2) + (edge === role ? 0 : 2), dash });
      }
    },
    marks({ x, y, role, shape, size }, X, Y) {
      const [xs, ys] = [floats(x), floats(y)];
      xs.forEach((one, index) => {
        mark(shape, X(one), Y(ys[index]), size);
        fill(role);
        if (shape === "diamond") stroke("page", { width: 1 });
      });
    },
    bars({ x, y, roles, width }, X, Y) {
      const [xs, ys] = [floats(x), floats(y)];
      xs.forEach((one, index) => {
        const [left, right] = [X(one - width / 2), X(one + width / 2)];
        context.beginPath();
        context.rect(left, Y(ys[index]), right - left, Y(0) - Y(ys[index]));
        fill(roles[index]);
        stroke(outline(roles[index]), { width: 1 });
      });
    },
    level({ at, axis, role, dash, width, follows, text }, X, Y, [left, top, wide, high]) {
      const place = now(follows) ?? at;
      const [across, up] = [X(place), Y(place)];
      context.beginPath();
      if (axis === "x") context.moveTo(across, top), context.lineTo(across, top + high);
      else context.moveTo(left, up), context.lineTo(left + wide, up);
      stroke(role, { dash, width });
      const above = up > top + 0.2 * high;
      if (text) write(text, left + 5, up + (above ? -4 : 4),
        { align: "left", base: above ? "bottom" : "top", role });
    },
    band({ from, to, role }, X, Y, [, top, , high]) {
      context.beginPath();
      context.rect(X(from), top, X(to) - X(from), high);
      fill(role, 0.25);
    },
    image({ rows, columns, pixels, map }, X, Y, [left, top, wide, high]) {
      const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
      const image = new ImageData(columns, rows);
      const colours = new Uint32Array(image.data.buffer), shades = table(map);
      bytes.forEach((byte, index) => { colours[index] = shades[byte]; });
      const small = new OffscreenCanvas(columns, rows);
      small.getContext("2d").putImageData(image, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(small, left, top, wide, high);
    },
    frame({ at: [x0, y0, x1, y1], role, alpha, width }, X, Y) {
      context.beginPath();
      context.rect(X(x0), Y(y0), X(x1) - X(x0), Y(y1) - Y(y0));
      if (alpha) fill(role, alpha);
      if (width) stroke(role, { width });
    },
  };

  for (const part of picture.axes) axes(part);
  for (const legend of picture.legends ?? []) key(legend);
  for (const { at: [x, y], text, ...options } of picture.texts ?? []) write(text, x, y, options);
  return texts;

  function axes({ box, x, y, log, title, align, xlabel, ylabel, xticks, yticks, grid, spines,
    tickSize = SIZES.tick, series: drawn }) {
    const [left, top, wide, high] = box, scaled = log ? Math.log : (value) => value;
    const [low, span] = [scaled(y[0]), scaled(y[1]) - scaled(y[0])];
    const X = (value) => left + ((value - x[0]) / (x[1] - x[0])) * wide;
    const Y = (value) => top + high - ((scaled(value) - low) / span) * high;
    const lines = (ticks, from, to) => {
      context.globalAlpha = 0.15;
      for (const tick of ticks) {
        context.beginPath();
        context.moveTo(...from(tick[0]));
        context.lineTo(...to(tick[0]));
        stroke("ink", { width: 1 });
      }
      context.globalAlpha = 1;
    };
    if (grid.includes("x")) lines(xticks, (at) => [X(at), top], (at) => [X(at), top + high]);
    if (grid.includes("y")) lines(yticks, (at) => [left, Y(at)], (at) => [left + wide, Y(at)]);
    context.save();
    context.beginPath();
    context.rect(left - 4, top - 4, wide + 8, high + 8); // marks at the rim are seen
    context.clip();
    for (const { kind, ...one } of drawn) series[kind](one, X, Y, box);
    context.restore();
    context.beginPath();
    if (spines.includes("left")) context.moveTo(left, top), context.lineTo(left, top + high);
    if (spines.includes("bottom")) {
      context.moveTo(left, top + high);
      context.lineTo(left + wide, top + high);
    }
    if (spines.includes("all")) context.rect(left, top, wide, high);
    stroke("ink", { width: 1 });
    for (const [at, text, bold] of xticks)
      write(text, X(at), top + high + 5, { base: "top", bold, size: tickSize });
    for (const [at, text] of yticks)
      write(text, left - 5, Y(at), { align: "right", size: tickSize });
    const under = top + high + (xticks.length ? SIZES.tick + 9 : 6);
    write(xlabel, left + wide / 2, under, { base: "top", size: SIZES.label });
    font(tickSize);
    const widest = Math.max(-9, ...yticks.map(([, text]) => context.measureText(text).width));
    const beside = left - widest - 9 - SIZES.label / 2;
    write(ylabel, beside, top + high / 2, { turned: true, size: SIZES.label });
    const over = { start: left - 40, left, center: left + wide / 2 }[align];
    const side = align === "center" ? "center" : "left";
    write(title, over, top - 8, { align: side, base: "bottom", size: SIZES.title });
  }

  function key({ at, entries, down, align }) {
    font(SIZES.label);
    const gap = 16, swatch = 20, widths = entries.map(
      ({ text }) => swatch + 6 + context.measureText(text).width);
    let [x, y] = at;
    if (align === "right") x -= widths.reduce((sum, width) => sum + width + gap, -gap);
    entries.forEach(({ text, kind, role, shape, dash, size }, index) => {
      context.beginPath();
      if (kind === "fill") {
        context.rect(x, y - 5, swatch, 10);
        fill(role, 0.6);
        stroke(outline(role), { width: 1 });
      } else if (kind === "mark") {
        mark(shape, x + swatch / 2, y, size ?? 10);
        fill(role);
      } else if (kind === "band") {
        context.rect(x, y - 5, swatch, 10);
        fill(role, 0.25);
      } else {
        const middle = kind === "upright" ? [[x + swatch / 2, y - 7], [x + swatch / 2, y + 7]]
          : [[x, y], [x + swatch, y]];
        context.moveTo(...middle[0]);
        context.lineTo(...middle[1]);
        stroke(role, { dash });
      }
      write(text, x + swatch + 6, y, { align: "left", size: SIZES.label });
      if (down) y += down;
      else x += widths[index] + gap;
    });
  }
}

function star() {
  return Array.from({ length: 10 }, (_, corner) => {
    const [angle, reach] = [(corner * Math.PI) / 5, corner % 2 ? 0.45 : 1.1];
    return [reach * Math.sin(angle), -reach * Math.cos(angle)];
  });
}

const maps = { // a byte as red, green, blue, alpha
  grey: (byte) => [byte, byte, byte, 255],
  change: (byte) => { // blue below 128, the page there, red above
    const far = Math.max(-1, (byte - 128) / 127);
    return [...(far > 0 ? [202, 32, 46] : [33, 113, 196]), 255 * Math.abs(far)];
  },
};

const tables = {}; // of each map: the colours of all 256 bytes, each as one number

function table(map) {
  return tables[map] ??= new Uint32Array(Uint8ClampedArray.from(
    Array.from({ length: 256 }, (_, byte) => maps[map](byte)).flat()).buffer);
}

export { paint };
export default { initialize, render };
