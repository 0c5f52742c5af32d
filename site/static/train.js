// The page's panel: trains in small portions between two pictures, and draws what comes of it.
import { Layer, predict, step } from "./forward_forward.js";

const BATCH = 50, WIDTHS = [784, 200, 200], TESTED = 200, BINS = 60, BUDGET = 30; // BUDGET: ms
const root = document.getElementById("ff-train");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const picture = part("picture"), status = part("status"), go = part("go");
let layers, steps, seen, right, running = false, said = 0, order = [];

// One byte a pixel, image after image, the test digits last; then one byte a label.
const bytes = await loaded("digits.bin");
const pixels = WIDTHS[0], count = bytes.length / (pixels + 1), training = count - TESTED;
const images = Float32Array.from(bytes.subarray(0, count * pixels), (pixel) => pixel / 255);
const labels = Array.from(bytes.subarray(count * pixels));

async function loaded(name) {
  try {
    const file = await fetch(new URL(name, import.meta.url));
    if (!file.ok) throw new Error(`${name}: ${file.status} ${file.statusText}`);
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    const words = `The digits could not be loaded (${error.message}): reload the page.`;
    part("now").textContent = status.textContent = words;
    throw error;
  }
}

function shuffled(n) {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const other = Math.floor(Math.random() * (i + 1));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}

function settings() {
  return { threshold: Number(part("threshold").value), rate: 10 ** Number(part("rate").value) };
}

function reset() {
  layers = WIDTHS.slice(1).map((units, below) => new Layer(WIDTHS[below], units));
  [steps, seen, right] = [0, null, null];
  test();
  draw(true);
}

function oneStep() {
  if (order.length < BATCH) order = shuffled(training);
  const batch = order.splice(0, BATCH), rows = new Float32Array(BATCH * pixels);
  batch.forEach((image, row) => {
    rows.set(images.subarray(image * pixels, (image + 1) * pixels), row * pixels);
  });
  seen = step(layers, rows, batch.map((image) => labels[image]), settings());
  steps += 1;
  if (steps % 20 === 0) test();
}

function test() {
  const held = images.subarray(training * pixels, (training + TESTED) * pixels);
  const answers = predict(layers, held, TESTED);
  right = answers.filter((answer, row) => answer === labels[training + row]).length / TESTED;
}

// ---- what is seen

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function sentence() {
  const percent = `${Math.round(100 * right)} % of ${TESTED} test digits are read rightly`;
  if (!seen) return `Nothing trained yet: ${percent}. Press Train.`;
  const parts = seen.map(({ pos, neg }, at) =>
    `layer ${at + 1} ${mean(pos).toFixed(2)} and ${mean(neg).toFixed(2)}`);
  return `Step ${steps}: ${percent}. Mean goodness of positives and negatives: ${parts.join(", ")}.`;
}

function colour(name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}

function histogram(context, values, top, box, fill) {
  const counts = new Array(BINS).fill(0);
  values.forEach((g) => { counts[Math.min(BINS - 1, Math.floor((g / top) * BINS))] += 1; });
  context.fillStyle = fill;
  const wide = box.width / BINS, high = box.height / Math.max(12, ...counts);
  counts.forEach((count, bin) => {
    context.fillRect(box.left + bin * wide, box.bottom - count * high, wide - 0.5, count * high);
  });
}

function draw(speak = false) {
  const ratio = window.devicePixelRatio || 1, width = picture.clientWidth, height = 300;
  [picture.width, picture.height] = [width * ratio, height * ratio];
  const context = picture.getContext("2d"), { threshold } = settings();
  context.scale(ratio, ratio);
  context.font = "14px sans-serif";
  const all = seen ? seen.flatMap(({ pos, neg }) => [...pos, ...neg]) : [];
  const top = Math.max(2 * threshold, 1, ...all) * 1.05, room = height / layers.length;
  layers.forEach((_, at) => {
    const box = { left: 4, width: width - 8, bottom: (at + 1) * room - 22, height: room - 50 };
    if (seen) {
      context.globalAlpha = 0.75;
      histogram(context, seen[at].neg, top, box, colour("--ff-negative"));
      histogram(context, seen[at].pos, top, box, colour("--ff-positive"));
      context.globalAlpha = 1;
    }
    context.fillStyle = context.strokeStyle = colour("--ff-ink");
    const x = box.left + (threshold / top) * box.width;
    context.fillRect(box.left, box.bottom, box.width, 1);
    context.fillRect(x, box.bottom - box.height, 2, box.height);
    context.fillText(`layer ${at + 1}`, box.left, at * room + 16);
    context.fillText("0", box.left, box.bottom + 16);
    const end = `goodness ${top.toFixed(1)}`;
    context.fillText(end, box.left + box.width - context.measureText(end).width, box.bottom + 16);
  });
  part("threshold-value").textContent = threshold.toFixed(1);
  part("rate-value").textContent = settings().rate.toPrecision(2);
  picture.setAttribute("aria-label", sentence());
  part("now").textContent = sentence();
  if (speak || performance.now() - said > 5000) { // a screen reader hears it now and then
    status.textContent = sentence();
    said = performance.now();
  }
}

function frame() {
  if (!running) return;
  const end = performance.now() + BUDGET;
  do oneStep(); while (performance.now() < end);
  draw();
  requestAnimationFrame(frame);
}

function run(on) {
  running = on;
  go.textContent = on ? "Pause" : "Train";
  if (on) requestAnimationFrame(frame);
  else draw(true);
}

go.addEventListener("click", () => run(!running));
part("step").addEventListener("click", () => { run(false); oneStep(); draw(true); });
part("reset").addEventListener("click", () => { run(false); reset(); });
for (const name of ["threshold", "rate"]) part(name).addEventListener("input", () => draw());
new MutationObserver(() => draw()).observe(document.documentElement,
  { attributes: true, attributeFilter: ["data-theme"] });
window.addEventListener("resize", () => draw());
reset();
for (const name of ["go", "step", "reset"]) part(name).disabled = false; // no press was lost
