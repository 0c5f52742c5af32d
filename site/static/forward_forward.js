// Forward-Forward as in ffteach/plain.py, without any library. A matrix is a Float32Array, row
// after row; weights are kept as (inputs, units), so that inputs that are 0 cost nothing.

const LABELS = 10;

// Write each label into the first ten pixels of its image.
export function overlay(images, labels, strength = 4) {
  const inputs = images.length / labels.length, painted = images.slice();
  labels.forEach((label, row) => {
    painted.fill(0, row * inputs, row * inputs + LABELS);
    painted[row * inputs + label] = strength;
  });
  return painted;
}

// Draw for each label one of the nine others, all equally often.
export function wrongLabels(labels, random = Math.random) {
  return labels.map((label) => (label + 1 + Math.floor(9 * random())) % LABELS);
}

// The mean of the squared activities: (rows, units) -> (rows).
export function goodness(h, rows) {
  const units = h.length / rows, g = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let unit = row * units; unit < (row + 1) * units; unit++) sum += h[unit] * h[unit];
    g[row] = sum / units;
  }
  return g;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// A standard normal number (Box and Muller).
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

// A layer that learns on its own: goodness high for positive data, low for negative data.
export class Layer {
  constructor(inputs, units, random = Math.random) {
    Object.assign(this, { inputs, units, steps: 0, bias: new Float32Array(units) });
    this.weight = Float32Array.from({ length: inputs * units }, () =>
      normal(random) / Math.sqrt(inputs));
    this.adam = [this.weight, this.bias].map((values) => ({
      values, mean: new Float32Array(values.length), square: new Float32Array(values.length),
    }));
  }

  // Bring each row to mean square 1: its length was the goodness of the layer below.
  rescale(x, rows) {
    const scaled = new Float32Array(x.length), n = this.inputs;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let i = row * n; i < (row + 1) * n; i++) sum += x[i] * x[i];
      const factor = Math.sqrt(n) / (Math.sqrt(sum) + 1e-6);
      for (let i = row * n; i < (row + 1) * n; i++) scaled[i] = x[i] * factor;
    }
    return scaled;
  }

  // (rows, inputs) -> (rows, units)
  forward(x, rows, scaled = this.rescale(x, rows)) {
    const { inputs, units, weight, bias } = this, h = new Float32Array(rows * units);
    for (let row = 0; row < rows; row++) {
      const sums = h.subarray(row * units, (row + 1) * units);
      sums.set(bias);
      for (let input = 0; input < inputs; input++) {
        const value = scaled[row * inputs + input];
        if (value === 0) continue;
        for (let unit = 0, w = input * units; unit < units; unit++, w++) {
          sums[unit] += value * weight[w];
        }
      }
      for (let unit = 0; unit < units; unit++) if (sums[unit] < 0) sums[unit] = 0;
    }
    return h;
  }

  // Take one step on this layer's own loss, the mean of softplus((threshold - g) / temperature) for
  // positives and of softplus((g - threshold) / temperature) for negatives. Returns activities and
  // goodness of both.
  learn(xPos, xNeg, rows, { threshold = 2, temperature = 0.05, rate = 1e-3 } = {}) {
    const { inputs, units } = this;
    const weightGradient = new Float32Array(inputs * units), biasGradient = new Float32Array(units);
    const sides = [[xPos, -1], [xNeg, 1]].map(([x, sign]) => {
      const scaled = this.rescale(x, rows), h = this.forward(x, rows, scaled);
      const g = goodness(h, rows), slope = new Float32Array(units);
      for (let row = 0; row < rows; row++) {
        // the loss by goodness, then goodness by activity: 2 h / units, which is 0 where ReLU is
        const byGoodness = sign * sigmoid((sign * (g[row] - threshold)) / temperature)
          / (2 * rows * temperature);
        for (let unit = 0; unit < units; unit++) {
          slope[unit] = (byGoodness * 2 * h[row * units + unit]) / units;
          biasGradient[unit] += slope[unit];
        }
        for (let input = 0; input < inputs; input++) {
          const value = scaled[row * inputs + input];
          if (value === 0) continue;
          for (let unit = 0, w = input * units; unit < units; unit++, w++) {
            weightGradient[w] += value * slope[unit];
          }
        }
      }
      return { h, g };
    });
    this.adamStep([weightGradient, biasGradient], rate);
    return sides;
  }

  // Adam with its usual settings (Kingma and Ba, 2015).
  adamStep(gradients, rate) {
    this.steps += 1;
    const [b1, b2] = [0.9, 0.999];
    const first = rate / (1 - b1 ** this.steps), second = Math.sqrt(1 - b2 ** this.steps);
    this.adam.forEach(({ values, mean, square }, which) => {
      const gradient = gradients[which];
      for (let i = 0; i < values.length; i++) {
        mean[i] = b1 * mean[i] + (1 - b1) * gradient[i];
        square[i] = b2 * square[i] + (1 - b2) * gradient[i] * gradient[i];
        values[i] -= (first * mean[i]) / (Math.sqrt(square[i]) / second + 1e-8);
      }
    });
  }
}

// Train all layers on one batch. Returns the goodness of both sides of every layer.
export function step(layers, images, labels, settings = {}, wrong = wrongLabels(labels)) {
  let xPos = overlay(images, labels), xNeg = overlay(images, wrong);
  return layers.map((layer) => {
    const [pos, neg] = layer.learn(xPos, xNeg, labels.length, settings);
    [xPos, xNeg] = [pos.h, neg.h];
    return { pos: pos.g, neg: neg.g };
  });
}

// Try all ten labels and keep the one with the most goodness over all layers.
export function predict(layers, images, rows) {
  const best = new Float32Array(rows).fill(-1), answers = new Array(rows).fill(0);
  for (let label = 0; label < LABELS; label++) {
    let x = overlay(images, new Array(rows).fill(label));
    const total = new Float32Array(rows);
    for (const layer of layers) {
      x = layer.forward(x, rows);
      goodness(x, rows).forEach((g, row) => { total[row] += g; });
    }
    total.forEach((g, row) => { if (g > best[row]) [best[row], answers[row]] = [g, label]; });
  }
  return answers;
}
