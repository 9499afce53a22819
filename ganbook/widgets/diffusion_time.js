// Diffusion with the exact score of a mixture: scrub through time, drag the schedule.
//
// Letters, as in the chapter: a = alpha-bar, the share of the signal's power; a point at
// time t is sqrt(a) x0 + sqrt(1 - a) noise. Data are a mixture of normal densities with
// equal weights and one deviation, so that the best noise prediction has a formula.

// ---------------------------------------------------------------- arithmetic
// Plain functions of plain numbers and arrays. The tests run these against PyTorch.

export const LAST = 1000; // T
const MOST_BETA = 0.999;
const REACH = [-12, 10]; // log SNR in the picture

const sigmoid = (v) => 1 / (1 + Math.exp(-v));

/** alpha-bar at the times 0 to T; `shift` is added to log SNR. */
export function alphaBar(kind, shift = 0) {
  const wave = (u) => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  const raw = new Float64Array(LAST + 1), found = new Float64Array(LAST + 1);
  raw[0] = found[0] = 1;
  for (let t = 1; t <= LAST; t++) {
    const u = t / LAST;
    if (kind === "linear") raw[t] = raw[t - 1] * (1 - (1e-4 + (0.0199 * (t - 1)) / (LAST - 1)));
    else if (kind === "cosine") raw[t] = wave(u) / wave(0);
    else raw[t] = (sigmoid(3 - 6 * u) - sigmoid(-3)) / (sigmoid(3) - sigmoid(-3));
  }
  for (let t = 1; t <= LAST; t++) { // no step may destroy all: beta is at most 0.999
    const beta = Math.min(1 - raw[t] / raw[t - 1], MOST_BETA);
    found[t] = found[t - 1] * (1 - beta);
  }
  return found.map((a) => a / (a + (1 - a) * Math.exp(-shift)));
}

export const logSnr = (a) => Math.log(a) - Math.log1p(-a);

/**
 * The mean of the data given points x (n of them, d numbers each) whose signal has the
 * power a, and the log density of x: { estimate, log }.
 */
export function best(x, a, { means, d, deviation }) {
  const n = x.length / d, count = means.length / d, signal = Math.sqrt(a);
  const variance = a * deviation ** 2 + 1 - a, keep = (signal * deviation ** 2) / variance;
  const estimate = new Float64Array(x.length), log = new Float64Array(n), logs = new Float64Array(count);
  const constant = -0.5 * d * Math.log(2 * Math.PI * variance) - Math.log(count);
  for (let i = 0; i < n; i++) {
    let top = -Infinity, total = 0;
    for (let k = 0; k < count; k++) {
      let square = 0;
      for (let j = 0; j < d; j++) square += (x[i * d + j] - signal * means[k * d + j]) ** 2;
      logs[k] = -square / (2 * variance);
      top = Math.max(top, logs[k]);
    }
    for (let k = 0; k < count; k++) total += logs[k] = Math.exp(logs[k] - top);
    log[i] = constant + top + Math.log(total);
    for (let k = 0; k < count; k++) {
      const share = logs[k] / total;
      if (share < 1e-12) continue;
      for (let j = 0; j < d; j++) {
        const mean = means[k * d + j];
        estimate[i * d + j] += share * (mean + keep * (x[i * d + j] - signal * mean));
      }
    }
  }
  return { estimate, log };
}

/** The noise in x, if the data were as estimated. */
export const noiseIn = (x, a, estimate) => x.map((value, i) =>
  (value - Math.sqrt(a) * estimate[i]) / Math.sqrt(1 - a));

/** The times of a walk of so many steps, from T to 0. */
export const timesOf = (steps) =>
  Array.from({ length: steps + 1 }, (_, i) => Math.round(LAST * (1 - i / steps)));

/**
 * Walk from noise to data: [{ t, x, estimate }] from T to 0. eta is 0 for steps without
 * chance, 1 for ancestral ones; fresh() returns as much new noise as x has numbers.
 */
export function walk(start, a, mixture, steps, eta, fresh) {
  const times = timesOf(steps), moments = [];
  let x = start;
  for (let i = 0; i < steps; i++) {
    const now = a[times[i]], then = a[times[i + 1]];
    const { estimate } = best(x, now, mixture), noise = noiseIn(x, now, estimate);
    moments.push({ t: times[i], x, estimate });
    const variance = eta ** 2 * ((1 - then) / (1 - now)) * (1 - now / then);
    const direction = Math.sqrt(Math.max(0, 1 - then - variance)), scale = Math.sqrt(variance);
    const extra = scale ? fresh() : noise;
    x = x.map((_, j) => Math.sqrt(then) * estimate[j] + direction * noise[j] + scale * extra[j]);
  }
  moments.push({ t: 0, x, estimate: x });
  return moments;
}

/** Points of the data at time t, with the noise that each keeps. */
export const addNoise = (data, noise, a) =>
  data.map((value, i) => Math.sqrt(a) * value + Math.sqrt(1 - a) * noise[i]);

export { uniform }; // for the tests

/** `count` standard normal numbers. */
export function normals(count, next) {
  return Float64Array.from({ length: count }, () => gaussian(next));
}

/** The data: a ring of eight spots, a spiral of many, or the digits that came along. */
export function mixtureOf(name, digits) {
  if (name === "digits") return { means: digits, d: 784, deviation: 0.05 };
  if (name === "ring") {
    const means = Array.from({ length: 16 }, (_, i) =>
      1.6 * (i % 2 ? Math.sin : Math.cos)(((i >> 1) * Math.PI) / 4));
    return { means: Float64Array.from(means), d: 2, deviation: 0.12 };
  }
  const means = Array.from({ length: 60 }, (_, i) => {
    const turn = 1.5 * Math.PI * (0.35 + (i >> 1) / 14.5); // 30 spots along the curve
    return (turn / 5.6) * (i % 2 ? Math.sin : Math.cos)(turn);
  });
  return { means: Float64Array.from(means), d: 2, deviation: 0.08 };
}

/** `n` draws from a mixture. */
export function draw(n, { means, d, deviation }, next) {
  const count = means.length / d, spread = normals(n * d, next);
  return spread.map((z, i) => {
    const k = Math.floor(((i / d | 0) / n) * count); // every component its share
    return means[k * d + (i % d)] + deviation * z;
  });
}

/** The share of points within three deviations of a component. */
export function near(x, { means, d, deviation }) {
  let found = 0;
  for (let i = 0; i < x.length; i += d) {
    let least = Infinity;
    for (let k = 0; k < means.length; k += d) {
      let square = 0;
      for (let j = 0; j < d; j++) square += (x[i + j] - means[k + j]) ** 2;
      least = Math.min(least, square);
    }
    found += least < 9 * deviation ** 2;
  }
  return (found * d) / x.length;
}

export function decode(text) {
  const bytes = atob(text);
  return Float64Array.from({ length: bytes.length }, (_, i) => bytes.charCodeAt(i) / 127.5 - 1);
}

/** Root mean square distance per coordinate from the nearest mean, over all points. */
export function toNearest(x, { means, d }) {
  let total = 0;
  for (let i = 0; i < x.length; i += d) {
    let least = Infinity;
    for (let k = 0; k < means.length; k += d) {
      let square = 0;
      for (let j = 0; j < d; j++) square += (x[i + j] - means[k + j]) ** 2;
      least = Math.min(least, square);
    }
    total += least;
  }
  return Math.sqrt(total / x.length);
}

// ------------------------------------------------------------------- drawing

const POINTS = 400, PICTURES = 8, SIDE = 28, GAP = 2;
const WIDE = 300, HIGH = 240, LEFT = 34, RIGHT = 16, FOOT = 34, TOP = 8; // of the schedule's picture
const SPAN = 3; // the cloud's picture shows -3 to 3

const across = (t) => LEFT + (t / LAST) * (WIDE - LEFT - RIGHT);
const up = (value) => {
  const inside = Math.max(REACH[0], Math.min(REACH[1], value));
  return TOP + ((REACH[1] - inside) / (REACH[1] - REACH[0])) * (HIGH - TOP - FOOT);
};

const dots = (x) => {
  let path = "";
  for (let i = 0; i < x.length; i += 2) path += `M${x[i].toFixed(2)} ${(-x[i + 1]).toFixed(2)}h0`;
  return path;
};

/** An arrow at each node of a grid: the direction of the score, as long as the noise. */
function arrows(a, mixture) {
  const nodes = [];
  for (let u = -2.75; u < 3; u += 0.5) for (let v = -2.75; v < 3; v += 0.5) nodes.push(u, v);
  const x = Float64Array.from(nodes), noise = noiseIn(x, a, best(x, a, mixture).estimate);
  let path = "";
  for (let i = 0; i < x.length; i += 2) {
    const size = Math.hypot(noise[i], noise[i + 1]), scale = 0.16 * Math.min(1, 2.5 / size);
    const [u, v] = [-noise[i] * scale, noise[i + 1] * scale], [x0, y0] = [x[i], -x[i + 1]];
    const [x1, y1] = [x0 + u, y0 + v];
    path += `M${x0.toFixed(3)} ${y0.toFixed(3)}L${x1.toFixed(3)} ${y1.toFixed(3)}`
      + `M${(x1 - 0.35 * u - 0.2 * v).toFixed(3)} ${(y1 - 0.35 * v + 0.2 * u).toFixed(3)}L${x1.toFixed(3)} ${y1.toFixed(3)}`
      + `L${(x1 - 0.35 * u + 0.2 * v).toFixed(3)} ${(y1 - 0.35 * v - 0.2 * u).toFixed(3)}`;
  }
  return path;
}

/** Rows of pictures, numbers in [-1, 1], on a canvas. */
function paint(canvas, rows) {
  const pen = canvas.getContext("2d");
  rows.forEach((values, row) => {
    for (let k = 0; k < PICTURES; k++) {
      const tile = pen.createImageData(SIDE, SIDE);
      for (let j = 0; j < SIDE * SIDE; j++) {
        const shade = Math.round(127.5 * (values[k * SIDE * SIDE + j] + 1)); // clamped there
        tile.data.set([shade, shade, shade, 255], 4 * j);
      }
      pen.putImageData(tile, k * (SIDE + GAP), row * (SIDE + GAP));
    }
  });
}

function render({ model, el }) {
  const digits = decode(model.get("digits"));
  const kinds = [["ring", "eight spots"], ["spiral", "spiral"], ...(digits.length ? [["digits", "digits"]] : [])];
  const controls = [
    choice(model, "data", "Data", kinds),
    choice(model, "direction", "Direction", [["forward", "add noise"], ["back", "walk back"]]),
    choice(model, "schedule", "Schedule", [["linear", "linear"], ["cosine", "cosine"], ["sigmoid", "sigmoid"]]),
    dial(model, "shift", "Shift of log SNR", { min: -6, max: 6, step: 0.25 }),
    dial(model, "steps", "Steps back", { min: 1, max: 100, step: 1, digits: 0 }),
    dial(model, "eta", "Fresh noise η", { min: 0, max: 1, step: 0.1, digits: 1 }),
  ];
  const bar = transport({
    word: "Time",
    state: () => ({ position: model.get("time"), last: LAST, text: `t = ${model.get("time")}`, interval: 40 }),
    go(position) { model.set("time", position); model.save_changes(); },
    after(position, starting) {
      const back = model.get("direction") === "back", end = back ? 0 : LAST;
      if (position === end) return starting ? LAST - end : null;
      return back ? Math.max(0, position - 10) : Math.min(LAST, position + 10);
    },
  });

  const stroke = (color, width, more = "") => ({
    fill: "none", "vector-effect": "non-scaling-stroke", "stroke-width": width,
    style: `stroke:var(--${color});stroke-linecap:round;${more}`,
  });
  const field = shape("path", stroke("muted", 1, "stroke-opacity:0.75"));
  const guess = shape("path", stroke("discriminator", 4, "stroke-opacity:0.6"));
  const cloud = shape("path", stroke("data", 4.5, "stroke-opacity:0.8"));
  const plane = shape("svg", {
    viewBox: `${-SPAN} ${-SPAN} ${2 * SPAN} ${2 * SPAN}`, role: "img",
    style: "display:block;width:100%;max-width:24rem;aspect-ratio:1;margin:0 auto",
  }, field, guess, cloud);
  const sheet = h("canvas", {
    width: PICTURES * (SIDE + GAP) - GAP, height: 2 * (SIDE + GAP) - GAP, role: "img",
    style: "width:100%;image-rendering:pixelated",
  });

  const curve = shape("path", stroke("ink", 2.5)), rest = ["linear", "cosine", "sigmoid"].map((kind) => {
    const a = alphaBar(kind);
    return shape("path", { ...stroke("muted", 1, "stroke-dasharray:3 3"), d: line(a) });
  });
  const knob = shape("circle", { r: 7, style: "fill:var(--data);stroke:var(--paper);stroke-width:2" });
  const plumb = shape("line", { y1: TOP, y2: HIGH - FOOT, style: "stroke:var(--data);stroke-width:1" });
  const text = (x, y, content, anchor = "middle") => shape("text", {
    x, y, "text-anchor": anchor, style: "fill:var(--muted);font-size:12px",
  }, content);
  const plot = shape("svg", {
    viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img",
    style: "display:block;width:100%;max-width:26rem;margin:0 auto;touch-action:none;cursor:move",
  },
  ...[-10, -5, 0, 5, 10].flatMap((value) => [
    shape("line", { x1: LEFT, x2: WIDE - RIGHT, y1: up(value), y2: up(value), style: "stroke:var(--line)" }),
    text(LEFT - 6, up(value) + 4, fixed(value, 0), "end")]),
  ...[0, 250, 500, 750, 1000].map((t) => text(across(t), HIGH - FOOT + 16, String(t))),
  text((LEFT + WIDE - RIGHT) / 2, HIGH - 3, "time t"), ...rest, curve, plumb, knob);
  const words = h("output", { style: "display:block;min-height:4.4em", "aria-live": "polite" });
  const legend = h("p", { class: "gb-legend", style: "display:flex;flex-wrap:wrap;gap:0.25rem 1rem" });
  const left = h("div", { style: "min-width:0;align-self:center" }, plane, sheet, legend);
  const right = h("div", { style: "min-width:0" },
    h("p", { class: "gb-legend" }, "log SNR, in nats, against time. Drag the dot: sideways through time, up and down to shift the schedule. Dashed: the three schedules without a shift."), plot);

  function line(a) {
    let d = "";
    for (let t = 1; t <= LAST; t += 3) {
      const value = logSnr(a[t]);
      if (value > REACH[0] && value < REACH[1]) d += `${d ? "L" : "M"}${across(t).toFixed(1)} ${up(value).toFixed(1)}`;
    }
    return d;
  }

  const place = (event) => {
    const box = plot.getBoundingClientRect(), scale = WIDE / box.width;
    const t = Math.round(((event.clientX - box.left) * scale - LEFT) / (WIDE - LEFT - RIGHT) * LAST);
    const time = Math.max(1, Math.min(LAST, t));
    const y = ((event.clientY - box.top) * scale - TOP) / (HIGH - TOP - FOOT);
    const wanted = REACH[1] - y * (REACH[1] - REACH[0]) - logSnr(alphaBar(model.get("schedule"))[time]);
    bar.stop();
    model.set("shift", Math.max(-6, Math.min(6, Math.round(4 * wanted) / 4)));
    model.set("time", time);
    model.save_changes();
  };
  plot.addEventListener("pointerdown", (event) => {
    plot.setPointerCapture(event.pointerId);
    place(event);
  });
  plot.addEventListener("pointermove", (event) => {
    if (plot.hasPointerCapture(event.pointerId)) place(event);
  });

  // What takes long is kept until something that it depends on changes.
  let scene = null, road = null;
  function prepare(data) {
    if (scene?.data === data) return scene;
    const mixture = mixtureOf(data, digits), n = data === "digits" ? PICTURES : POINTS;
    const next = uniform(7), points = draw(n, mixture, next), noise = normals(points.length, next);
    const start = normals(points.length, uniform(11));
    scene = { data, mixture, points, noise, start };
    road = null;
    return scene;
  }
  function back(a, key) {
    if (road?.key !== key) {
      const fresh = uniform(13), { start, mixture } = scene;
      const more = () => normals(start.length, fresh);
      road = { key, moments: walk(start, a, mixture, model.get("steps"), model.get("eta"), more) };
    }
    return road.moments;
  }

  function update() {
    const [data, schedule, shift, time] = ["data", "schedule", "shift", "time"].map((name) => model.get(name));
    const { mixture, points, noise } = prepare(data), isBack = model.get("direction") === "back";
    const flat = data !== "digits", a = alphaBar(schedule, shift);
    const moments = isBack && back(a, JSON.stringify([schedule, shift, model.get("steps"), model.get("eta")]));
    const reached = isBack && moments.findLast((moment) => moment.t >= time);
    const t = isBack ? reached.t : time;
    const x = isBack ? reached.x : addNoise(points, noise, a[t]);
    const estimate = isBack ? reached.estimate : t ? best(x, a[t], mixture).estimate : x;
    for (const control of controls) control.draw();
    bar.draw();
    for (const control of controls.slice(4)) control.el.hidden = !isBack;

    plane.style.display = flat ? "block" : "none";
    sheet.hidden = flat;
    if (flat) {
      field.setAttribute("d", t ? arrows(a[t], mixture) : "");
      guess.setAttribute("d", dots(estimate));
      cloud.setAttribute("d", dots(x));
      cloud.style.stroke = `var(--${isBack ? "generator" : "data"})`;
    } else paint(sheet, [x, estimate]);
    curve.setAttribute("d", line(a));
    const at = Math.max(1, t), y = up(logSnr(a[at]));
    knob.setAttribute("cx", across(at));
    knob.setAttribute("cy", y);
    plumb.setAttribute("x1", across(at));
    plumb.setAttribute("x2", across(at));

    const swatch = (hue, what) => h("span", {}, h("span", {
      class: "gb-swatch", style: `background:var(--${hue});border:0`, "aria-hidden": true }), what);
    const who = isBack ? "walkers from pure noise" : "data with noise";
    legend.replaceChildren(...(flat
      ? [swatch(isBack ? "generator" : "data", who), swatch("discriminator", "best estimate of the data"),
        h("span", {}, "Arrows: the score.")]
      : [h("span", {}, `Above: ${who}. Below: the best estimate of the data.`)]));

    let miss = 0;
    for (let i = 0; i < x.length; i++) miss += (estimate[i] - points[i]) ** 2 / x.length;
    const signal = `At t = ${t}: signal ${fixed(Math.sqrt(a[t]))}, noise ${fixed(Math.sqrt(1 - a[t]))}, `
      + (t ? `log SNR ${fixed(logSnr(a[t]), 2)}. ` : "no noise. ");
    const end = isBack && moments[moments.length - 1].x;
    const outcome = !isBack ? `The best estimate is off by ${fixed(Math.sqrt(miss))} per coordinate.`
      : flat ? `After all steps ${fixed(100 * near(end, mixture), 1)} % of the walkers end within three deviations of a spot; of the data ${fixed(100 * near(points, mixture), 1)} % do.`
        : `After all steps each walker is one of the ${mixture.means.length / mixture.d} digits that the score knows, up to ${fixed(toNearest(end, mixture))} per pixel.`;
    words.textContent = signal + outcome;
    const seen = flat ? `${POINTS} points in the plane: ${who}, the best estimates of the data, and arrows of the score.`
      : `${PICTURES} digits: ${who}, and under each the best estimate.`;
    (flat ? plane : sheet).setAttribute("aria-label", `${seen} ${words.textContent}`);
    plot.setAttribute("aria-label", `The ${schedule} schedule, shifted by ${fixed(shift, 2)}: log SNR falls `
      + `from ${fixed(logSnr(a[1]), 1)} at time 1 to ${fixed(logSnr(a[LAST]), 1)} at time ${LAST}.`);
  }

  const columns = "display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,16rem),1fr))";
  mountIn(el, model, h("div", { class: "gb-choices" }, ...controls.slice(0, 3).map((control) => control.el)),
    h("div", { style: columns }, left, right), bar.el,
    h("div", {}, ...controls.slice(3).map((control) => control.el)), words);
  model.on("change", update);
  update();
  return () => {
    bar.close();
    model.off("change", update);
  };
}

export default { render };
