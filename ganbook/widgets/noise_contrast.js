// Noise-contrastive estimation of a normal density's mean and log-normalizer.
//
// Data: normal, mean 0, deviation 1. Noise: normal, mean m, deviation s; k noise points
// for each datum. Model: log p(x) = -(x - mu)^2 / 2 - zeta. With b = -zeta - mu^2 / 2
// it is -x^2 / 2 + mu x + b: linear in (mu, b), so that fitting is a logistic
// regression with one maximum.

// ---------------------------------------------------------------- arithmetic
// Plain functions of plain numbers and arrays. The tests run these against PyTorch.

export const RUNS = 40, DATA = 100, MOST = 16;
export const TRUTH = { mean: 0, "log Z": 0.5 * Math.log(2 * Math.PI) };

const sigmoid = (t) => 1 / (1 + Math.exp(-t));

export const logNormal = (x, m, s) => -0.5 * ((x - m) / s) ** 2 - Math.log(s) - TRUTH["log Z"];

/** P(y = 1 | x) where the model is right: p_d / (p_d + k p_n). */
export const posterior = (x, { m, s, k }) =>
  sigmoid(logNormal(x, 0, 1) - logNormal(x, m, s) - Math.log(k));

/** `count` standard normal numbers. */
export function normals(count, seed) {
  const next = uniform(seed);
  return Float64Array.from({ length: count }, () => gaussian(next));
}

/**
 * The estimates { mean, "log Z", settled } from data x and noise points y, or null where
 * the points do not determine them. Newton's method, with steps of at most 1.
 */
export function fit(x, y, { m, s, k }) {
  const count = x.length + y.length, points = new Float64Array(count), offset = new Float64Array(count);
  points.set(x);
  points.set(y, x.length);
  for (let i = 0; i < count; i++) {
    offset[i] = -0.5 * points[i] ** 2 - logNormal(points[i], m, s) - Math.log(k);
  }
  let mu = 0, b = -TRUTH["log Z"], size = Infinity;
  for (let step = 0; step < 60 && size > 1e-9; step++) {
    let g0 = 0, g1 = 0, h00 = 0, h01 = 0, h11 = 0;
    for (let i = 0; i < count; i++) {
      const t = points[i], p = sigmoid(offset[i] + mu * t + b), h = p * (1 - p);
      const miss = (i < x.length ? 1 : 0) - p;
      g0 += miss * t;
      g1 += miss;
      h00 += h * t * t;
      h01 += h * t;
      h11 += h;
    }
    const determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 1e-12)) return null;
    const d0 = (h11 * g0 - h01 * g1) / determinant, d1 = (h00 * g1 - h01 * g0) / determinant;
    size = Math.max(Math.abs(d0), Math.abs(d1));
    const scale = Math.min(1, 1 / size);
    mu += scale * d0;
    b += scale * d1;
  }
  return size > 1e-6 ? null : { mean: mu, "log Z": -b - mu * mu / 2 };
}

/** The asymptotic standard deviations from n data: I_w^-1 - (1 + 1/k) e e'. */
export function predicted(params, n = DATA) {
  const step = 0.0025;
  let i00 = 0, i01 = 0, i11 = 0; // of the slopes (x, -1) of log p in (mu, zeta)
  for (let x = -10; x <= 10; x += step) {
    const mass = (1 - posterior(x, params)) * Math.exp(logNormal(x, 0, 1)) * step;
    i00 += mass * x * x;
    i01 -= mass * x;
    i11 += mass;
  }
  const determinant = i00 * i11 - i01 * i01;
  return {
    mean: Math.sqrt(i11 / determinant / n),
    "log Z": Math.sqrt(Math.max(0, i00 / determinant - 1 - 1 / params.k) / n),
  };
}

/** Mean and standard deviation (of n - 1) of numbers. */
export function summary(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(square / (values.length - 1)) };
}

/** All experiments: estimates (null where undetermined), and the points of the first. */
export function experiments({ m, s, k }, data, noise) {
  const estimates = [];
  let first = null;
  for (let run = 0; run < RUNS; run++) {
    const x = data.subarray(run * DATA, (run + 1) * DATA);
    const y = noise.subarray(run * DATA * MOST, run * DATA * MOST + DATA * k).map((z) => m + s * z);
    first ??= { x, y };
    estimates.push(fit(x, y, { m, s, k }));
  }
  return { estimates, first };
}

// ------------------------------------------------------------------- drawing

let wide = 640; // one unit is one screen pixel: letters and lines keep their size on a phone
const LEFT = 14, RIGHT = 14, LOW = -6, HIGH = 6, FLOOR = 196, TOP = 16;
const REACH = { mean: [-1, 1], "log Z": [-0.1, 1.9] }; // of the strip of estimates

const across = (x, low = LOW, high = HIGH) =>
  LEFT + ((x - low) / (high - low)) * (wide - LEFT - RIGHT);
const number = (value, digits = 2) => fixed(value, digits);

const line = (x1, y1, x2, y2, color, width = 1) =>
  shape("line", { x1, y1, x2, y2, style: `stroke:${color};stroke-width:${width}` });
const label = (x, y, content, color = "var(--muted)", anchor = "middle") =>
  shape("text", { x, y, "text-anchor": anchor, style: `fill:${color};font-size:12.5px` }, content);

/** The curve of f; it leaves the picture where f rises above `top`. */
function curve(f, top, color, more = "") {
  let path = "", inside = false;
  for (let x = LOW; x <= HIGH + 1e-9; x += 0.03) {
    const value = f(x);
    if (value <= top) {
      const y = FLOOR - (value / top) * (FLOOR - TOP);
      path += `${inside ? "L" : "M"}${across(x).toFixed(1)},${y.toFixed(1)}`;
    }
    inside = value <= top;
  }
  return shape("path", { d: path, style: `fill:none;stroke:${color};stroke-width:2.5;${more}` });
}

/** A tick for each point: its height is the weight of the point in the gradient. */
function ticks(points, weight, base, color) {
  const d = Array.from(points).filter((x) => x > LOW && x < HIGH)
    .map((x) => `M${across(x).toFixed(1)},${base}v${(-1.5 - 26 * weight(x)).toFixed(1)}`).join("");
  return shape("path", { d, style: `fill:none;stroke:${color};stroke-width:1.5;stroke-opacity:0.7` });
}

function drawDensities({ m, s, k }, { x, y }) {
  const data = (t) => Math.exp(logNormal(t, 0, 1)), noise = (t) => k * Math.exp(logNormal(t, m, s));
  const real = (t) => posterior(t, { m, s, k });
  const peak = noise(m), highest = Math.max(data(0), Math.min(peak, 0.8)); // k p_n may tower
  return [
    line(LEFT, FLOOR, wide - RIGHT, FLOOR, "var(--line)"),
    ...[-4, -2, 0, 2, 4].map((t) => label(across(t), FLOOR + 16, number(t, 0))),
    curve(noise, highest, "var(--latent)"),
    curve(data, highest, "var(--data)"),
    curve(real, 1, "var(--discriminator)", "stroke-dasharray:7 4"),
    ...(peak > highest ? [label(across(m), TOP - 5, `\u2191 to ${number(peak, 1)}`, "var(--latent)")] : []),
    ticks(x, (t) => 1 - real(t), 252, "var(--data)"),
    ticks(y, real, 290, "var(--latent)"),
  ];
}

function drawStrip(estimates, which, spread) {
  const [low, high] = REACH[which], truth = TRUTH[which];
  const at = (value) => across(Math.max(low, Math.min(high, value)), low, high);
  const marks = which === "mean" ? [-1, -0.5, 0, 0.5, 1] : [0, 0.5, 1, 1.5];
  const band = [truth - spread, truth + spread].map(at);
  return [
    shape("rect", { x: band[0], y: 6, width: Math.max(1, band[1] - band[0]), height: 54,
      style: "fill:var(--discriminator);fill-opacity:0.16" }),
    line(at(truth), 2, at(truth), 64, "var(--ink)", 1.5),
    ...estimates.flatMap((found, run) => (found ? [shape("circle", {
      cx: at(found[which]), cy: 13 + ((run * 17) % RUNS), r: 3.5,
      style: "fill:var(--discriminator);fill-opacity:0.75" })] : [])),
    line(LEFT, 64, wide - RIGHT, 64, "var(--line)"),
    ...marks.map((t) => label(at(t), 81, number(t, t % 1 ? 1 : 0))),
  ];
}

function render({ model, el }) {
  const data = normals(RUNS * DATA, 1), noise = normals(RUNS * DATA * MOST, 2);
  const uid = Math.random().toString(36).slice(2);
  const write = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };

  function radios(name, legend, options) {
    const inputs = options.map((value) => h("input", {
      type: "radio", name: `${uid}-${name}`, value, onchange: () => write(name, value) }));
    const strip = h("div", { class: "gb-options" }, ...inputs.map((input, i) =>
      h("label", {}, input, h("span", {}, String(options[i])))));
    const draw = () => inputs.forEach((input, i) => { input.checked = options[i] === model.get(name); });
    return { el: h("fieldset", { class: "gb-choice" }, h("legend", {}, legend), strip), draw };
  }

  const controls = [
    dial(model, "mean", "Noise mean", { min: -4, max: 4, step: 0.05 }),
    dial(model, "spread", "Noise spread", { min: 0.2, max: 5, step: 0.05 }),
    radios("k", "Noise points for each datum, k", [1, 2, 4, 8, 16]),
    radios("estimate", "Estimate of", Object.keys(TRUTH)),
  ];
  const picture = (height) => shape("svg", { height, role: "img", style: "display:block;width:100%" });
  const densities = picture(294), strip = picture(86);
  densities.style.touchAction = "pan-y"; // a finger moves the noise sideways, the page up and down
  densities.style.cursor = "ew-resize";
  const words = h("output", { style: "display:block;min-height:3em", "aria-live": "polite" });
  const legend = h("p", { class: "gb-legend", style: "display:flex;flex-wrap:wrap;gap:0.25rem 1rem" },
    ...[["data", "data, density"], ["latent", "noise, k × density"],
      ["discriminator", "P(datum), from 0 to 1 (dashed)"]].map(([hue, text]) => h("span", {},
      h("span", { class: "gb-swatch", style: `background:var(--${hue});border:0`, "aria-hidden": true }), text)),
    h("span", {}, "Ticks: points of one experiment, as high as their weight in the gradient."));

  const place = (event) => {
    const box = densities.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * wide;
    const at = LOW + ((x - LEFT) / (wide - LEFT - RIGHT)) * (HIGH - LOW);
    write("mean", Math.max(-4, Math.min(4, Math.round(at * 20) / 20)));
  };
  densities.addEventListener("pointerdown", (event) => {
    densities.setPointerCapture(event.pointerId);
    place(event);
  });
  densities.addEventListener("pointermove", (event) => {
    if (densities.hasPointerCapture(event.pointerId)) place(event);
  });

  function update() {
    const params = { m: model.get("mean"), s: model.get("spread"), k: model.get("k") };
    const which = model.get("estimate"), { estimates, first } = experiments(params, data, noise);
    const spread = predicted(params)[which], found = estimates.filter(Boolean);
    for (const control of controls) control.draw();
    wide = Math.max(240, densities.getBoundingClientRect().width || 640);
    for (const node of [densities, strip]) node.setAttribute("viewBox", `0 0 ${wide} ${node.getAttribute("height")}`);
    densities.replaceChildren(...drawDensities(params, first));
    strip.replaceChildren(...drawStrip(estimates, which, spread));
    const [low, high] = REACH[which], lost = RUNS - found.length;
    const off = found.filter((one) => one[which] < low || one[which] > high).length;
    const { mean, deviation } = found.length > 1 ? summary(found.map((one) => one[which])) : {};
    const text = [
      found.length > 1
        ? `${RUNS} experiments of ${DATA} data: ${which} ${number(mean)} ± ${number(deviation)}; `
        : `${RUNS} experiments of ${DATA} data: hardly one estimate; `,
      `the formula says ${number(TRUTH[which])} ± ${spread < 99 ? number(spread) : "more than 99"}, `,
      which === "mean" ? `maximum likelihood ± ${number(1 / Math.sqrt(DATA))}.` : "maximum likelihood knows it.",
      off ? ` ${off} lie beyond the scale, drawn at its ends.` : "",
      lost ? ` In ${lost} the points do not determine an estimate.` : "",
    ].join("");
    words.textContent = text;
    densities.setAttribute("aria-label", `Density of the data, mean 0 and deviation 1; ${params.k} times the `
      + `density of the noise, mean ${number(params.m)} and deviation ${number(params.s)}; and the probability `
      + `of being a datum, ${number(posterior(0, params))} at 0 and ${number(posterior(2, params))} at 2.`);
    strip.setAttribute("aria-label", `Estimates, one dot an experiment, around the truth. ${text}`);
  }

  mountIn(el, model, h("div", { class: "gb-choices" }, controls[2].el, controls[3].el),
    h("div", {}, controls[0].el, controls[1].el),
    h("div", {}, densities, legend), strip, words);
  model.on("change", update);
  const resized = new ResizeObserver(update);
  resized.observe(el);
  update();
  return () => {
    resized.disconnect();
    model.off("change", update);
  };
}

export default { render };
