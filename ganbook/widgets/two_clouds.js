// Two clouds of points in the plane and their Fréchet distance.
//
// The data are Gaussian and stay; the generator is Gaussian too and obeys. Each cloud
// shows n draws. A draw is x = m + A z with standard normal z: the moments of z are
// computed once, and those of x follow by algebra, so that moving costs nothing.

// ---------------------------------------------------------------- arithmetic
// Plain functions of numbers. The tests run these against PyTorch.

export const SIZES = [5, 10, 20, 50, 100, 200, 500, 1000];
export const REPEATS = 60; // draws behind a mean
export const DATA = { x: 0, y: 0, along: 1.4, across: 0.6, turn: 30 };

/** Standard normal numbers, the same for the same seed. */
export function normals(seed, count) {
  const next = uniform(seed * 0x9e3779b9);
  return Array.from({ length: count }, () => gaussian(next));
}

/** Mean [x, y] and unbiased covariance [xx, xy, yy] of the first n pairs. */
export function moments(values, n, first = 0) {
  let mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
  for (let i = 0; i < n; i += 1) {
    mx += values[first + 2 * i] / n;
    my += values[first + 2 * i + 1] / n;
  }
  for (let i = 0; i < n; i += 1) {
    const dx = values[first + 2 * i] - mx, dy = values[first + 2 * i + 1] - my;
    xx += (dx * dx) / (n - 1);
    xy += (dx * dy) / (n - 1);
    yy += (dy * dy) / (n - 1);
  }
  return { mean: [mx, my], covariance: [xx, xy, yy] };
}

/** The matrix A (rows) of a cloud: stretch along two axes, then turn. */
export function shapeOf({ along, across, turn }) {
  const c = Math.cos((turn * Math.PI) / 180), s = Math.sin((turn * Math.PI) / 180);
  return [[c * along, -s * across], [s * along, c * across]];
}

/** Moments of m + A z from those of z. */
export function transformed(cloud, { mean: [u, v], covariance: [xx, xy, yy] }) {
  const [[a, b], [c, d]] = shapeOf(cloud);
  return {
    mean: [cloud.x + a * u + b * v, cloud.y + c * u + d * v],
    covariance: [
      a * a * xx + 2 * a * b * xy + b * b * yy,
      a * c * xx + (a * d + b * c) * xy + b * d * yy,
      c * c * xx + 2 * c * d * xy + d * d * yy,
    ],
  };
}

/** The two parts of the squared Fréchet distance of Gaussians in the plane. */
export function frechet(p, q) {
  const [a, b, d] = p.covariance, [e, f, h] = q.covariance;
  // The roots of the eigenvalues of a 2x2 product M sum to sqrt(tr M + 2 sqrt(det M)).
  const trace = a * e + 2 * b * f + d * h;
  const det = Math.max(0, a * d - b * b) * Math.max(0, e * h - f * f);
  const overlap = Math.sqrt(Math.max(0, trace + 2 * Math.sqrt(det)));
  return {
    mean: (p.mean[0] - q.mean[0]) ** 2 + (p.mean[1] - q.mean[1]) ** 2,
    covariance: Math.max(0, a + d + e + h - 2 * overlap),
  };
}

const total = (parts) => parts.mean + parts.covariance;
const EXACT = { mean: [0, 0], covariance: [1, 0, 1] };

/** The distance of the two distributions themselves, in its parts. */
export const exact = (cloud) => frechet(transformed(DATA, EXACT), transformed(cloud, EXACT));

/** Distances at all sizes, as means over draws: to the generator, and data to data. */
export function curves(cloud, drawn) {
  return SIZES.map((n, i) => {
    const sums = { toGenerator: 0, toData: 0 };
    for (const [p, q] of drawn[i]) {
      const real = transformed(DATA, p);
      sums.toGenerator += total(frechet(real, transformed(cloud, q))) / drawn[i].length;
      sums.toData += total(frechet(real, transformed(DATA, q))) / drawn[i].length;
    }
    return { n, ...sums };
  });
}

/** Moments of standard normal draws: for each size, REPEATS pairs. */
export function draws() {
  return SIZES.map((n, i) => Array.from({ length: REPEATS }, (_, r) => {
    const values = normals(1 + i * REPEATS + r, 4 * n);
    return [moments(values, n), moments(values, n, 2 * n)];
  }));
}

// ---------------------------------------------------------------- the widget

const SIDE = 360, REACH = 5, WIDTH = 360, HEIGHT = 230;
const BOTTOM = 0.003, TOP = 30; // of the chart, both axes logarithmic

function render({ model, el }) {
  const NAMES = ["x", "y", "along", "across", "turn"];
  const controls = [
    dial(model, "x", "Shift right", { min: -3, max: 3, step: 0.1, digits: 1 }),
    dial(model, "y", "Shift up", { min: -3, max: 3, step: 0.1, digits: 1 }),
    dial(model, "along", "Spread along", { min: 0, max: 2, step: 0.05 }),
    dial(model, "across", "Spread across", { min: 0, max: 2, step: 0.05 }),
    dial(model, "turn", "Turn (degrees)", { min: -90, max: 90, step: 5, digits: 0 }),
  ];
  const sizeText = h("span", { class: "gb-counter", "aria-hidden": true, style: "min-width: 0" });
  const size = h("input", {
    type: "range", min: 0, max: SIZES.length - 1, step: 1, style: "min-width: 0",
    "aria-label": "Points in each cloud",
    oninput() { model.set("samples", SIZES[Number(size.value)]); model.save_changes(); },
  });
  const sizeRow = h("label", {
    class: "gb-transport",
    style: "display: grid; grid-template-columns: minmax(0, 9.5rem) minmax(3rem, 1fr) 3rem; margin: 0",
  }, h("span", { "aria-hidden": true }, "Points, each cloud"), size, sizeText);
  const again = h("button", {
    type: "button", class: "gb-button", style: "width: auto; padding: 0 0.875rem",
    onclick() { model.set("draw", model.get("draw") + 1); model.save_changes(); },
  }, "Draw again");

  const picture = (width, height) => shape("svg", {
    viewBox: `0 0 ${width} ${height}`, role: "img",
    style: "display: block; width: 100%; height: auto",
  });
  const plane = picture(SIDE, SIDE), chart = picture(WIDTH, HEIGHT);
  const place = (value) => SIDE / 2 + (value / REACH) * (SIDE / 2);
  const dots = (color) => shape("path", {
    fill: "none", "stroke-width": 3.5, "stroke-linecap": "round", "stroke-opacity": 0.45, style: `stroke: var(--${color})`,
  });
  const ring = (color, dashes) => shape("ellipse", {
    fill: "none", "stroke-width": 2.5, "stroke-dasharray": dashes, style: `stroke: var(--${color})`,
  });
  const shown = { real: dots("data"), fake: dots("generator") };
  const rings = { real: ring("data", ""), fake: ring("generator", "7 4") };
  plane.append(
    shape("line", { x1: 0, x2: SIDE, y1: SIDE / 2, y2: SIDE / 2, style: "stroke: var(--line)" }),
    shape("line", { y1: 0, y2: SIDE, x1: SIDE / 2, x2: SIDE / 2, style: "stroke: var(--line)" }),
    shown.real, shown.fake, rings.real, rings.fake);
  Object.assign(plane.style, { cursor: "grab", touchAction: "none" }); // a finger drags the cloud

  const across = (n) => 34 + (Math.log(n / SIZES[0]) / Math.log(SIZES.at(-1) / SIZES[0])) * (WIDTH - 50);
  const up = (value) => HEIGHT - 34 - (Math.log(Math.max(BOTTOM, Math.min(TOP, value)) / BOTTOM)
    / Math.log(TOP / BOTTOM)) * (HEIGHT - 44);
  const text = (x, y, words, anchor = "middle") => shape("text", {
    x, y, "text-anchor": anchor, style: "fill: var(--muted); font-size: 13px",
  }, words);
  for (const value of [0.01, 0.1, 1, 10]) {
    chart.append(shape("line", { x1: 34, x2: WIDTH - 8, y1: up(value), y2: up(value), style: "stroke: var(--line)" }),
      text(29, up(value) + 4, String(value), "end"));
  }
  for (const n of [5, 20, 100, 1000]) chart.append(text(across(n) - (n === 1000 ? 8 : 0), HEIGHT - 18, String(n)));
  chart.append(text(WIDTH / 2, HEIGHT - 3, "points in each cloud"));
  const line = (color, dashes = "") => shape("path", {
    fill: "none", "stroke-width": 2.5, "stroke-dasharray": dashes, style: `stroke: var(--${color})`,
  });
  const lines = { exact: line("ink", "3 4"), toGenerator: line("generator"), toData: line("data") };
  const here = shape("circle", { r: 5, style: "fill: var(--generator); stroke: var(--paper)", "stroke-width": 1.5 });
  chart.append(...Object.values(lines), here);

  const key = (color, words, dashes) => h("span", { style: "white-space: nowrap" },
    h("span", { "aria-hidden": true, style: `display: inline-block; width: 1.75em; margin-right: 0.375em; vertical-align: 0.25em; border-top: 3px ${dashes} var(--${color})` }), words);
  const legend = (...keys) => h("p", { class: "gb-formula", style: "display: flex; flex-wrap: wrap; gap: 0 1rem" }, ...keys);
  const panel = (...parts) => h("div", { style: "flex: 1 1 17rem; min-width: 0; max-width: 28rem" }, ...parts);
  const numbers = h("output", { class: "gb-formula", style: "display: grid; gap: 0.25rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr))" });
  const drawn = draws();

  const cloudOf = () => Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
  const positions = (cloud, values, n, first) => {
    const [[a, b], [c, d]] = shapeOf(cloud);
    return Array.from({ length: n }, (_, i) => {
      const u = values[first + 2 * i], v = values[first + 2 * i + 1];
      return `M${place(cloud.x + a * u + b * v).toFixed(1)} ${place(-(cloud.y + c * u + d * v)).toFixed(1)}h0`;
    }).join("");
  };
  const encircle = (ellipse, cloud) => {
    const radius = (spread) => Math.max(1, (spread * SIDE) / REACH); // two deviations; SVG draws none of 0
    for (const [name, value] of Object.entries({
      cx: place(cloud.x), cy: place(-cloud.y), rx: radius(cloud.along), ry: radius(cloud.across),
      transform: `rotate(${-cloud.turn} ${place(cloud.x)} ${place(-cloud.y)})`,
    })) ellipse.setAttribute(name, value);
  };

  function update() {
    const cloud = cloudOf(), n = model.get("samples");
    const values = normals(100003 + model.get("draw"), 4 * n);
    shown.real.setAttribute("d", positions(DATA, values, n, 0));
    shown.fake.setAttribute("d", positions(cloud, values, n, 2 * n));
    encircle(rings.real, DATA);
    encircle(rings.fake, cloud);
    const truth = exact(cloud);
    const found = frechet(transformed(DATA, moments(values, n)), transformed(cloud, moments(values, n, 2 * n)));
    const series = curves(cloud, drawn), at = series[SIZES.indexOf(n)];
    const path = (y) => series.map((point, i) => `${i ? "L" : "M"}${across(point.n).toFixed(1)} ${up(y(point)).toFixed(1)}`).join("");
    lines.exact.setAttribute("d", total(truth) > BOTTOM ? path(() => total(truth)) : "");
    lines.toGenerator.setAttribute("d", path((point) => point.toGenerator));
    lines.toData.setAttribute("d", path((point) => point.toData));
    here.setAttribute("cx", across(n));
    here.setAttribute("cy", up(total(found)));
    numbers.replaceChildren(...[
      ["FD of these points = ", fixed(total(found)), ""],
      ["means ", fixed(found.mean), ` + covariances ${fixed(found.covariance)}`],
      ["FD of the distributions = ", fixed(total(truth)), ""],
      ["means ", fixed(truth.mean), ` + covariances ${fixed(truth.covariance)}`],
      [`mean FD of ${n} points = `, fixed(at.toGenerator), ""],
      [`data against data, ${n} points = `, fixed(at.toData), ""],
    ].map(([before, number, after]) => h("span", {}, before, h("b", {}, number), after)));
    size.value = SIZES.indexOf(n);
    sizeText.textContent = String(n);
    size.setAttribute("aria-valuetext", String(n));
    plane.setAttribute("aria-label", `Two clouds of ${n} points. The data are centered at 0, 0; the generator at `
      + `${fixed(cloud.x, 1)}, ${fixed(cloud.y, 1)}, with spreads ${fixed(cloud.along)} and ${fixed(cloud.across)}, turned by ${fixed(cloud.turn, 0)} degrees.`);
    chart.setAttribute("aria-label", `Mean distance against the number of points: from ${fixed(series[0].toGenerator)} for 5 points `
      + `to ${fixed(series.at(-1).toGenerator)} for 1000, while the distributions are ${fixed(total(truth))} apart. `
      + `Data against data: ${fixed(series[0].toData)} to ${fixed(series.at(-1).toData)}.`);
    for (const control of controls) control.draw();
  }

  let grip = null;
  const inPlane = (event) => {
    const box = plane.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width - 0.5) * 2 * REACH, (0.5 - (event.clientY - box.top) / box.height) * 2 * REACH];
  };
  plane.addEventListener("pointerdown", (event) => {
    const [x, y] = inPlane(event);
    grip = [model.get("x") - x, model.get("y") - y];
    plane.setPointerCapture(event.pointerId);
  });
  plane.addEventListener("pointermove", (event) => {
    if (!grip) return;
    inPlane(event).forEach((value, i) =>
      model.set(NAMES[i], Math.round(10 * Math.max(-3, Math.min(3, grip[i] + value))) / 10));
    model.save_changes();
  });
  for (const end of ["pointerup", "pointercancel"]) plane.addEventListener(end, () => { grip = null; });

  mountIn(el, model,
    h("div", { style: "display: flex; flex-wrap: wrap; gap: 1rem" },
      panel(legend(key("data", "data", "solid"), key("generator", "generator (drag it)", "dashed")), plane),
      panel(legend(key("generator", "mean FD of n points", "solid"), key("data", "data against data", "solid"),
        key("ink", "distributions", "dotted")), chart, numbers)),
    h("div", {}, ...controls.map((control) => control.el), sizeRow), h("div", {}, again));
  model.on("change", update);
  update();
  return () => model.off("change", update);
}

export default { render };
