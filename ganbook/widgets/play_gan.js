// A whole GAN in the page: two small networks, their gradients by hand, Adam, a plane.
//
// Letters: n points of a batch, l a layer, W and b its weights, m the slopes of its
// activation (1 or 0.2), g derivatives of a loss before the activation.

// ---------------------------------------------------------------- arithmetic
// Plain functions of arrays. The tests run these against PyTorch's gradients.

const LEAK = 0.2, HIDDEN = 32, BATCH = 128;
const sigmoid = (t) => 1 / (1 + Math.exp(-t));

/** Uniform numbers in [0, 1) from a seed, and normal ones. */
export function randomFrom(seed) {
  const next = uniform(seed * 2654435761);
  return { uniform: next, normal: () => gaussian(next) };
}

/** Layers over one flat array of parameters: what Adam and averages work on. */
export function network(sizes, parameters) {
  let from = 0;
  const take = (count) => parameters.subarray(from, (from += count));
  const layers = sizes.slice(1).map((out, l) => ({ inn: sizes[l], out, w: take(sizes[l] * out), b: take(out) }));
  return { sizes, layers, parameters };
}

const countOf = (sizes) => sizes.slice(1).reduce((sum, out, l) => sum + out * (sizes[l] + 1), 0);

function newNetwork(sizes, random) {
  const net = network(sizes, new Float64Array(countOf(sizes)));
  for (const { inn, w, b } of net.layers) {
    for (let i = 0; i < w.length; i += 1) w[i] = (2 * random.uniform() - 1) * Math.sqrt(3 / inn);
    for (let i = 0; i < b.length; i += 1) b[i] = (2 * random.uniform() - 1) / Math.sqrt(inn);
  }
  return net;
}

/** y[n] = W x[n] for all n, plus b where there is one. */
function apply({ inn, out, w, b }, x, withBias) {
  const n = x.length / inn, y = new Float64Array(n * out);
  for (let k = 0; k < n; k += 1) for (let o = 0; o < out; o += 1) {
    let sum = withBias ? b[o] : 0;
    for (let i = 0, a = o * inn, c = k * inn; i < inn; i += 1) sum += w[a + i] * x[c + i];
    y[k * out + o] = sum;
  }
  return y;
}

/** The network at points x: each layer's input, each activation's slopes, the output. */
export function forward(net, x) {
  const inputs = [x], masks = [];
  let y = x;
  net.layers.forEach((layer, l) => {
    y = apply(layer, y, true);
    if (l === net.layers.length - 1) return;
    const mask = y.map((a) => (a > 0 ? 1 : LEAK));
    y = y.map((a, i) => a * mask[i]);
    masks.push(mask);
    inputs.push(y);
  });
  return { inputs, masks, output: y };
}

/** Backpropagation of dy: the derivatives before each activation, and in the input. */
export function pull(net, { masks }, dy) {
  const before = [];
  let g = dy;
  for (let l = net.layers.length - 1; l >= 0; l -= 1) {
    if (masks[l]) g = g.map((value, i) => value * masks[l][i]);
    before[l] = g;
    const { inn, out, w } = net.layers[l], n = g.length / out, x = new Float64Array(n * inn);
    for (let k = 0; k < n; k += 1) for (let o = 0; o < out; o += 1) {
      const value = g[k * out + o];
      for (let i = 0, a = o * inn, c = k * inn; i < inn; i += 1) x[c + i] += value * w[a + i];
    }
    g = x;
  }
  return { before, input: g };
}

/** Add the sums over n of g[n] x[n]' (and of g[n]) to the gradient of each layer. */
function accumulate(gradient, before, inputs, withBias) {
  gradient.layers.forEach(({ inn, out, w, b }, l) => {
    const g = before[l], x = inputs[l], n = g.length / out;
    for (let k = 0; k < n; k += 1) for (let o = 0; o < out; o += 1) {
      const value = g[k * out + o];
      if (withBias) b[o] += value;
      for (let i = 0, a = o * inn, c = k * inn; i < inn; i += 1) w[a + i] += value * x[c + i];
    }
  });
}

const zeros = (net) => network(net.sizes, new Float64Array(net.parameters.length));

/**
 * The gradient of a penalty of the slopes s[n] = dD/dx, where dp(s) is its derivative.
 *
 * Activations are straight lines in pieces, so their slopes m do not move with the
 * weights. Then s is linear in each W: the gradient in W is the derivative before the
 * activation, g, times a vector dp(s) pushed forward through W and m.
 */
function addPenalty(gradient, net, x, derivative) {
  const pass = forward(net, x), n = x.length / 2;
  const { before, input } = pull(net, pass, new Float64Array(n).fill(1));
  let push = derivative(input);
  const pushes = [push];
  pass.masks.forEach((mask, l) => {
    push = apply(net.layers[l], push, false).map((value, i) => value * mask[i]);
    pushes.push(push);
  });
  accumulate(gradient, before, pushes, false);
}

const perPoint = (slopes, scale) => slopes.map((value, i) =>
  value * scale(Math.hypot(slopes[i - (i % 2)], slopes[i - (i % 2) + 1])));

/** Derivatives of the losses in the logits: real and fake of D's, fake of G's. */
export const LOSSES = {
  "minimax": [(r) => -sigmoid(-r), sigmoid, (f) => -sigmoid(f)],
  "non-saturating": [(r) => -sigmoid(-r), sigmoid, (f) => -sigmoid(-f)],
  "least squares": [(r) => r - 1, (f) => f + 1, (f) => f - 1],
  "hinge": [(r) => (r < 1 ? -1 : 0), (f) => (f > -1 ? 1 : 0), () => -1],
  "Wasserstein": [() => -1, () => 1, () => -1],
};

/** W / sigma(W) in each layer, by power iteration from the vectors kept in `memory`. */
export function normalized(net, memory, rounds = 1) {
  const copy = network(net.sizes, net.parameters.slice());
  const unit = (vector) => {
    const long = Math.hypot(...vector) || 1;
    return vector.map((value) => value / long);
  };
  copy.layers.forEach(({ inn, out, w }, l) => {
    let u = memory[l]?.u ?? unit(new Float64Array(out).map((_, i) => Math.cos(i + 1))), v;
    for (let round = 0; round < rounds; round += 1) {
      v = new Float64Array(inn);
      for (let o = 0; o < out; o += 1) for (let i = 0; i < inn; i += 1) v[i] += w[o * inn + i] * u[o];
      v = unit(v);
      u = unit(apply({ inn, out, w }, v, false));
    }
    const wv = apply({ inn, out, w }, v, false), sigma = wv.reduce((sum, value, o) => sum + value * u[o], 0) || 1;
    memory[l] = { u, v, sigma };
    for (let i = 0; i < w.length; i += 1) w[i] /= sigma;
  });
  return copy;
}

/** Turn a gradient in W / sigma into one in W: sigma = u'Wv moves too. */
function throughNorm(gradient, net, memory) {
  gradient.layers.forEach(({ inn, out, w }, l) => {
    const { u, v, sigma } = memory[l], even = net.layers[l].w;
    let inner = 0;
    for (let i = 0; i < w.length; i += 1) inner += w[i] * even[i];
    for (let o = 0; o < out; o += 1) for (let i = 0; i < inn; i += 1) {
      w[o * inn + i] = (w[o * inn + i] - inner * u[o] * v[i]) / sigma;
    }
  });
}

/** The gradient of the discriminator's loss, penalty included. `mix` is for the penalty. */
export function discriminatorGradient(net, real, fake, rules, mix, memory = []) {
  const spectral = rules.regularizer === "spectral norm";
  const d = spectral ? normalized(net, memory, rules.rounds) : net;
  const gradient = zeros(net), n = real.length / 2, [onReal, onFake] = LOSSES[rules.loss];
  for (const [points, slope] of [[real, onReal], [fake, onFake]]) {
    const pass = forward(d, points);
    accumulate(gradient, pull(d, pass, pass.output.map((t) => slope(t) / n)).before, pass.inputs, true);
  }
  const { regularizer, strength } = rules;
  if (regularizer === "R1") addPenalty(gradient, d, real, (s) => perPoint(s, () => strength / n));
  if (regularizer === "gradient penalty") {
    const between = real.map((x, i) => mix[i >> 1] * x + (1 - mix[i >> 1]) * fake[i]);
    addPenalty(gradient, d, between, (s) => perPoint(s, (norm) => (2 * strength * (norm - 1)) / (n * (norm + 1e-12))));
  }
  if (spectral) throughNorm(gradient, d, memory);
  return gradient.parameters;
}

/** The generator's gradient, and the direction in which each sample wants to move. */
export function generatorGradient(g, d, pass, loss) {
  const n = pass.output.length / 2, seen = forward(d, pass.output);
  const { input } = pull(d, seen, seen.output.map((t) => LOSSES[loss][2](t) / n));
  const gradient = zeros(g);
  accumulate(gradient, pull(g, pass, input).before, pass.inputs, true);
  return { gradient: gradient.parameters, wish: input.map((value) => -value * n) };
}

/** One step of Adam, in place. */
export function adam(memory, parameters, gradient, rate, beta) {
  memory.m ??= new Float64Array(parameters.length);
  memory.v ??= new Float64Array(parameters.length);
  memory.t = (memory.t ?? 0) + 1;
  const keep = 1 - beta ** memory.t, root = Math.sqrt(1 - 0.999 ** memory.t);
  for (let i = 0; i < parameters.length; i += 1) {
    memory.m[i] += (1 - beta) * (gradient[i] - memory.m[i]);
    memory.v[i] += 0.001 * (gradient[i] ** 2 - memory.v[i]);
    parameters[i] -= ((rate / keep) * memory.m[i]) / (Math.sqrt(memory.v[i]) / root + 1e-8);
  }
}

const range = (count, f) => Array.from({ length: count }, (_, i) => f(i));
const grid = (side) => range(side * side, (i) =>
  [-1 + (2 * Math.floor(i / side)) / (side - 1), -1 + (2 * (i % side)) / (side - 1)]);

/** Centers of small round Gaussians; the curves are beads on a string. */
export const DATA = {
  "ring of 8": { spread: 0.05, centers: range(8, (i) => [Math.cos((i * Math.PI) / 4), Math.sin((i * Math.PI) / 4)]) },
  "grid of 9": { spread: 0.05, centers: grid(3) },
  "grid of 25": { spread: 0.05, centers: grid(5) },
  "two moons": {
    spread: 0.04,
    centers: range(24, (i) => {
      const t = (Math.PI * (i % 12)) / 11;
      return i < 12 ? [-0.4 + 0.75 * Math.cos(t), -0.15 + 0.75 * Math.sin(t)] : [0.4 - 0.75 * Math.cos(t), 0.15 - 0.75 * Math.sin(t)];
    }),
  },
  "spiral": {
    spread: 0.03,
    centers: range(28, (i) => {
      const t = 1.2 + i * 0.38, r = 0.09 * t;
      return [r * Math.cos(t), r * Math.sin(t)];
    }),
  },
};

/** Modes covered and share of good samples, as ganbook.instruments.coverage counts. */
export function coverage(points, { centers, spread }) {
  const held = centers.map(() => 0), n = points.length / 2;
  for (let k = 0; k < n; k += 1) {
    let best = 0, least = Infinity;
    centers.forEach(([x, y], c) => {
      const far = Math.hypot(points[2 * k] - x, points[2 * k + 1] - y);
      if (far < least) [best, least] = [c, far];
    });
    if (least <= 3 * spread) held[best] += 1;
  }
  const fair = (0.1 * n) / centers.length;
  return { modes: held.filter((count) => count >= fair).length, good: held.reduce((a, b) => a + b) / n };
}

/** A game to be stepped. `rules` may change between two steps; its data may not. */
export function newGame({ data, seed }) {
  const random = randomFrom(seed), { centers, spread } = DATA[data];
  const draw = (count) => {
    const points = new Float64Array(2 * count);
    for (let k = 0; k < count; k += 1) {
      const [x, y] = centers[Math.floor(random.uniform() * centers.length)];
      points[2 * k] = x + spread * random.normal();
      points[2 * k + 1] = y + spread * random.normal();
    }
    return points;
  };
  const noise = (count) => new Float64Array(2 * count).map(random.normal);
  const g = newNetwork([2, HIDDEN, HIDDEN, 2], random), d = newNetwork([2, HIDDEN, HIDDEN, 1], random);
  const average = network(g.sizes, g.parameters.slice());
  const memory = { g: {}, d: {}, norms: [] };
  const shown = { data: draw(2 * BATCH), z: noise(2 * BATCH) };
  const game = { steps: 0, shown, g, d, average, broken: false };

  /** The discriminator as it judges, normalized where the rules say so. */
  game.judge = (rules) => (rules.regularizer === "spectral norm" ? normalized(d, structuredClone(memory.norms), 5) : d);
  game.step = (rules) => {
    let pass;
    for (let move = 0; move < rules.moves; move += 1) {
      pass = forward(g, noise(BATCH));
      const mix = new Float64Array(BATCH).map(random.uniform);
      const gradient = discriminatorGradient(d, draw(BATCH), pass.output, rules, mix, memory.norms);
      adam(memory.d, d.parameters, gradient, rules.rateD, rules.momentum);
    }
    const { gradient } = generatorGradient(g, game.judge(rules), pass, rules.loss);
    adam(memory.g, g.parameters, gradient, rules.rateG, rules.momentum);
    game.steps += 1;
    const keep = Math.min(0.995, (1 + game.steps) / (10 + game.steps));
    for (let i = 0; i < g.parameters.length; i += 1) {
      average.parameters[i] += (1 - keep) * (g.parameters[i] - average.parameters[i]);
    }
    game.broken = !Number.isFinite(g.parameters[0] + d.parameters[0]);
  };
  return game;
}

// ------------------------------------------------------------------- drawing

const SIDE = 400, SPAN = 1.6, CELLS = 48, LOOK_EVERY = 10;
const RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2];

/** A native menu bound to a trait; values keep their type. */
function menu(model, trait, name, values, text = String) {
  const select = h("select", {
    style: "width: 100%; min-height: 2.25rem; padding: 0.25rem; border: 1px solid var(--line); border-radius: 6px; background: var(--paper); color: var(--ink); font: inherit",
    onchange() { model.set(trait, values[select.selectedIndex]); model.save_changes(); },
  }, ...values.map((value) => h("option", {}, text(value))));
  const el = h("label", { style: "display: block; flex: 1 1 8.5rem; min-width: 0; margin: 0" },
    h("span", { class: "gb-formula" }, name), select);
  return { el, draw() { select.selectedIndex = values.indexOf(model.get(trait)); } };
}

function render({ model, el }) {
  const menus = [
    menu(model, "data", "Data", Object.keys(DATA)),
    menu(model, "loss", "Loss", Object.keys(LOSSES)),
    menu(model, "regularizer", "Discriminator held by", ["none", "R1", "gradient penalty", "spectral norm"]),
    menu(model, "strength", "Penalty strength", [0.01, 0.1, 1, 10]),
    menu(model, "rate_g", "Generator rate", RATES),
    menu(model, "rate_d", "Discriminator rate", RATES),
    menu(model, "moves", "Discriminator moves", [1, 2, 5], (n) => `${n} per step`),
    menu(model, "momentum", "Momentum β₁", [0, 0.5, 0.9]),
    menu(model, "average", "Samples of", [false, true], (on) => (on ? "moving average" : "generator")),
    menu(model, "seed", "Seed", range(10, (i) => i)),
  ];
  const rules = () => ({
    loss: model.get("loss"), regularizer: model.get("regularizer"), strength: model.get("strength"), rounds: 1,
    rateG: model.get("rate_g"), rateD: model.get("rate_d"), moves: model.get("moves"), momentum: model.get("momentum"),
  });

  const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
  const canvas = h("canvas", {
    width: SIDE * ratio, height: SIDE * ratio, role: "img",
    style: "display: block; flex: 1 1 17rem; min-width: 0; max-width: 26rem; aspect-ratio: 1; border: 1px solid var(--line); border-radius: 4px",
  });
  const heat = h("canvas", { width: CELLS, height: CELLS });
  const brush = canvas.getContext("2d"), heatBrush = heat.getContext("2d");
  const chart = shape("svg", { viewBox: "0 0 300 100", role: "img", style: "display: block; width: 100%; height: auto; border-bottom: 1px solid var(--line)" });
  const lines = Object.fromEntries([["modes", "generator", ""], ["good", "data", "6 4"], ["right", "discriminator", "2 3"]].map(([name, color, dashes]) =>
    [name, shape("path", { fill: "none", style: `stroke: var(--${color})`, "stroke-width": 2, "stroke-dasharray": dashes })]));
  chart.append(...Object.values(lines));
  const numbers = h("output", { class: "gb-formula", style: "display: grid; gap: 0.25rem" });
  const note = h("p", { class: "gb-note", role: "status" });

  let game, history, playing = 0, lastDrawn = 0, drawing = 0;
  const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
  const at = (value) => (value / SPAN + 1) * (SIDE / 2);

  function samples() {
    return forward(model.get("average") ? game.average : game.g, game.shown.z);
  }
  function look() {
    const { modes, good } = coverage(samples().output, DATA[model.get("data")]);
    const d = game.judge(rules()), judges = model.get("loss") !== "Wasserstein"; // else it scores: no sign is right
    const share = (points, test) => forward(d, points).output.filter(test).length / (2 * BATCH);
    const right = judges ? (share(game.shown.data, (t) => t > 0) + share(forward(game.g, game.shown.z).output, (t) => t <= 0)) / 2 : NaN;
    history.push({ step: game.steps, modes: modes / DATA[model.get("data")].centers.length, good, right, count: modes });
  }
  function restart() {
    game = newGame({ data: model.get("data"), seed: model.get("seed") });
    history = [];
    note.textContent = "";
    look();
  }

  function drawPlane() {
    const style = getComputedStyle(el), color = (name) => style.getPropertyValue(`--${name}`).trim();
    const d = game.judge(rules()), points = new Float64Array(2 * CELLS * CELLS);
    for (let i = 0; i < CELLS * CELLS; i += 1) {
      points[2 * i] = SPAN * ((2 * ((i % CELLS) + 0.5)) / CELLS - 1);
      points[2 * i + 1] = -SPAN * ((2 * (Math.floor(i / CELLS) + 0.5)) / CELLS - 1);
    }
    const logits = forward(d, points).output;
    const low = logits.reduce((a, b) => Math.min(a, b)), wide = logits.reduce((a, b) => Math.max(a, b)) - low || 1;
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.clearRect(0, 0, SIDE, SIDE);
    heatBrush.fillStyle = color("discriminator"); // the canvas spells it #rrggbb
    const rgb = [1, 3, 5].map((from) => parseInt(heatBrush.fillStyle.slice(from, from + 2), 16));
    const picture = heatBrush.createImageData(CELLS, CELLS);
    logits.forEach((t, i) => picture.data.set([...rgb, 200 * ((t - low) / wide)], 4 * i));
    heatBrush.putImageData(picture, 0, 0);
    brush.drawImage(heat, 0, 0, SIDE, SIDE);
    const dots = (xy, fill, size) => {
      brush.fillStyle = fill;
      brush.beginPath();
      for (let i = 0; i < xy.length; i += 2) {
        brush.moveTo(at(xy[i]) + size, SIDE - at(xy[i + 1]));
        brush.arc(at(xy[i]), SIDE - at(xy[i + 1]), size, 0, 2 * Math.PI);
      }
      brush.fill();
    };
    dots(game.shown.data, color("data"), 2);
    const pass = samples(), { wish } = generatorGradient(game.g, d, pass, model.get("loss"));
    brush.strokeStyle = color("ink");
    brush.lineWidth = 1.25;
    brush.beginPath();
    for (let i = 0; i < 2 * 48; i += 2) { // length by the root, so that weak ones show
      const size = Math.hypot(wish[i], wish[i + 1]), long = size ? Math.min(40, 30 * Math.sqrt(size)) / size : 0;
      brush.moveTo(at(pass.output[i]), SIDE - at(pass.output[i + 1]));
      brush.lineTo(at(pass.output[i]) + long * wish[i], SIDE - at(pass.output[i + 1]) - long * wish[i + 1]);
    }
    brush.stroke();
    dots(pass.output, color("generator"), 2.5);
    const lengths = range(wish.length / 2, (i) => Math.hypot(wish[2 * i], wish[2 * i + 1])).sort((a, b) => a - b);
    return lengths[lengths.length >> 1];
  }

  function update() {
    for (const control of menus) control.draw();
    const push = drawPlane(), last = history.at(-1), count = DATA[model.get("data")].centers.length;
    for (const [name, line] of Object.entries(lines)) {
      line.setAttribute("d", history.filter((entry) => Number.isFinite(entry[name])).map((entry, i) =>
        `${i ? "L" : "M"}${((300 * entry.step) / Math.max(1, game.steps)).toFixed(1)} ${(97 - 94 * entry[name]).toFixed(1)}`).join(""));
    }
    numbers.replaceChildren(...[
      ["step ", String(game.steps), ""],
      ["covered: ", `${last.count} of ${count}`, count > 9 && !model.get("data").startsWith("grid") ? " stretches" : " modes"],
      ["good samples: ", fixed(100 * last.good, 0), " %"],
      ["discriminator right: ", Number.isFinite(last.right) ? fixed(100 * last.right, 0) : "–", Number.isFinite(last.right) ? " %" : " (a score has no zero)"],
      ["median push on a sample: ", push === 0 ? "0" : push > 0.001 ? fixed(push) : push.toExponential(0).replace("-", "−"), ""],
    ].map(([before, number, after]) => h("span", {}, before, h("b", {}, number), after)));
    numbers.setAttribute("aria-live", playing ? "off" : "polite");
    canvas.setAttribute("aria-label", `The plane after ${game.steps} steps: data (${model.get("data")}), samples, what the `
      + `discriminator believes, and arrows where it pushes samples. ${last.count} of ${count} modes are covered.`);
    chart.setAttribute("aria-label", `Over the steps so far: share of modes covered, now ${fixed(last.modes, 2)}; share of good `
      + `samples, now ${fixed(last.good, 2)}; how often the discriminator is right.`);
    dress(play, playing ? "Pause" : "Play", playing ? "pause" : "play");
  }

  function advance(count) {
    for (let i = 0; i < count && !game.broken; i += 1) {
      game.step(rules());
      if (game.steps % LOOK_EVERY === 0) look();
    }
    if (history.length > 400) history = history.filter((_, i) => i % 2 === 0);
    if (!game.broken) return;
    stop();
    restart();
    note.textContent = "The weights ran off to infinity; the game begins anew. Lower a rate, or hold the discriminator.";
  }
  function frame(now) {
    if (!el.isConnected) return stop(); // put back, it is drawn anew
    const until = performance.now() + Math.max(12, 2 * drawing); // no less than what drawing takes
    do advance(1); while (playing && performance.now() < until);
    if (!playing) return update();
    if (!still || now - lastDrawn > 700) {
      const began = performance.now();
      update();
      drawing = Math.min(60, performance.now() - began);
      lastDrawn = now;
    }
    playing = requestAnimationFrame(frame);
  }
  function stop() {
    cancelAnimationFrame(playing);
    playing = 0;
  }
  const play = iconButton("Play", "play", () => {
    if (playing) stop();
    else playing = requestAnimationFrame(frame);
    update();
  });
  const steps = (count) => () => { stop(); advance(count); look(); update(); };
  const buttons = h("div", { class: "gb-transport" },
    iconButton("Reset", "first", () => { stop(); restart(); update(); }), play, iconButton("One step", "next", steps(1)),
    h("button", { type: "button", class: "gb-button", style: "width: auto; padding: 0 0.75rem", onclick: steps(100) }, "100 steps"));

  const key = (color, text, dashes) => h("span", {},
    h("span", { "aria-hidden": true, style: `display: inline-block; width: 1.5em; margin-right: 0.375em; vertical-align: 0.25em; border-top: 3px ${dashes} var(--${color})` }), text);
  const legend = (...keys) => h("p", { class: "gb-formula", style: "display: flex; flex-wrap: wrap; gap: 0 1rem" }, ...keys);
  mountIn(el, model, h("div", { class: "gb-choices" }, ...menus.map((control) => control.el)), buttons, note,
    h("div", { style: "display: flex; flex-wrap: wrap; gap: 1rem" }, canvas,
      h("div", { style: "display: flex; flex-direction: column; gap: 0.75rem; flex: 1 1 14rem; min-width: 0" }, numbers, chart,
        legend(key("generator", "modes covered", "solid"), key("data", "good samples", "dashed"), key("discriminator", "discriminator right", "dotted")))),
    legend(key("data", "data", "solid"), key("generator", "samples", "solid"), key("discriminator", "more violet: more real to the discriminator", "solid"),
      key("ink", "push on a sample", "solid")));
  const began = () => { stop(); restart(); };
  const changed = () => { if (!playing) { look(); update(); } };
  model.on("change:data change:seed", began);
  model.on("change", changed);
  const theme = new MutationObserver(() => update());
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
  const placed = new ResizeObserver(() => update()); // colors are known only inside a page
  placed.observe(canvas);
  restart();
  update();
  return () => {
    stop();
    theme.disconnect();
    placed.disconnect();
    model.off("change:data change:seed", began);
    model.off("change", changed);
  };
}

export default { render };
