// The drawing pad. Strokes are drawn here, in the browser, to stay smooth while the kernel trains;
// it is sent the drawing, PAPER x PAPER grey pixels, ten times a second at most.

const PAPER = 112;
const SHARPNESS = 4; // canvas pixels for each pixel sent
const PEN = 0.08; // width of a stroke as a share of the pad: about two of MNIST's pixels
const NOTCH = 1 / 28; // how far an arrow key goes
const PAUSE = 100; // milliseconds between two drawings sent
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NAME = "Drawing pad. Arrow keys move the pen, Space lowers and lifts it, Delete clears.";
const HINT =
  "Draw with the mouse or a finger. " +
  "By keyboard: arrows move, Space lowers and lifts the pen, Delete clears.";
const BUTTON = "jupyter-widgets jupyter-button widget-button ff-clear";

function element(parent, kind, properties, attributes = {}) {
  const made = Object.assign(document.createElement(kind), properties);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  return parent.appendChild(made);
}

function render({ model, el }) {
  const size = model.get("size");
  el.classList.add("ff-pad-view");
  el.dataset.lmSuppressShortcuts = "true"; // the keys belong to the pad, not to JupyterLab
  const paper = element(el, "div", { className: "ff-paper" });
  paper.style.width = paper.style.height = `${size}px`;
  const sharp = { width: PAPER * SHARPNESS, height: PAPER * SHARPNESS };
  const canvas = element(paper, "canvas", { className: "ff-canvas", ...sharp, tabIndex: 0 },
    { role: "application", "aria-label": NAME });
  const pen = element(paper, "div", { className: "ff-pen" });
  const clearButton = element(el, "button",
    { className: BUTTON, textContent: "Clear", type: "button" });
  element(el, "div", { className: "ff-hint", textContent: HINT }).style.width = `${size}px`;
  const small = Object.assign(document.createElement("canvas"), { width: PAPER, height: PAPER });
  const brush = canvas.getContext("2d");
  const reader = small.getContext("2d", { willReadFrequently: true });
  brush.imageSmoothingQuality = reader.imageSmoothingQuality = "high";
  Object.assign(brush, { strokeStyle: "white", lineCap: "round", lineJoin: "round" });
  brush.lineWidth = PEN * canvas.width;
  let sent = null, timer = null; // the drawing sent last, and the next one's appointment
  let stroke = null, last = null; // the pointer that draws, and where it was, in shares of the pad
  let place = [0.5, 0.5], down = false; // of the keyboard's pen

  function send() {
    clearTimeout(timer);
    timer = null;
    reader.drawImage(canvas, 0, 0, PAPER, PAPER);
    const { data } = reader.getImageData(0, 0, PAPER, PAPER);
    const grey = new Uint8Array(PAPER * PAPER).map((_, pixel) => data[4 * pixel]);
    sent = new DataView(grey.buffer);
    model.set("value", sent);
    model.save_changes();
  }

  function wipe() {
    brush.fillStyle = "black";
    brush.fillRect(0, 0, canvas.width, canvas.height);
  }

  function line(from, to) {
    brush.beginPath();
    brush.moveTo(from[0] * canvas.width, from[1] * canvas.height);
    brush.lineTo(to[0] * canvas.width, to[1] * canvas.height);
    brush.stroke();
    timer ??= setTimeout(send, PAUSE);
  }

  function show() { // what the kernel wants to be on the pad, such as a test digit
    const value = model.get("value");
    if (value === sent) return;
    wipe();
    if (value.byteLength !== PAPER * PAPER) return;
    const picture = reader.createImageData(PAPER, PAPER);
    for (let pixel = 0; pixel < PAPER * PAPER; pixel++) {
      picture.data.fill(value.getUint8(pixel), 4 * pixel, 4 * pixel + 3);
      picture.data[4 * pixel + 3] = 255;
    }
    reader.putImageData(picture, 0, 0);
    brush.drawImage(small, 0, 0, canvas.width, canvas.height);
  }

  function clear() {
    stroke = null;
    wipe();
    send();
  }

  function movePen(to, lowered) {
    place = to.map((share) => Math.min(1, Math.max(0, share)));
    down = lowered;
    pen.style.left = `${100 * place[0]}%`;
    pen.style.top = `${100 * place[1]}%`;
    pen.classList.toggle("ff-down", down);
  }

  function position(event) {
    const frame = canvas.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || stroke !== null) return;
    canvas.setPointerCapture(event.pointerId);
    stroke = event.pointerId;
    last = position(event);
    line(last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== stroke) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const to of (coalesced.length ? coalesced : [event]).map(position)) {
      line(last, to);
      last = to;
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      if (event.pointerId !== stroke) return;
      stroke = null;
      send();
    });
  }
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in ARROWS) {
      const from = place;
      movePen(place.map((share, axis) => share + ARROWS[event.key][axis] * NOTCH), down);
      if (down) line(from, place);
    } else if (event.key === " ") {
      movePen(place, !down);
      if (down) line(place, place);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      clear();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("blur", () => movePen(place, false));
  clearButton.addEventListener("click", clear);
  model.on("change:value", show);
  movePen(place, false);
  show();
  return () => {
    clearTimeout(timer);
    model.off("change:value", show);
  };
}

export default { render };
