// What one unit of a stack of equal convolutions sees of a 28x28 image.
//
// Rows and columns are alike, so that all is computed for one direction: what holds
// for a place of the image is the product of what holds for its row and its column.

// ---------------------------------------------------------------- arithmetic
// Plain functions of numbers. The tests run these against PyTorch.

export const SIDE = 28;
export const MAPS = 64; // of the first layer; each further one has twice as many

/** Zeros [before, after] that a layer adds to `side` rows. */
export function zeros(side, { kernel, stride, padding }) {
  if (padding === "none") return [0, 0];
  if (padding === "half") return [Math.floor(kernel / 2), Math.floor(kernel / 2)];
  const all = Math.max((Math.ceil(side / stride) - 1) * stride + kernel - side, 0);
  return [Math.floor(all / 2), all - Math.floor(all / 2)];
}

/** The layers that fit, from the image on. */
export function build(options) {
  const { kernel, stride, layers } = options, found = [];
  let input = SIDE, reach = 1, jump = 1, start = 0, channels = 1;
  for (let l = 0; l < layers; l += 1) {
    const [before, after] = zeros(input, options);
    if (input + before + after < kernel) break;
    const side = Math.floor((input + before + after - kernel) / stride) + 1;
    reach += (kernel - 1) * jump;
    start -= before * jump;
    jump *= stride;
    // A weight of the kernel is alive if it ever meets the map below.
    const alive = Array.from({ length: kernel }, (_, t) =>
      Array.from({ length: side }, (_, i) => i * stride + t - before).some((at) => at >= 0 && at < input));
    const maps = MAPS * 2 ** l, share = alive.filter(Boolean).length / kernel;
    found.push({
      input, before, after, side, reach, jump, start, alive, maps,
      parameters: kernel * kernel * channels * maps + maps, dead: 1 - share * share,
    });
    [input, channels] = [side, maps];
  }
  return found;
}

/** For each level, from the image to the last layer: paths from a row to `unit`. */
export function paths(stack, { kernel, stride }, unit) {
  let here = Array.from({ length: stack.at(-1).side }, (_, i) => Number(i === unit));
  const levels = [here];
  for (const { input, before } of [...stack].reverse()) {
    const below = new Array(input).fill(0);
    here.forEach((count, i) => {
      for (let t = 0; t < kernel; t += 1) {
        const at = i * stride + t - before;
        if (at >= 0 && at < input) below[at] += count;
      }
    });
    levels.unshift(here = below);
  }
  return levels;
}

/** The share of all paths to a unit that begin in the image, not in zeros. */
export const share = (stack, { kernel }, rows, columns) =>
  [rows, columns].reduce((product, counts) =>
    (product * counts.reduce((a, b) => a + b, 0)) / kernel ** stack.length, 1);

// ---------------------------------------------------------------- the widget

const MARGIN = 6, CELL = 8, FULL = (SIDE + 2 * MARGIN) * CELL; // of the picture
const WIDE = 380, HIGH = 30, ROOM = 30; // of the cut

function render({ model, el }) {
  const options = () => Object.fromEntries(
    ["kernel", "stride", "padding", "layers"].map((name) => [name, model.get(name)]));
  const pick = (trait, legend, values, names = values) => {
    // Numbers as words: what a radio button holds is text.
    const group = `${trait}-${Math.random().toString(36).slice(2)}`;
    const inputs = values.map((value, i) => {
      const input = h("input", {
        type: "radio", name: group, value,
        onchange() { model.set(trait, value); model.save_changes(); },
      });
      return [value, input, h("label", {}, input, h("span", {}, String(names[i])))];
    });
    return {
      el: h("fieldset", { class: "gb-choice" }, h("legend", {}, legend),
        h("div", { class: "gb-options" }, ...inputs.map(([, , label]) => label))),
      draw() { for (const [value, input] of inputs) input.checked = value === model.get(trait); },
    };
  };
  const controls = [
    pick("kernel", "Kernel", [2, 3, 4, 5, 7]),
    pick("stride", "Stride", [1, 2, 3]),
    pick("padding", "Zeros", ["same", "half", "none"], ["same (Keras)", "half", "none"]),
    pick("layers", "Layers", [1, 2, 3, 4, 5, 6]),
  ];
  const unit = ["row", "column"].map((trait) => dial(model, trait, `Unit, ${trait}`,
    { min: 0, max: SIDE - 1, step: 1, digits: 0 }));

  const picture = (width, height) => shape("svg", {
    viewBox: `0 0 ${width} ${height}`, role: "img",
    style: "display: block; width: 100%; height: auto",
  });
  const square = (x, y, size, style, more = {}) =>
    shape("rect", { x, y, width: size, height: size, style, ...more });
  const image = picture(FULL, FULL), cut = picture(WIDE, 7 * HIGH + 6 * ROOM);
  const at = (place) => (place + MARGIN) * CELL;

  // The digit and, over it, how many paths lead from each pixel to the unit.
  const bytes = atob(model.get("pixels"));
  const ink = [...bytes].flatMap((byte, i) => (byte.charCodeAt(0) < 16 ? [] :
    [square(at(i % SIDE), at(Math.floor(i / SIDE)), CELL, "fill: var(--ink)",
      { "fill-opacity": (byte.charCodeAt(0) / 255).toFixed(2) })]));
  const heat = Array.from({ length: SIDE * SIDE }, (_, i) =>
    square(at(i % SIDE), at(Math.floor(i / SIDE)), CELL, "fill: var(--discriminator)"));
  const border = square(at(0), at(0), SIDE * CELL, "fill: none; stroke: var(--data)", { "stroke-width": 2 });
  const frame = square(0, 0, 0, "fill: none; stroke: var(--discriminator)",
    { "stroke-width": 3, "stroke-dasharray": "7 4" });
  image.append(...ink, ...heat, border, frame);

  const numbers = h("output", { class: "gb-formula", style: "display: grid; gap: 0.25rem" });
  const table = h("table", { style: "width: 100%; border-collapse: collapse; font-size: 0.75rem" });
  const note = h("p", { class: "gb-note" });
  const panel = (...parts) => h("div", { style: "flex: 1 1 17rem; min-width: 0; max-width: 27rem" }, ...parts);
  const title = (text, style = "") => h("p", { class: "gb-formula", style }, text);

  /** One direction of all levels: a cell for each row, hollow where it is padding. */
  function drawCut(stack, levels) {
    cut.replaceChildren();
    const height = (stack.length + 1) * (HIGH + ROOM) - ROOM;
    cut.setAttribute("viewBox", `0 0 ${WIDE} ${height}`);
    levels.forEach((counts, l) => {
      const y = height - HIGH - l * (HIGH + ROOM), above = stack[l];
      const [before, after] = above ? [above.before, above.after] : [0, 0];
      const many = counts.length + before + after, size = Math.min((WIDE - 70) / many, 40);
      const left = 70 + (WIDE - 70 - size * many) / 2, tall = Math.min(HIGH, size * 2);
      const largest = Math.max(...counts);
      const text = (x, words, weight) => shape("text", {
        x, y: y + HIGH / 2 + 4, style: `fill: var(--muted); font-size: 12px; font-weight: ${weight}`,
      }, words);
      cut.append(text(0, l ? `layer ${l}: ${counts.length}` : `image: ${counts.length}`, 400));
      for (let i = -before; i < counts.length + after; i += 1) {
        const count = counts[i] ?? 0, inside = i >= 0 && i < counts.length;
        cut.append(shape("rect", {
          x: left + (i + before) * size + 0.5, y: y + (HIGH - tall) / 2, width: Math.max(size - 1, 1), height: tall,
          "fill-opacity": count ? (0.25 + (0.75 * count) / largest).toFixed(2) : 0,
          "stroke-dasharray": inside ? "" : "2 2",
          style: `fill: var(--discriminator); stroke: var(--${inside ? "muted" : "generator"})`,
        }));
      }
    });
  }

  /** A kernel: full where a weight meets the map below, hollow where it never does. */
  function kernelOf(alive) {
    const size = 44 / alive.length;
    const svg = shape("svg", { viewBox: "0 0 44 44", width: 24, height: 24, "aria-hidden": "true" });
    alive.forEach((a, r) => alive.forEach((b, c) => svg.append(
      square(c * size + 1, r * size + 1, size - 2, `fill: var(--${a && b ? "discriminator" : "paper"}); stroke: var(--${a && b ? "discriminator" : "generator"})`))));
    return svg;
  }

  function drawTable(stack) {
    const cell = (tag, style, ...content) => h(tag, { style: `padding: 0.125rem 0.25rem 0.125rem 0; ${style}` }, ...content);
    const words = ["layer", "maps", "sees", "parameters", "idle"];
    table.replaceChildren(
      h("thead", {}, h("tr", {}, ...words.map((word) => cell("th", "text-align: left; font-weight: 400; color: var(--muted); vertical-align: bottom", word)))),
      h("tbody", {}, ...stack.map((layer, l) => h("tr", { style: "border-top: 1px solid var(--line)" },
        cell("td", "", String(l + 1)),
        cell("td", "white-space: nowrap", `${layer.maps} of ${layer.side}×${layer.side}`),
        cell("td", "", `${layer.reach}²`),
        cell("td", "", layer.parameters.toLocaleString("en-US")),
        cell("td", "white-space: nowrap", h("span", { style: "display: flex; align-items: center; gap: 0.25rem" },
          kernelOf(layer.alive), `${Math.round(100 * layer.dead)} %`))))));
  }

  function update() {
    const chosen = options(), stack = build(chosen), last = stack.at(-1);
    const [row, column] = ["row", "column"].map((trait) => Math.min(model.get(trait), last.side - 1));
    const down = paths(stack, chosen, row), right = paths(stack, chosen, column);
    const rows = down[0], columns = right[0], largest = Math.max(...rows) * Math.max(...columns);
    heat.forEach((node, i) => {
      const weight = (rows[Math.floor(i / SIDE)] * columns[i % SIDE]) / (largest || 1);
      node.setAttribute("fill-opacity", weight ? (0.12 + 0.6 * weight).toFixed(3) : 0);
    });
    for (const [name, value] of Object.entries({
      x: at(last.start + column * last.jump), y: at(last.start + row * last.jump),
      width: last.reach * CELL, height: last.reach * CELL,
    })) frame.setAttribute(name, value);
    drawCut(stack, right);
    drawTable(stack);
    const seen = rows.filter(Boolean).length * columns.filter(Boolean).length;
    const real = share(stack, chosen, rows, columns);
    const total = stack.reduce((sum, layer) => sum + layer.parameters, 0);
    const dead = stack.reduce((sum, layer) => sum + layer.dead * (layer.parameters - layer.maps), 0);
    numbers.replaceChildren(...[
      [`unit ${row + 1}, ${column + 1} of ${last.side}×${last.side}: field `, `${last.reach}×${last.reach}`, ""],
      ["pixels that it sees: ", String(seen), ` of ${SIDE * SIDE}`],
      ["of its paths, in the image: ", `${fixed(100 * real, 1)} %`, ""],
      ["parameters: ", total.toLocaleString("en-US"), ""],
      ["of them never used: ", `${Math.round(dead).toLocaleString("en-US")} (${fixed((100 * dead) / total, 1)} %)`, ""],
    ].map(([before, number, after]) => h("span", {}, before, h("b", {}, number), after)));
    note.textContent = stack.length < chosen.layers
      ? `Only ${stack.length} of ${chosen.layers} layers fit: ${last.side} ${last.side === 1 ? "row is" : "rows are"} left, and the next kernel needs ${chosen.kernel}.` : "";
    image.setAttribute("aria-label", `The image and the field of unit ${row + 1}, ${column + 1}: ${last.reach} by ${last.reach} places, `
      + `from row ${fixed(last.start + row * last.jump, 0)} and column ${fixed(last.start + column * last.jump, 0)}; ${seen} pixels lie in it.`);
    cut.setAttribute("aria-label", `A cut through the stack: ${stack.map((layer) => layer.side).join(", ")} units in layers 1 to ${stack.length}, `
      + `of which ${right.slice(1).map((counts) => counts.filter(Boolean).length).join(", ")} feed the chosen one.`);
    for (const control of [...controls, ...unit]) control.draw();
    unit.forEach((control, i) => {
      const input = control.el.querySelector("input");
      input.max = last.side - 1;
      input.value = [row, column][i];
      const place = `${[row, column][i] + 1} of ${last.side}`; // people count from 1
      control.el.querySelector(".gb-counter").textContent = place;
      input.setAttribute("aria-valuetext", place);
    });
  }

  mountIn(el, model,
    h("div", { class: "gb-choices" }, ...controls.map((control) => control.el)),
    h("div", {}, ...unit.map((control) => control.el)), note,
    h("div", { style: "display: flex; flex-wrap: wrap; gap: 1rem" },
      panel(title("The image in its frame. Dashed: the field of the unit, fuller where more paths lead to it"), image, numbers),
      panel(title("A cut through the stack. Dashed orange cells are zeros"), cut,
        title("Its layers. Idle: the share of weights that meet only zeros", "margin-top: 0.75rem"), table)));
  model.on("change", update);
  update();
  return () => model.off("change", update);
}

export default { render };
