// Two classes in the plane, a discriminative model and a generative one.
//
// A class with the sign s (-1 or 1) is u ~ N(0, I) moved, tilted and bent:
//   x1 = s d / 2 + u1,   x2 = s t u1 + sqrt(1 - t^2) u2 + s b (u1^2 - 1).
// Discriminative: logistic regression on 1, x1, x2, x1^2, x1 x2, x2^2. Generative: one
// normal density a class. Both draw their boundaries from the same family of conics.

// ---------------------------------------------------------------- arithmetic
// Plain functions of plain numbers and arrays. The tests run these against PyTorch.

export const REPEATS = 40, NEW = 1000; // draws of labels; new points of each class
const RIDGE = 0.01, SHRINK = 0.5; // keep both models finite where labels are few

/** Pairs of standard normal numbers (Box and Muller). */
export function normals(count, seed) {
  const next = uniform(seed);
  return Array.from({ length: count }, () => {
    const r = Math.sqrt(-2 * Math.log(1 - next())), angle = 2 * Math.PI * next();
    return [r * Math.cos(angle), r * Math.sin(angle)];
  });
}

/** Points of the class with the sign s. */
export const points = (s, { distance, tilt, bend }, noise) => noise.map(([u1, u2]) => [
  (s * distance) / 2 + u1,
  s * tilt * u1 + Math.sqrt(1 - tilt ** 2) * u2 + s * bend * (u1 ** 2 - 1)]);

/** The true log density of the class with the sign s: the map above has Jacobian sqrt(1 - t^2). */
export function logTruth([x1, x2], s, { distance, tilt, bend }) {
  const width = Math.sqrt(1 - tilt ** 2), u1 = x1 - (s * distance) / 2;
  const u2 = (x2 - s * tilt * u1 - s * bend * (u1 ** 2 - 1)) / width;
  return -0.5 * (u1 ** 2 + u2 ** 2) - Math.log(2 * Math.PI * width);
}

/** Mean and covariance [xx, xy, yy] of points, the latter drawn a little toward I. */
export function normalFit(x) {
  const n = x.length, mean = [0, 1].map((i) => x.reduce((sum, p) => sum + p[i], 0) / n);
  const sum = (i, j) => x.reduce((total, p) => total + (p[i] - mean[i]) * (p[j] - mean[j]), 0);
  const size = n + SHRINK;
  return { mean, covariance: [(sum(0, 0) + SHRINK) / size, sum(0, 1) / size, (sum(1, 1) + SHRINK) / size] };
}

export function logNormal([x1, x2], { mean, covariance: [a, b, c] }) {
  const determinant = a * c - b * b, d1 = x1 - mean[0], d2 = x2 - mean[1];
  const square = (c * d1 * d1 - 2 * b * d1 * d2 + a * d2 * d2) / determinant;
  return -0.5 * square - Math.log(2 * Math.PI * Math.sqrt(determinant));
}

export const features = ([x1, x2]) => [1, x1, x2, x1 * x1, x1 * x2, x2 * x2];
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Solve A x = b by elimination, A symmetric and positive definite. */
function solve(A, b) {
  const rows = A.map((row, i) => [...row, b[i]]), n = b.length;
  for (let i = 0; i < n; i++) {
    for (let k = i + 1; k < n; k++) {
      const factor = rows[k][i] / rows[i][i];
      for (let j = i; j <= n; j++) rows[k][j] -= factor * rows[i][j];
    }
  }
  const x = new Array(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    x[i] = (rows[i][n] - rows[i].slice(0, n).reduce((sum, value, j) => sum + (j > i ? value * x[j] : 0), 0)) / rows[i][i];
  }
  return x;
}

/** Logistic regression of the second class against the first, by Newton's method. */
export function logisticFit(first, second) {
  const rows = [...first, ...second].map(features), size = 6;
  let theta = new Array(size).fill(0);
  for (let step = 0; step < 40; step++) {
    const slope = theta.map((value) => -RIDGE * value);
    const curvature = theta.map((_, i) => theta.map((__, j) => (i === j ? RIDGE : 0)));
    rows.forEach((f, index) => {
      const p = 1 / (1 + Math.exp(-dot(f, theta))), miss = (index < first.length ? 0 : 1) - p, w = p * (1 - p);
      for (let i = 0; i < size; i++) {
        slope[i] += miss * f[i];
        for (let j = 0; j <= i; j++) curvature[i][j] += w * f[i] * f[j];
      }
    });
    for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) curvature[j][i] = curvature[i][j];
    const move = solve(curvature, slope), largest = Math.max(...move.map(Math.abs));
    theta = theta.map((value, i) => value + move[i] / Math.max(1, largest));
    if (largest < 1e-8) break;
  }
  return theta;
}

/** Both models of one draw of labels, as log-odds of the second class. */
export function fit(params, seed) {
  const [first, second] = [-1, 1].map((s, i) => points(s, params, normals(params.labels, 2 * seed + i)));
  const theta = logisticFit(first, second), classes = [normalFit(first), normalFit(second)];
  return {
    first, second, theta, classes,
    discriminative: (x) => dot(features(x), theta),
    generative: (x) => logNormal(x, classes[1]) - logNormal(x, classes[0]),
  };
}

/** New points of both classes: never used for fitting. */
export const newPoints = (params) =>
  [-1, 1].map((s, i) => points(s, params, normals(NEW, 900001 + i)));

/** The share of new points that log-odds put into the right class. */
export const accuracy = (logOdds, [first, second]) =>
  (first.filter((x) => logOdds(x) <= 0).length + second.filter((x) => logOdds(x) > 0).length)
  / (first.length + second.length);

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** All numbers of the page: accuracies (one draw, and all draws), log-likelihoods in nats. */
export function measure(params, seed) {
  const fresh = newPoints(params), shown = fit(params, REPEATS * seed);
  const all = Array.from({ length: REPEATS }, (_, i) => (i ? fit(params, REPEATS * seed + i) : shown));
  const summary = (name) => {
    const scores = all.map((one) => accuracy(one[name], fresh)), average = mean(scores);
    return { shown: scores[0], mean: average, deviation: Math.sqrt(mean(scores.map((a) => (a - average) ** 2))) };
  };
  const likelihood = (log) => mean(fresh.flatMap((x, i) => x.map((point) => log(point, i))));
  return {
    shown,
    best: accuracy((x) => logTruth(x, 1, params) - logTruth(x, -1, params), fresh),
    discriminative: summary("discriminative"), generative: summary("generative"),
    likelihood: likelihood((x, i) => logNormal(x, shown.classes[i])),
    truth: likelihood((x, i) => logTruth(x, 2 * i - 1, params)),
  };
}

/** Samples of a fitted class: mean + L u, with L L' = covariance. */
export function samples({ mean: [m1, m2], covariance: [a, b, c] }, noise) {
  const l11 = Math.sqrt(a), l21 = b / l11, l22 = Math.sqrt(c - l21 ** 2);
  return noise.map(([u1, u2]) => [m1 + l11 * u1, m2 + l21 * u1 + l22 * u2]);
}

/** Line pieces where f is 0, on a grid of squares: [[x1, y1, x2, y2], ...]. */
export function zeroLine(f, half, across, up) {
  const n = 72, side = (i, range) => -range + (2 * range * i) / n, pieces = [];
  const values = Array.from({ length: n + 1 }, (_, i) =>
    Float64Array.from({ length: n + 1 }, (__, j) => f([side(i, half[0]), side(j, half[1])])));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], cuts = [];
      corners.forEach(([a, b], k) => {
        const [c, d] = corners[(k + 1) % 4], from = values[a][b], to = values[c][d];
        if ((from > 0) === (to > 0)) return;
        const t = from / (from - to);
        cuts.push([across(side(a + t * (c - a), half[0])), up(side(b + t * (d - b), half[1]))]);
      });
      for (let k = 0; k + 1 < cuts.length; k += 2) pieces.push([...cuts[k], ...cuts[k + 1]]);
    }
  }
  return pieces;
}

// ------------------------------------------------------------------- drawing

const HALF = 5.5; // the picture shows x1 from -HALF to HALF

function render({ model, el }) {
  const stroke = (color, more = "") => ({ style: `fill:none;stroke:var(--${color});stroke-width:2.5;${more}` });
  const picture = shape("svg", { role: "img", style: "display:block;width:100%" });
  const controls = [
    dial(model, "distance", "Distance", { min: 0, max: 4, step: 0.1, digits: 1 }),
    dial(model, "tilt", "Tilt", { min: -0.9, max: 0.9, step: 0.05 }),
    dial(model, "bend", "Bend", { min: 0, max: 1.5, step: 0.05 }),
    choice(model, "labels", "Labels of each class", [4, 16, 64, 256].map((n) => [String(n), String(n)])),
    choice(model, "show", "Show", [["data", "labeled points"], ["samples", "samples of the generative model"]]),
  ];
  const again = h("button", { type: "button", class: "gb-button", style: "width:auto;padding:0 0.75rem",
    onclick() { model.set("seed", (model.get("seed") + 1) % 1000); model.save_changes(); } }, "New labels");
  const numbers = h("output", { class: "gb-formula", "aria-live": "polite",
    style: "display:grid;gap:0.25rem 1.5rem;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr))" });
  const swatch = (style) => h("span", { "aria-hidden": true, style: `display:inline-block;margin-right:0.375em;${style}` });
  const rule = (color, width) => swatch(`width:1.75em;vertical-align:0.25em;border-top:${width}px solid var(--${color})`);
  const legend = h("p", { class: "gb-legend", style: "display:flex;flex-wrap:wrap;gap:0.25rem 1rem" },
    h("span", {}, "● ○ two classes"),
    h("span", {}, rule("discriminator", 3), "boundary of p(y | x), discriminative"),
    h("span", {}, rule("generator", 6), "boundary of p(x, y), generative"),
    h("span", {}, swatch("width:1em;height:0.75em;border-radius:50%;border:2px solid var(--generator)"),
      "its densities (1 and 2 deviations)"));

  function draw({ shown }) {
    const wide = Math.max(240, picture.getBoundingClientRect().width || 640), high = Math.min(420, 0.8 * wide);
    const scale = wide / (2 * HALF), top = high / (2 * scale);
    const across = (x) => wide / 2 + scale * x, up = (y) => high / 2 - scale * y;
    const sampled = model.get("show") === "samples", color = sampled ? "generator" : "data";
    const marks = sampled
      ? shown.classes.map((one, i) => samples(one, normals(100, 700001 + i)))
      : [shown.first, shown.second];
    const radius = marks[0].length > 100 ? 2.2 : 3.6;
    const dots = marks.map((group, i) => shape("g", { style: i
      ? `fill:var(--paper);stroke:var(--${color});stroke-width:1.5` : `fill:var(--${color});stroke:var(--${color});stroke-width:1.5` },
    ...group.map(([x, y]) => shape("circle", { cx: across(x).toFixed(1), cy: up(y).toFixed(1), r: radius }))));
    const ellipses = shown.classes.flatMap(({ mean: m, covariance: [a, b, c] }) => {
      const middle = (a + c) / 2, spread = Math.hypot((a - c) / 2, b);
      const turn = (-Math.atan2(2 * b, a - c) / 2) * (180 / Math.PI);
      return [1, 2].map((k) => shape("ellipse", {
        rx: k * scale * Math.sqrt(middle + spread), ry: k * scale * Math.sqrt(Math.max(0, middle - spread)),
        transform: `translate(${across(m[0])} ${up(m[1])}) rotate(${turn})`, ...stroke("generator", "stroke-width:1.5") }));
    });
    const border = (name, hue, more) => shape("path", {
      d: zeroLine(shown[name], [HALF, top], across, up)
        .map((piece) => piece.map((value) => value.toFixed(1)))
        .map(([x1, y1, x2, y2]) => `M${x1} ${y1}L${x2} ${y2}`).join(""), ...stroke(hue, more) });
    picture.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    picture.setAttribute("height", high);
    picture.replaceChildren(...dots, ...ellipses,
      border("generative", "generator", "stroke-width:6;stroke-opacity:0.6;stroke-linecap:round"),
      border("discriminative", "discriminator", "stroke-linecap:round"));
  }

  let result = {}; // 80 fits: kept until something that they depend on changes
  function update() {
    const params = { labels: Number(model.get("labels")) }, percent = (share) => `${fixed(100 * share, 1)} %`;
    for (const name of ["distance", "tilt", "bend"]) params[name] = model.get(name);
    const seed = model.get("seed"), key = JSON.stringify([params, seed]);
    if (result.key !== key) result = { key, ...measure(params, seed) };
    const score = ({ shown, mean: average, deviation }) =>
      [percent(shown), ` (${REPEATS} draws of labels: ${percent(average)} ± ${fixed(100 * deviation, 1)})`];
    draw(result);
    numbers.replaceChildren(...[
      ["Discriminative: right on ", ...score(result.discriminative)],
      ["Generative: right on ", ...score(result.generative)],
      ["Best possible: ", percent(result.best), ""],
      ["Generative, log-likelihood of new points: ", `${fixed(result.likelihood, 2)} nats`, ` (truth: ${fixed(result.truth, 2)})`],
    ].map(([before, number, after]) => h("span", {}, before, h("b", {}, number), after)));
    picture.setAttribute("aria-label", `Two classes of ${params.labels} points in the plane, a distance of ${fixed(params.distance, 1)} apart, `
      + `with the boundaries of both models. The discriminative one is right on ${percent(result.discriminative.shown)} of new points, `
      + `the generative one on ${percent(result.generative.shown)}.`);
    for (const control of controls) control.draw();
  }

  mountIn(el, model, h("div", { class: "gb-choices" }, controls[3].el, controls[4].el),
    controls[0].el, controls[1].el, controls[2].el, h("div", {}, again), h("div", {}, legend, picture), numbers);
  model.on("change", update);
  update();
  return () => model.off("change", update);
}

export default { render };
