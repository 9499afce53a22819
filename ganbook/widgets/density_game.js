// The minimax game in one dimension: move the generator, see the best answer to it.
//
// Letters, as in the chapter: p the density of the data, q that of the generator,
// u = log(p / q) the logit of the best discriminator, D = sigmoid(u).

// ---------------------------------------------------------------- arithmetic
// Plain functions of numbers. The tests run these against PyTorch.

const RANGE = 16, POINTS = 1601; // the grid of all integrals
const STEP = (2 * RANGE) / (POINTS - 1);

export const DATA = { // components: weight, mean, deviation
  one: [[1, 0, 1]],
  two: [[0.5, -2, 0.6], [0.5, 2, 0.6]],
};

const sigmoid = (t) => 1 / (1 + Math.exp(-t));
const softplus = (t) => Math.max(t, 0) + Math.log1p(Math.exp(-Math.abs(t)));
const logNormal = (x, mean, deviation) =>
  -0.5 * ((x - mean) / deviation) ** 2 - Math.log(deviation * Math.sqrt(2 * Math.PI));

/** log p(x) and its slope, for a mixture of normal densities. */
export function logMixture(x, components) {
  const logs = components.map(([weight, mean, deviation]) =>
    Math.log(weight) + logNormal(x, mean, deviation));
  const top = Math.max(...logs), shares = logs.map((value) => Math.exp(value - top));
  const total = shares.reduce((a, b) => a + b);
  const slope = components.reduce((sum, [, mean, deviation], i) =>
    sum - (shares[i] / total) * (x - mean) / deviation ** 2, 0);
  return [top + Math.log(total), slope];
}

/** All that is drawn at x: densities, D*, and the push -dL/dx of both losses. */
export function at(x, data, mean, deviation) {
  const [logP, slopeP] = logMixture(x, data);
  const [logQ, slopeQ] = logMixture(x, [[1, mean, deviation]]);
  const u = logP - logQ, slope = slopeP - slopeQ;
  return {
    p: Math.exp(logP), q: Math.exp(logQ), u,
    best: sigmoid(u),
    saturating: sigmoid(u) * slope, // of log(1 - D), to be minimized
    nonSaturating: sigmoid(-u) * slope, // of -log D
  };
}

/** The numbers of the game against the best discriminator, in nats. */
export function measure(data, mean, deviation) {
  const sums = { value: 0, jsd: 0, reverseKl: 0, saturating: [0, 0], nonSaturating: [0, 0] };
  for (let i = 0; i < POINTS; i += 1) {
    const x = -RANGE + i * STEP, weight = i === 0 || i === POINTS - 1 ? STEP / 2 : STEP;
    const { p, q, u, saturating, nonSaturating } = at(x, data, mean, deviation);
    const gain = -p * softplus(-u) - q * softplus(u); // p log D + q log(1 - D)
    sums.value += weight * gain;
    sums.jsd += weight * (gain + (p + q) * Math.LN2) / 2;
    sums.reverseKl -= weight * q * u;
    const noise = (x - mean) / deviation; // x = mean + deviation * noise
    for (const [name, push] of Object.entries({ saturating, nonSaturating })) {
      sums[name][0] -= weight * q * push; // the loss falls where the push points
      sums[name][1] -= weight * q * push * noise;
    }
  }
  return sums;
}

// ------------------------------------------------------------------- drawing

const WIDTH = 640, SPAN = 5; // the picture shows -5 to 5
const ABOVE = 230, BELOW = 130, LEFT = 6;
const HIGH = 1.05, PUSH = 4;

function render({ model, el }) {
  const controls = [
    choice(model, "data", "Data", [["one", "one Gaussian"], ["two", "two Gaussians"]]),
    dial(model, "mean", "Generator: mean", { min: -4, max: 4, step: 0.05 }),
    dial(model, "deviation", "Generator: spread", { min: 0.2, max: 2, step: 0.05 }),
  ];
  const xs = Array.from({ length: 321 }, (_, i) => -SPAN + (2 * SPAN * i) / 320);
  const across = (x) => LEFT + ((x + SPAN) / (2 * SPAN)) * (WIDTH - 2 * LEFT);
  const up = (y) => ABOVE - 4 - (Math.min(y, HIGH) / HIGH) * (ABOVE - 14);
  const push = (y) => BELOW / 2 - (Math.max(-PUSH, Math.min(PUSH, y)) / PUSH) * (BELOW / 2 - 6);
  const stroke = (color, dashes = "") => ({
    fill: "none", style: `stroke: var(--${color})`, "stroke-width": 2.5, "stroke-dasharray": dashes,
  });
  const picture = (height) => shape("svg", {
    viewBox: `0 0 ${WIDTH} ${height}`, role: "img", style: "display: block; width: 100%; height: auto",
  });
  const line = (y1) => shape("line", {
    x1: 0, x2: WIDTH, y1, y2: y1, style: "stroke: var(--line)", "stroke-width": 1,
  });
  const densities = picture(ABOVE), pushes = picture(BELOW);
  const curves = {
    p: shape("path", stroke("data")), q: shape("path", stroke("generator")),
    best: shape("path", stroke("discriminator", "8 5")),
    saturating: shape("path", stroke("muted", "3 4")),
    nonSaturating: shape("path", stroke("generator")),
  };
  densities.append(line(up(0)), line(up(0.5)), line(up(1)),
    curves.p, curves.q, curves.best);
  pushes.append(line(push(0)), curves.saturating, curves.nonSaturating);
  const numbers = h("output", { class: "gb-formula", style: "display: grid; gap: 0.25rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr))" });
  const key = (color, text, dashed) => h("span", { style: "white-space: nowrap" },
    h("span", { "aria-hidden": true, style: `display: inline-block; width: 1.75em; margin-right: 0.375em; vertical-align: 0.25em; border-top: 3px ${dashed ? "dashed" : "solid"} var(--${color})` }), text);
  const legend = (...keys) => h("p", { class: "gb-formula", style: "display: flex; flex-wrap: wrap; gap: 0 1.25rem" }, ...keys);

  const path = (name, y, values) =>
    curves[name].setAttribute("d", values.map((value, i) =>
      `${i ? "L" : "M"}${across(xs[i]).toFixed(1)} ${y(value[name]).toFixed(1)}`).join(""));

  function update() {
    const data = DATA[model.get("data")], mean = model.get("mean"), deviation = model.get("deviation");
    const values = xs.map((x) => at(x, data, mean, deviation));
    for (const name of ["p", "q", "best"]) path(name, up, values);
    for (const name of ["saturating", "nonSaturating"]) path(name, push, values);
    const { value, jsd, reverseKl, saturating, nonSaturating } = measure(data, mean, deviation);
    const pair = ([a, b]) => `(${fixed(a)}, ${fixed(b)})`;
    numbers.replaceChildren(...[
      ["JSD = ", fixed(jsd), ` of at most ${fixed(Math.LN2)}`],
      ["V(D*, G) = −log 4 + 2 JSD = ", fixed(value), ""],
      ["KL(generator ‖ data) = ", fixed(reverseKl), ""],
      ["KL − 2 JSD = ", fixed(reverseKl - 2 * jsd), ""],
      ["gradient of log(1 − D): ", pair(saturating), ""],
      ["gradient of −log D: ", pair(nonSaturating), ""],
    ].map(([before, number, after]) => h("span", {}, before, h("b", {}, number), after)));
    densities.setAttribute("aria-label", `Densities of the data and of a generator with mean ${fixed(mean, 2)} `
      + `and spread ${fixed(deviation, 2)}, and the best discriminator, whose answer at the generator's mean is `
      + `${fixed(at(mean, data, mean, deviation).best, 2)}.`);
    pushes.setAttribute("aria-label", "The push on a sample at x by either loss, "
      + `cut off at ${PUSH}; positive pushes to the right.`);
    for (const control of controls) control.draw();
  }

  mountIn(el, model, h("div", { class: "gb-choices" }, controls[0].el), controls[1].el, controls[2].el,
    h("div", {}, legend(key("data", "data"), key("generator", "generator"), key("discriminator", "best discriminator D*, from 0 to 1", true)), densities),
    h("div", {}, legend(key("generator", "push by −log D"), key("muted", "push by log(1 − D)", true)), pushes,
      h("p", { class: "gb-formula" }, `x from −${SPAN} to ${SPAN}; pushes beyond ±${PUSH} are cut off. Gradients are with respect to (mean, spread).`)),
    numbers);
  model.on("change", update);
  update();
  return () => model.off("change", update);
}

export default { render };
