// A game on eight places of a circle, seen through a random transformation.
//
// Letters, as in the chapter: p the law of the data, q that of the generator, T the
// matrix of the transformation: T[i][j] is the probability that place j goes to i.

// ---------------------------------------------------------------- arithmetic
// Plain functions of numbers. The tests run these against PyTorch.

const PLACES = 8;

export const DATA = { // in hundredths
  one: [4, 10, 40, 22, 10, 6, 4, 4],
  two: [4, 30, 8, 4, 4, 32, 14, 4],
  slope: [2, 4, 7, 10, 13, 17, 21, 26],
};

const TURNS = { // the turns that are drawn from, each as likely as the others
  quarter: [0, 2, 4, 6],
  step: [-1, 1],
  any: [0, 1, 2, 3, 4, 5, 6, 7],
};

/** T: with this probability an image is transformed, else it stays as it is. */
export function matrix(transform, probability) {
  const T = Array.from({ length: PLACES }, (_, i) =>
    Array.from({ length: PLACES }, (_, j) => (i === j ? 1 - probability : 0)));
  for (let j = 0; j < PLACES; j += 1) {
    const places = transform === "mirror" ? [PLACES - 1 - j]
      : TURNS[transform].map((turn) => (j + turn + PLACES) % PLACES);
    for (const i of places) T[i][j] += probability / places.length;
  }
  return T;
}

/** The eigenvalues of T, all real, the largest modulus first. */
export function eigenvalues(transform, probability) {
  const found = Array.from({ length: PLACES }, (_, k) => {
    if (transform === "mirror") return k % 2 ? 1 - 2 * probability : 1;
    const turns = TURNS[transform];
    const waves = turns.map((turn) => Math.cos((2 * Math.PI * k * turn) / PLACES));
    return 1 - probability + (probability * waves.reduce((a, b) => a + b)) / turns.length;
  }).map((value) => (Math.abs(value) < 1e-9 ? 0 : value)); // what rounding left of 0
  return found.sort((a, b) => Math.abs(b) - Math.abs(a));
}

export const apply = (T, law) => T.map((row) => row.reduce((sum, t, j) => sum + t * law[j], 0));

/** Where the generator stands after some moves against the best discriminator. */
export function play(p, transform, probability, shown, moves) {
  const T = matrix(transform, probability);
  const seen = (q) => (shown === "all" ? apply(T, q) : q); // T equals its transpose
  const real = apply(T, p);
  let q = Array(PLACES).fill(1 / PLACES);
  for (let move = 0; move < moves; move += 1) {
    const fake = seen(q);
    const slope = seen(fake.map((f, i) => Math.log(f / (real[i] + f)))); // of log(1 - D*)
    const free = q.map((share, i) => share * Math.exp(-slope[i]));
    const total = free.reduce((a, b) => a + b);
    q = free.map((share) => share / total);
  }
  return { real, q, fake: seen(q) };
}

/** The share of mass that lies at other places than it should. */
export const misplaced = (p, q) => p.reduce((sum, share, i) => sum + Math.abs(share - q[i]), 0) / 2;

// ------------------------------------------------------------------- drawing

const WIDTH = 216, HEIGHT = 120, FLOOR = 104, BAR = 20, STRIDE = 26, LEFT = 7;
const NAMES = {
  quarter: "turned by a random quarter", step: "moved one place, left or right",
  any: "turned by any angle", mirror: "mirrored",
};

function render({ model, el }) {
  const controls = [
    choice(model, "data", "Data", [["one", "one peak"], ["two", "two peaks"], ["slope", "slope"]]),
    choice(model, "transform", "Transformation", [
      ["quarter", "quarter turns"], ["step", "one step"], ["any", "any turn"], ["mirror", "mirror"]]),
    choice(model, "shown", "Transformed are", [["real", "data only"], ["all", "data and samples"]]),
    choice(model, "moves", "Moves of the generator",
      [["0", "0"], ["10", "10"], ["100", "100"], ["1000", "1,000"], ["10000", "10,000"]]),
  ];
  const probability = dial(model, "probability", "Probability", { min: 0, max: 1, step: 0.05 });
  const panels = ["Data", "Discriminator’s view", "Generator"].map((title) => {
    const picture = shape("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", style: "display: block; width: 100%; height: auto",
    });
    const note = h("p", { class: "gb-formula" });
    return { title, picture, note, el: h("div", {}, h("p", { class: "gb-title", style: "color: var(--ink)" }, title), picture, note) };
  });
  const stage = h("div", { style: "display: grid; gap: 0.75rem 1.25rem; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr))" },
    ...panels.map((panel) => panel.el));
  const numbers = h("output", { class: "gb-formula", style: "display: grid; gap: 0.25rem" });

  function bars({ picture }, law, color, outline, line, words) {
    const top = 0.44, high = (share) => (share / top) * (FLOOR - 6);
    const bar = (share, i, extra) => shape("rect", {
      x: LEFT + i * STRIDE, width: BAR, y: (FLOOR - high(share)).toFixed(2), height: high(share).toFixed(2), ...extra,
    });
    const parts = law.map((share, i) => bar(share, i, { style: `fill: var(--${color})`, "fill-opacity": 0.75 }));
    if (outline) {
      parts.push(...outline.map((share, i) => bar(share, i, {
        style: `fill: none; stroke: var(--${line})`, "stroke-width": 2, "stroke-dasharray": "4 3" })));
    }
    parts.push(shape("line", { x1: 0, x2: WIDTH, y1: FLOOR, y2: FLOOR, style: "stroke: var(--muted)" }));
    picture.replaceChildren(...parts);
    const shares = (values) => values.map((share) => fixed(share, 2)).join(", ");
    picture.setAttribute("aria-label", `${words}: ${shares(law)}${outline ? `; dashed: ${shares(outline)}` : ""}.`);
  }

  function update() {
    const [transform, shown, moves] = ["transform", "shown", "moves"].map((name) => model.get(name));
    const p = DATA[model.get("data")].map((share) => share / 100), chance = model.get("probability");
    const { real, q, fake } = play(p, transform, chance, shown, Number(moves));
    bars(panels[0], p, "data", null, null, "The data");
    bars(panels[1], real, "discriminator", fake, "generator", "Data as the discriminator sees them");
    bars(panels[2], q, "generator", p, "data", "The generator");
    panels[0].note.textContent = "shares at eight places of a circle";
    panels[1].note.textContent = `violet: data, ${NAMES[transform]} with probability ${fixed(chance, 2)}; `
      + `dashed: samples${shown === "all" ? ", likewise" : " as they are"}`;
    panels[2].note.textContent = "samples; dashed: the data";
    const values = eigenvalues(transform, chance), least = Math.abs(values.at(-1));
    const exact = shown === "real"
      ? "The samples themselves must match the transformed data: the transformation leaks, invertible or not."
      : least > 1e-9
        ? "Invertible: only q = p makes both sides look alike."
          + (least < 0.15 ? " But the smallest eigenvalue is small, and learning slow." : "")
        : "Not invertible: many laws look like the data, and the generator stops at one of them.";
    numbers.replaceChildren(
      h("span", {}, "eigenvalues of T: ", h("b", {}, values.map((value) => fixed(value, 2)).join(", "))),
      h("span", {}, "smallest modulus: ", h("b", {}, fixed(least, 3))),
      h("span", {}, "misplaced mass of the generator: ", h("b", {}, fixed(misplaced(p, q), 3))),
      h("span", {}, "misplaced mass as the discriminator sees it: ", h("b", {}, fixed(misplaced(real, fake), 3))),
      h("span", { class: "gb-note" }, exact));
    for (const control of [...controls, probability]) control.draw();
  }

  mountIn(el, model, h("div", { class: "gb-choices" }, ...controls.map((control) => control.el)),
    probability.el, stage, numbers);
  model.on("change", update);
  update();
  return () => model.off("change", update);
}

export default { render };
