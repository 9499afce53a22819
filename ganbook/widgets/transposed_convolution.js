// Transposed convolution, one contribution at a time.
//
// Letters, as in the chapter: x input, w kernel, y output; n, k, m their sizes;
// s stride, p padding, a output padding. A matrix is an array of rows.

// ---------------------------------------------------------------- arithmetic
// Plain functions of plain arrays. The tests run these against PyTorch.

export const LIMITS = { n: [1, 4], k: [1, 4], s: [1, 3], p: [0, 3], a: [0, 2] };

export const outputSize = (n, k, s, p, a) => (n - 1) * s - 2 * p + k + a;

/** Why these sizes are not allowed, or "" when they are. */
export function refusal({ n, k, s, p, a }) {
  if (p >= k) return `Padding ${p} needs a kernel wider than ${p}: k − p − 1 would be negative.`;
  if (a >= s) return `Output padding ${a} needs a stride above ${a}: it picks one of only s sizes.`;
  const m = outputSize(n, k, s, p, a);
  return m < 1 ? `Nothing would be left: the output size would be ${m}.`.replace("-", "−") : "";
}

const matrix = (rows, cols, f) =>
  Array.from({ length: rows }, (_, r) => Array.from({ length: cols }, (_, c) => f(r, c)));

/** Sizes along one axis; `full` is the canvas before cropping, which starts at -p. */
function axis(n, k, { s, p, a }) {
  const m = outputSize(n, k, s, p, a);
  return { n, k, m, full: Math.max((n - 1) * s + k, p + m), padded: m + k - 1 };
}

const axes = (x, w, params) => [axis(x.length, w.length, params), axis(x[0].length, w[0].length, params)];

/** Scatter: the canvas after the first `count` pixels have stamped their kernels on it. */
export function scatter(x, w, params, count = Infinity) {
  const [rows, cols] = axes(x, w, params);
  const canvas = matrix(rows.full, cols.full, () => 0);
  x.flat().slice(0, count).forEach((pixel, t) => {
    const top = Math.floor(t / cols.n) * params.s, left = (t % cols.n) * params.s;
    w.forEach((row, u) => row.forEach((weight, v) => { canvas[top + u][left + v] += pixel * weight; }));
  });
  return canvas;
}

/** The transposed convolution of x with w: scatter all, then crop the padding. */
export function transposedConvolution(x, w, params) {
  const [rows, cols] = axes(x, w, params), { p } = params;
  const canvas = scatter(x, w, params);
  return matrix(rows.m, cols.m, (r, c) => canvas[p + r][p + c]);
}

export const flip = (w) => w.map((row) => [...row].reverse()).reverse();

/** The pixel [i, j] of x that stands at (r, c) of the padded input; null for a zero. */
export function pixelAt(r, c, x, w, { s, p }) {
  const i = (r - (w.length - p - 1)) / s, j = (c - (w[0].length - p - 1)) / s;
  return Number.isInteger(i) && Number.isInteger(j) && x[i]?.[j] !== undefined ? [i, j] : null;
}

/** x with s - 1 zeros between pixels, k - p - 1 around, and a more below and right. */
export function paddedInput(x, w, params) {
  const [rows, cols] = axes(x, w, params);
  return matrix(rows.padded, cols.padded, (r, c) => {
    const at = pixelAt(r, c, x, w, params);
    return at ? x[at[0]][at[1]] : 0;
  });
}

/** Gather: slide the flipped kernel over the padded input. */
export function gather(x, w, params) {
  const [rows, cols] = axes(x, w, params), padded = paddedInput(x, w, params), flipped = flip(w);
  return matrix(rows.m, cols.m, (r, c) => flipped.reduce((sum, row, u) =>
    sum + row.reduce((part, weight, v) => part + weight * padded[r + u][c + v], 0), 0));
}

/** The products that add up to y[r][c]: pixel x[i][j] meets weight w[u][v] at step t. */
export function terms(r, c, x, w, { s, p }) {
  return x.flatMap((row, i) => row.flatMap((pixel, j) => {
    const u = r + p - i * s, v = c + p - j * s, weight = w[u]?.[v];
    return weight === undefined ? [] : [{ i, j, u, v, pixel, weight, t: i * row.length + j }];
  }));
}

// ------------------------------------------------------------------- drawing

const PARAMETERS = [["n", "Input", "n"], ["k", "Kernel", "k"], ["s", "Stride", "s"],
  ["p", "Padding", "p"], ["a", "Output padding", "a"]];
const TRAITS = { s: "stride", p: "padding", a: "output_padding" };
const VIEWS = { scatter: "Scatter: pixels stamp kernels", gather: "Gather: a window slides" };
const ICONS = { first: "M5 4v12M15 4l-6 6 6 6", back: "M13 4l-6 6 6 6", next: "M7 4l6 6-6 6",
  play: "M6 3l11 7-11 7z", pause: "M6 4v12M14 4v12" };

const text = (value) => String(+value.toFixed(2)).replace("-", "−");
const factor = (value) => (value < 0 ? `(${text(value)})` : text(value));
const rows = (values) => values.map((row) => row.map(text).join(" ")).join("; ");

function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) node.style.setProperty(name, value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

function iconButton(label, icon, onclick) {
  const button = h("button", { type: "button", class: "gb-button", "aria-label": label, title: label, onclick });
  button.innerHTML = `<svg viewBox="0 0 20 20" aria-hidden="true"><path d="${ICONS[icon]}"/></svg>`;
  return button;
}

function render({ model, el }) {
  const uid = Math.random().toString(36).slice(2);
  let timer = 0, pinned = null, writing = false, parts = null, key = "";

  const stepsOf = (view, { n, k, s, p, a }) => (view === "scatter" ? n : outputSize(n, k, s, p, a)) ** 2;
  const read = () => {
    const x = model.get("input"), w = model.get("kernel"), view = model.get("view");
    const params = { s: model.get("stride"), p: model.get("padding"), a: model.get("output_padding") };
    const sizes = { n: x.length, k: w.length, ...params };
    const m = outputSize(sizes.n, sizes.k, params.s, params.p, params.a);
    const steps = stepsOf(view, sizes);
    return { x, w, view, params, sizes, m, steps, position: Math.min(model.get("position"), steps) };
  };
  const write = (changes) => {
    writing = true; // each set reports a change; the state is whole only after the last
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    writing = false;
    model.save_changes();
    update();
  };

  // ---- choices: every value is offered; one that is not allowed says why
  const note = h("p", { class: "gb-note", role: "status" });
  const say = (message) => { note.textContent = message; };
  const resized = (values, size, fill) => matrix(size, size, (r, c) => values[r]?.[c] ?? fill(r, c));

  function choose(name, value) {
    const { x, w, view, sizes } = read(), wanted = { ...sizes, [name]: value };
    const reason = name === "p" || name === "a" ? refusal(wanted) : "";
    say(reason);
    if (reason) return update();
    const before = { ...wanted };
    wanted.a = Math.min(wanted.a, wanted.s - 1);
    wanted.p = Math.min(wanted.p, wanted.k - 1);
    while (refusal(wanted)) wanted.p -= 1; // k >= 1, so padding 0 always leaves an output
    const lowered = ["p", "a"].filter((q) => wanted[q] !== before[q]);
    if (lowered.length) say(`Lowered to fit: ${lowered.map((q) => `${q} = ${wanted[q]}`).join(", ")}.`);
    pinned = null;
    write({
      input: resized(x, wanted.n, (r, c) => (2 * r + c) % 4),
      kernel: resized(w, wanted.k, (r, c) => 1 + ((r + 2 * c) % 4)),
      stride: wanted.s, padding: wanted.p, output_padding: wanted.a,
      position: stepsOf(view, wanted), // the finished output; play starts over
    });
  }

  function radios(name, legend, options, onpick) {
    const inputs = options.map(([value, label]) => {
      const input = h("input", { type: "radio", name: `${uid}-${name}`, value, onchange: () => onpick(value) });
      return [input, h("label", {}, input, h("span", {}, String(label)))];
    });
    return [h("fieldset", { class: `gb-choice gb-choice-${name}` }, h("legend", {}, ...legend),
      h("div", { class: "gb-options" }, ...inputs.map(([, label]) => label))), inputs.map(([input]) => input)];
  }
  const range = ([low, high]) => Array.from({ length: high - low + 1 }, (_, i) => [low + i, low + i]);
  const choices = PARAMETERS.map(([name, word, letter]) => [name, ...radios(
    name, [`${word} `, h("i", {}, letter)], range(LIMITS[name]), (value) => choose(name, value))]);
  const [viewBox, viewInputs] = radios("view", ["View"], Object.entries(VIEWS), (view) => {
    pinned = null;
    say("");
    write({ view, position: stepsOf(view, read().sizes) });
  });

  // ---- stepping
  const go = (position) => write({ position: Math.max(0, Math.min(read().steps, position)) });
  const stop = () => { clearInterval(timer); timer = 0; update(); };
  const user = (move) => () => { if (timer) stop(); pinned = null; move(); };
  function play() {
    if (timer) return stop();
    const { position, steps } = read();
    pinned = null;
    go(position >= steps ? 1 : position + 1);
    timer = setInterval(() => (read().position < read().steps ? go(read().position + 1) : stop()),
      Math.max(150, Math.min(1100, 14000 / steps)));
    update();
  }
  const slider = h("input", { type: "range", min: 0, step: 1, "aria-label": "Step",
    oninput: () => user(() => go(Number(slider.value)))() });
  const playButton = iconButton("Play", "play", play);
  const counter = h("span", { class: "gb-counter" });
  const equation = h("output", { class: "gb-equation" });
  const formula = h("p", { class: "gb-formula" });
  const stage = h("div", { class: "gb-stage" });

  // ---- the stage: three panels, rebuilt when sizes or view change
  function panel(hue, title, size, role, label, cell, words = size) {
    const cells = matrix(size, size, cell);
    const lines = cells.map((line) => h("div", role === "grid" ? { role: "row", class: "gb-row" } : { class: "gb-row" }, ...line));
    const frame = h("div", { class: "gb-frame", "aria-hidden": true });
    const grid = h("div", { class: "gb-cells", role, "aria-label": label }, ...lines);
    const box = h("div", { class: `gb-panel gb-${hue}`, "--cols": size },
      h("div", { class: "gb-title" }, ...title, h("small", {}, `${words} × ${words}`)), h("div", { class: "gb-grid" }, grid, frame));
    return { box, grid, cells, frame, size };
  }
  const place = ({ frame, size }, r, c, span) => {
    frame.hidden = r === null;
    if (r !== null) frame.style.cssText = [["top", r], ["left", c], ["width", span], ["height", span]]
      .map(([side, count]) => `${side}:${(100 * count) / size}%`).join(";");
  };

  const editable = (trait, name, r, c) => h("div", { class: "gb-cell" }, h("input", {
    type: "number", step: "any", "data-trait": trait, "data-r": r, "data-c": c,
    "aria-label": `${name}, row ${r}, column ${c}`,
    oninput: ({ target }) => {
      if (!Number.isFinite(target.valueAsNumber)) return;
      const values = model.get(trait).map((row) => [...row]);
      values[r][c] = target.valueAsNumber;
      write({ [trait]: values });
    },
    onchange: ({ target }) => { target.value = model.get(trait)[r][c]; }, // mends what is no number
  }));

  function build({ x, w, view, params, sizes: { n, k, p }, m }) {
    const scattering = view === "scatter";
    const zeros = axis(n, k, params).padded, full = axis(n, k, params).full;
    const zero = () => h("div", { class: "gb-cell gb-zero" }, "0");
    const left = scattering
      ? panel("latent", ["Input ", h("i", {}, "x")], n, "group", "Input", (r, c) => editable("input", "Input", r, c))
      : panel("latent", ["Padded input"], zeros, "group", "Padded input", (r, c) => {
        const at = pixelAt(r, c, x, w, params);
        return at ? editable("input", "Input", ...at) : zero();
      });
    const middle = panel("generator", scattering ? ["Kernel ", h("i", {}, "w")] : ["Flipped kernel"], k, "group", "Kernel",
      (r, c) => (scattering ? editable("kernel", "Kernel", r, c) : editable("kernel", "Kernel", k - 1 - r, k - 1 - c)));
    const shift = scattering ? p : 0;
    const right = panel("data", ["Output ", h("i", {}, "y")], scattering ? full : m, "grid", "Output", (r, c) => {
      const cropped = scattering && (Math.min(r, c) < p || Math.max(r, c) >= p + m);
      return h("div", { class: `gb-cell${cropped ? " gb-cropped" : ""}`, role: "gridcell", tabindex: -1,
        onclick: () => pick(r - shift, c - shift), onkeydown: (event) => walk(event, r - shift, c - shift) });
    }, m);
    const after = (symbol, { box }) => h("div", { class: "gb-after" }, h("div", { class: "gb-sign", "aria-hidden": true }, symbol), box);
    const cropping = scattering && full > m ? [h("p", { class: "gb-legend" }, h("span", { class: "gb-swatch gb-cropped", "aria-hidden": true }),
      `Hatched: padding p = ${p} crops it away.`)] : [];
    right.box.append(...cropping);
    const total = left.size + middle.size + right.size;
    stage.replaceChildren(h("div", { class: `gb-row-of-panels${total > 13 ? " gb-dense" : ""}`, "--total": total },
      left.box, after(scattering ? "×" : "⋆", middle), after("=", right)));
    return { left, middle, right, shift };
  }

  function pick(r, c) { // gather goes to the cell; scatter keeps its sum in sight
    if (timer) stop();
    const { view, m } = read();
    if (view === "gather") go(r * m + c + 1);
    else pinned = [r, c];
    update();
  }
  function walk(event, r, c) {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
      Enter: [0, 0], " ": [0, 0] }[event.key];
    const target = move && parts.right.cells[r + move[0] + parts.shift]?.[c + move[1] + parts.shift];
    if (!target) return;
    event.preventDefault();
    pick(r + move[0], c + move[1]);
    target.focus();
  }

  /** The cell whose sum is written out: the pinned one, or the busiest of this step. */
  function subject({ x, w, view, params, m, position }) {
    if (view === "gather") return position ? [Math.floor((position - 1) / m), (position - 1) % m] : null;
    if (pinned) return pinned;
    const here = matrix(m, m, (r, c) => [r, c]).flat()
      .map(([r, c]) => ({ r, c, all: terms(r, c, x, w, params) }))
      .filter(({ all }) => all.some(({ t }) => t === position - 1));
    if (!here.length) return null;
    const { r, c } = here.reduce((best, cell) => (cell.all.length > best.all.length ? cell : best));
    return [r, c];
  }

  function writeEquation(state, cell) {
    const { x, w, view, params, m, position } = state;
    if (!cell) {
      const start = view === "scatter" ? "Each pixel stamps the kernel, times its value." : "Each output is one window: multiply and add.";
      return equation.replaceChildren(position ? "This stamp falls outside: all of it is cropped." : start);
    }
    const [r, c] = cell, all = terms(r, c, x, w, params), scattering = view === "scatter";
    const done = ({ t }) => !scattering || t < position;
    const sumOf = all.flatMap((term, index) => [index ? " + " : "", h("span",
      { class: !done(term) ? "gb-later" : scattering && term.t === position - 1 ? "gb-now" : "" },
      `${factor(term.pixel)}·${factor(term.weight)}`)]);
    const sum = all.filter(done).reduce((total, { pixel, weight }) => total + pixel * weight, 0);
    const inside = Math.min(r, c) >= 0 && Math.max(r, c) < m;
    const tail = !all.length ? ": no pixel reaches it" : !inside ? ", cropped" : all.every(done) ? "" : " so far";
    equation.replaceChildren(h("i", {}, "y"), `[${text(r)}, ${text(c)}] = `, ...sumOf, ...(all.length ? [" = "] : []),
      h("b", {}, text(sum)), tail);
    equation.setAttribute("aria-live", timer ? "off" : "polite");
  }

  function update() {
    if (writing) return;
    const state = read(), { x, w, view, params, sizes, m, position, steps } = state;
    const { n, k, s, p, a } = sizes, scattering = view === "scatter";
    const fresh = JSON.stringify([view, sizes]);
    if (fresh !== key) { parts = build(state); key = fresh; }

    for (const [name, , inputs] of choices) {
      inputs.forEach((input) => {
        const reason = name === "p" || name === "a" ? refusal({ ...sizes, [name]: Number(input.value) }) : "";
        input.checked = Number(input.value) === sizes[name];
        input.setAttribute("aria-disabled", String(Boolean(reason)));
        input.parentElement.title = reason;
      });
    }
    viewInputs.forEach((input) => { input.checked = input.value === view; });

    for (const input of stage.querySelectorAll("input")) {
      const { trait, r, c } = input.dataset, value = model.get(trait)[r][c];
      const typing = input === document.activeElement && !Number.isFinite(input.valueAsNumber);
      if (!typing && input.valueAsNumber !== value) input.value = value;
      shade(input.parentElement, value, trait === "input" ? x : w);
    }

    const { left, middle, right, shift } = parts, now = position - 1, cell = subject(state);
    const final = transposedConvolution(x, w, params);
    const shown = scattering ? scatter(x, w, params, position) : final;
    const i = Math.floor(now / n), j = now % n, row = Math.floor(now / m), col = now % m;
    right.cells.forEach((line, r) => line.forEach((node, c) => {
      const ready = scattering || r * m + c < position;
      const under = scattering && position && r >= i * s && r < i * s + k && c >= j * s && c < j * s + k;
      const added = under ? x[i][j] * w[r - i * s][c - j * s] : null;
      const chosen = cell && cell[0] === r - shift && cell[1] === c - shift;
      node.replaceChildren(ready ? text(shown[r][c]) : "·", ...(under ? [h("small", {}, `${added < 0 ? "−" : "+"}${text(Math.abs(added))}`)] : []));
      node.classList.toggle("gb-chosen", Boolean(chosen));
      node.tabIndex = chosen || (!cell && r === shift && c === shift) ? 0 : -1;
      node.setAttribute("aria-selected", String(Boolean(chosen)));
      shade(node, ready ? shown[r][c] : 0, final);
    }));
    for (const [part, values] of [[left, x], [middle, w], [right, shown]]) {
      part.box.style.setProperty("--chars", Math.max(...values.flat().map((value) => text(value).length)));
    }
    right.grid.setAttribute("aria-label", `Output ${m} by ${m}: ${rows(final)}`);
    const at = position ? (scattering ? [[i, j, 1], [0, 0, k], [i * s, j * s, k]] : [[row, col, k], [0, 0, k], [row, col, 1]]) : [[null], [null], [null]];
    [left, middle, right].forEach((part, index) => place(part, ...at[index]));

    writeEquation(state, cell);
    formula.replaceChildren(h("i", {}, "m"), " = (", h("i", {}, "n"), " − 1)", h("i", {}, "s"), " − 2", h("i", {}, "p"),
      " + ", h("i", {}, "k"), " + ", h("i", {}, "a"), ` = (${n} − 1)·${s} − 2·${p} + ${k} + ${a} = `, h("b", {}, String(m)),
      scattering ? "" : `; implicit padding k − p − 1 = ${k - p - 1}`);
    slider.max = steps;
    slider.value = position;
    slider.setAttribute("aria-valuetext", `Step ${position} of ${steps}`);
    counter.textContent = `${position} / ${steps}`;
    playButton.querySelector("path").setAttribute("d", timer ? ICONS.pause : ICONS.play);
    playButton.setAttribute("aria-label", timer ? "Pause" : "Play");
    playButton.title = timer ? "Pause" : "Play";
  }
  function shade(node, value, among) {
    const largest = Math.max(1e-9, ...among.flat().map(Math.abs));
    node.style.setProperty("--v", Math.min(1, Math.abs(value) / largest));
  }

  el.classList.add("gb-widget");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", model.get("label"));
  const transport = h("div", { class: "gb-transport" },
    iconButton("First step", "first", user(() => go(0))), iconButton("Previous step", "back", user(() => go(read().position - 1))),
    playButton, iconButton("Next step", "next", user(() => go(read().position + 1))), slider, counter);
  el.replaceChildren(viewBox, h("div", { class: "gb-choices" }, ...choices.map(([, box]) => box)), note, formula, stage, equation, transport);
  model.on("change", update);
  update();
  return () => { clearInterval(timer); model.off("change", update); };
}

export default { render };
