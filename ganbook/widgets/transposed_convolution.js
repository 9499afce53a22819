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
    w.forEach((row, u) => row.forEach((weight, v) => {
      canvas[top + u][left + v] += pixel * weight;
    }));
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

const PARAMETERS = { n: "Input", k: "Kernel", s: "Stride", p: "Padding", a: "Output padding" };
const VIEWS = { scatter: "Scatter: pixels stamp kernels", gather: "Gather: a window slides" };

const text = (value) => String(+value.toFixed(2)).replace("-", "−");
const factor = (value) => (value < 0 ? `(${text(value)})` : text(value));
const signed = (value) => (value < 0 ? "−" : "+") + text(Math.abs(value));
const math = (source) => source.split(/([a-z])/) // single letters in italics
  .map((part) => (/^[a-z]$/.test(part) ? h("i", {}, part) : part));
const rows = (values) => values.map((row) => row.map(text).join(" ")).join("; ");

function render({ model, el }) {
  const uid = Math.random().toString(36).slice(2);
  let pinned = null, writing = false, parts = null, key = "";

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
      const input = h("input", {
        type: "radio", name: `${uid}-${name}`, value, onchange: () => onpick(value),
      });
      return [input, h("label", {}, input, h("span", {}, String(label)))];
    });
    const strip = h("div", { class: "gb-options" }, ...inputs.map(([, label]) => label));
    const box = h("fieldset", { class: `gb-choice gb-choice-${name}` },
      h("legend", {}, ...legend), strip);
    return [box, inputs.map(([input]) => input)];
  }
  const range = ([low, high]) => Array.from({ length: high - low + 1 }, (_, i) => [low + i, low + i]);
  const choices = Object.entries(PARAMETERS).map(([name, word]) => [name, ...radios(
    name, [`${word} `, ...math(name)], range(LIMITS[name]), (value) => choose(name, value))]);
  const [viewBox, viewInputs] = radios("view", ["View"], Object.entries(VIEWS), (view) => {
    pinned = null;
    say("");
    write({ view, position: stepsOf(view, read().sizes) });
  });

  // ---- stepping
  const go = (position) => {
    pinned = null;
    write({ position });
  };
  const player = transport({
    word: "Step",
    state() {
      const { position, steps } = read();
      const interval = Math.max(150, Math.min(1100, 14000 / steps));
      return { position, last: steps, text: `${position} / ${steps}`, interval };
    },
    go,
    after: (position, starting) =>
      (position < read().steps ? position + 1 : starting ? 1 : null),
  });
  const equation = h("output", { class: "gb-equation" });
  const formula = h("p", { class: "gb-formula" });
  const stage = h("div", { class: "gb-stage" });

  // ---- the stage: three panels, rebuilt when sizes or view change
  function panel({ hue, title, size, says = size, role = "group", label }, cell) {
    const cells = matrix(size, size, cell), row = { class: "gb-row", role: role === "grid" && "row" };
    const grid = h("div", { class: "gb-cells", role, "aria-label": label },
      ...cells.map((line) => h("div", row, ...line)));
    const frame = h("div", { class: "gb-frame", "aria-hidden": true });
    const box = h("div", { class: `gb-panel gb-${hue}`, "--cols": size },
      h("div", { class: "gb-title" }, ...title, h("small", {}, `${says} × ${says}`)),
      h("div", { class: "gb-grid" }, grid, frame));
    return { box, grid, cells, frame, size };
  }
  const place = ({ frame, size }, r, c, span) => {
    frame.style.cssText = [["top", r], ["left", c], ["width", span], ["height", span]]
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
    const scattering = view === "scatter", shift = scattering ? p : 0;
    const { padded, full } = axis(n, k, params);
    const left = scattering
      ? { hue: "latent", title: ["Input ", ...math("x")], size: n, label: "Input" }
      : { hue: "latent", title: ["Padded input"], size: padded, label: "Padded input" };
    const middle = { hue: "generator", size: k, label: "Kernel",
      title: scattering ? ["Kernel ", ...math("w")] : ["Flipped kernel"] };
    const right = { hue: "data", size: scattering ? full : m, says: m, role: "grid", label: "Output",
      title: ["Output ", ...math("y")] };

    const pixel = (r, c) => {
      const at = scattering ? [r, c] : pixelAt(r, c, x, w, params);
      return at ? editable("input", "Input", ...at) : h("div", { class: "gb-cell gb-zero" }, "0");
    };
    const flipped = (u) => (scattering ? u : k - 1 - u);
    const weight = (u, v) => editable("kernel", "Kernel", flipped(u), flipped(v));
    const sum = (row, col) => {
      const r = row - shift, c = col - shift, cropped = Math.min(r, c) < 0 || Math.max(r, c) >= m;
      return h("div", { class: `gb-cell${cropped ? " gb-cropped" : ""}`, role: "gridcell", tabindex: -1,
        onclick: () => pick(r, c), onkeydown: (event) => walk(event, r, c) });
    };
    const built = { left: panel(left, pixel), middle: panel(middle, weight), right: panel(right, sum), shift };

    if (right.size > m) {
      built.right.box.append(h("p", { class: "gb-legend" },
        h("span", { class: "gb-swatch gb-cropped", "aria-hidden": true }), `Hatched: padding ${p} crops it.`));
    }
    const after = (symbol, { box }) => h("div", { class: "gb-after" },
      h("div", { class: "gb-sign", "aria-hidden": true }, symbol), box);
    const total = left.size + middle.size + right.size;
    stage.replaceChildren(h("div",
      { class: `gb-row-of-panels${total > 13 ? " gb-dense" : ""}`, "--total": total },
      built.left.box, after(scattering ? "×" : "⋆", built.middle), after("=", built.right)));
    return built;
  }

  function pick(r, c) { // gather goes to the cell; scatter keeps its sum in sight
    const { view, m } = read();
    player.stop();
    if (view === "gather") return go(r * m + c + 1);
    pinned = [r, c];
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
      return equation.replaceChildren(position ? "This stamp is cropped, all of it."
        : view === "scatter" ? "Each pixel stamps the kernel, times its value."
          : "Each output is one window: multiply and add.");
    }
    const [r, c] = cell, all = terms(r, c, x, w, params), scattering = view === "scatter";
    const done = ({ t }) => !scattering || t < position;
    const sumOf = all.flatMap((term, index) => [index ? " + " : "", h("span",
      { class: !done(term) ? "gb-later" : scattering && term.t === position - 1 ? "gb-now" : "" },
      `${factor(term.pixel)}·${factor(term.weight)}`)]);
    const sum = all.filter(done).reduce((total, { pixel, weight }) => total + pixel * weight, 0);
    const inside = Math.min(r, c) >= 0 && Math.max(r, c) < m;
    const tail = !all.length ? ": no pixel reaches it"
      : !inside ? ", cropped" : all.every(done) ? "" : " so far";
    equation.replaceChildren(...math("y"), `[${text(r)}, ${text(c)}] = `, ...sumOf,
      all.length ? " = " : "", h("b", {}, text(sum)), tail);
    equation.setAttribute("aria-live", player.playing() ? "off" : "polite");
  }

  function update() {
    if (writing) return;
    const state = read(), sizes = JSON.stringify([state.view, state.sizes]);
    if (sizes !== key) parts = build(state);
    key = sizes;
    const cell = subject(state);
    drawChoices(state);
    drawNumbers(state);
    drawOutput(state, cell);
    drawFrames(state);
    writeEquation(state, cell);
    player.draw();
  }

  function drawChoices({ view, sizes, m }) {
    const { n, k, s, p, a } = sizes;
    for (const [name, , inputs] of choices) {
      for (const input of inputs) {
        const wanted = { ...sizes, [name]: Number(input.value) };
        const reason = name === "p" || name === "a" ? refusal(wanted) : "";
        input.checked = Number(input.value) === sizes[name];
        input.setAttribute("aria-disabled", String(Boolean(reason)));
        input.parentElement.title = reason;
      }
    }
    for (const input of viewInputs) input.checked = input.value === view;
    formula.replaceChildren(...math("m = (n − 1)s − 2p + k + a"),
      ` = (${n} − 1)·${s} − 2·${p} + ${k} + ${a} = `, h("b", {}, String(m)),
      ...(view === "gather" ? ["; implicit padding ", ...math("k − p − 1"), ` = ${k - p - 1}`] : []));
  }

  function drawNumbers({ x, w }) {
    for (const input of stage.querySelectorAll("input")) {
      const { trait, r, c } = input.dataset, value = model.get(trait)[r][c];
      const typing = input === document.activeElement && !Number.isFinite(input.valueAsNumber);
      if (!typing && input.valueAsNumber !== value) input.value = value;
      shade(input.parentElement, value, trait === "input" ? x : w);
    }
  }

  function drawOutput({ x, w, view, params, sizes: { n, k, s }, m, position }, cell) {
    const { left, middle, right, shift } = parts, scattering = view === "scatter";
    const final = transposedConvolution(x, w, params);
    const shown = scattering ? scatter(x, w, params, position) : final;
    const i = Math.floor((position - 1) / n), j = (position - 1) % n; // the pixel that stamps
    right.cells.forEach((line, r) => line.forEach((node, c) => {
      const ready = scattering || r * m + c < position;
      const weight = scattering && position ? w[r - i * s]?.[c - j * s] : undefined;
      const added = weight === undefined ? [] : [h("small", {}, signed(x[i][j] * weight))];
      const chosen = Boolean(cell) && cell[0] === r - shift && cell[1] === c - shift;
      node.replaceChildren(ready ? text(shown[r][c]) : "·", ...added);
      node.classList.toggle("gb-chosen", chosen);
      node.tabIndex = chosen || (!cell && r === shift && c === shift) ? 0 : -1;
      node.setAttribute("aria-selected", String(chosen));
      shade(node, ready ? shown[r][c] : 0, final);
    }));
    for (const [part, values] of [[left, x], [middle, w], [right, shown]]) {
      const longest = Math.max(...values.flat().map((value) => text(value).length));
      part.box.style.setProperty("--chars", longest);
    }
    right.grid.setAttribute("aria-label", `Output ${m} by ${m}: ${rows(final)}`);
  }

  function drawFrames({ view, sizes: { n, k, s }, m, position }) {
    const side = view === "scatter" ? n : m, r = Math.floor((position - 1) / side), c = (position - 1) % side;
    const { left, middle, right } = parts;
    for (const { frame } of [left, middle, right]) frame.hidden = position === 0;
    place(middle, 0, 0, k);
    place(left, r, c, view === "scatter" ? 1 : k);
    if (view === "scatter") place(right, r * s, c * s, k);
    else place(right, r, c, 1);
  }

  function shade(node, value, among) {
    const largest = Math.max(1e-9, ...among.flat().map(Math.abs));
    node.style.setProperty("--v", Math.min(1, Math.abs(value) / largest));
  }

  mountIn(el, model, viewBox, h("div", { class: "gb-choices" }, ...choices.map(([, box]) => box)),
    note, formula, stage, equation, player.el);
  model.on("change", update);
  update();
  return () => {
    player.close();
    model.off("change", update);
  };
}

export default { render };
