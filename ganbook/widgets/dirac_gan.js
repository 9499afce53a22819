// The smallest GAN: all data at 0, a generator at theta, a discriminator with slope psi.
//
// The discriminator's logit at x is psi * x. It raises V, the generator lowers its loss.

// ---------------------------------------------------------------- arithmetic
// Plain functions of numbers. The tests run these against PyTorch's gradients.

const sigmoid = (t) => 1 / (1 + Math.exp(-t));

/** Slopes in the logit psi * theta: what the discriminator adds, the generator loses. */
const SLOPES = {
  minimax: (u) => [-sigmoid(u), -sigmoid(u)],
  "non-saturating": (u) => [-sigmoid(u), -sigmoid(-u)],
  wasserstein: () => [-1, -1],
};

/** Slope of the penalty on the discriminator, gamma / 2 times (|psi| - target)^2. */
const penalty = (psi, { regularizer, gamma }) =>
  (regularizer === "r1" ? gamma * psi : regularizer === "gp" ? gamma * (psi - Math.sign(psi)) : 0);

/** The direction in which both players move: [d theta, d psi]. */
export function field([theta, psi], game) {
  const [gain, loss] = SLOPES[game.loss](psi * theta);
  return [-loss * psi, gain * theta - penalty(psi, game)];
}

/** One step: both at once, or the discriminator first and the generator after it. */
export function step([theta, psi], game) {
  const moved = psi + game.rate * field([theta, psi], game)[1];
  const seen = game.updates === "alternating" ? moved : psi;
  return [theta + game.rate * field([theta, seen], game)[0], moved];
}

export const FAR = 1e6;

/** The orbit of a start: at most `steps` steps, fewer if it runs away. */
export function orbit(start, game, steps) {
  const points = [start];
  while (points.length <= steps && Math.hypot(...points.at(-1)) < FAR) points.push(step(points.at(-1), game));
  return points;
}

/** The step's matrix at the equilibrium (0, 0), acting on (theta, psi). */
export function linearization({ loss, updates, regularizer, gamma, rate }) {
  if (regularizer === "gp" && gamma > 0) return null; // a kink: no derivative at psi = 0
  const a = rate * (loss === "wasserstein" ? 1 : 0.5), keep = 1 - (regularizer === "r1" ? rate * gamma : 0);
  return updates === "alternating" ? [[1 - a * a, a * keep], [-a, keep]] : [[1, a], [-a, keep]];
}

/** Eigenvalues of a 2 x 2 matrix, as [real, imaginary]. */
export function eigenvalues([[a, b], [c, d]]) {
  const half = (a + d) / 2, square = half * half - (a * d - b * c), root = Math.sqrt(Math.abs(square));
  return square < 0 ? [[half, root], [half, -root]] : [[half + root, 0], [half - root, 0]];
}

/** The largest modulus of an eigenvalue; NaN where the step has no derivative. */
export function spectralRadius(game) {
  const matrix = linearization(game);
  return matrix ? Math.max(...eigenvalues(matrix).map(([re, im]) => Math.hypot(re, im))) : NaN;
}

/** What the eigenvalues say of an orbit near (0, 0); real ones do not turn it. */
export function verdict(game) {
  const radius = spectralRadius(game);
  if (Number.isNaN(radius)) return "no derivative at ψ = 0, so no eigenvalues";
  const turns = eigenvalues(linearization(game))[0][1] > 1e-6; // a double one is rounded
  if (radius > 1 + 1e-9) return `above 1: it ${turns ? "spirals out" : "leaves"}`;
  if (radius < 1 - 1e-9) return `below 1: it ${turns ? "spirals in" : "approaches"}`;
  return `exactly 1: it ${turns ? "circles" : "jumps to and fro"}`;
}

// ------------------------------------------------------------------- drawing

const SIDE = 400, SPAN = 2; // the picture shows -2 to 2 on both axes

function render({ model, el }) {
  const choices = [
    choice(model, "loss", "Loss", [["minimax", "minimax"], ["non-saturating", "non-saturating"], ["wasserstein", "Wasserstein"]]),
    choice(model, "updates", "Steps", [["simultaneous", "simultaneous"], ["alternating", "alternating"]]),
    choice(model, "regularizer", "Penalty", [["none", "none"], ["r1", "R1"], ["gp", "slope 1"]]),
  ];
  const dials = [
    dial(model, "rate", "Learning rate h", { min: 0.02, max: 1, step: 0.02 }),
    dial(model, "gamma", "Penalty γ", { min: 0, max: 2, step: 0.05 }),
    dial(model, "theta", "Start: generator θ", { min: -2, max: 2, step: 0.1, digits: 1 }),
    dial(model, "psi", "Start: slope ψ", { min: -2, max: 2, step: 0.1, digits: 1 }),
  ];
  let game = {}, points = [];
  const read = () => {
    game = Object.fromEntries(["loss", "updates", "regularizer", "rate", "gamma"].map((name) => [name, model.get(name)]));
    points = orbit([model.get("theta"), model.get("psi")], game, model.get("steps"));
  };
  const position = () => Math.min(model.get("position"), points.length - 1);
  const player = transport({
    word: "Step",
    state: () => ({
      position: position(), last: points.length - 1,
      text: `${position()} / ${points.length - 1}`, interval: 60,
    }),
    go(to) { model.set("position", to); model.save_changes(); },
    after: (from, starting) => (from < points.length - 1 ? from + 1 : starting ? 0 : null),
  });

  const x = (theta) => SIDE / 2 + (theta / SPAN) * (SIDE / 2), y = (psi) => SIDE / 2 - (psi / SPAN) * (SIDE / 2);
  const plain = (color, width) => ({ fill: "none", style: `stroke: var(--${color})`, "stroke-width": width });
  const label = (text, at) => shape("text", { ...at, style: "fill: var(--ink); stroke: var(--paper); paint-order: stroke", "stroke-width": 5, "font-size": 16 }, text);
  const arrows = shape("path", plain("muted", 1)), heads = shape("g", { style: "fill: var(--muted)" });
  const trail = shape("path", { ...plain("discriminator", 2), "stroke-linejoin": "round" });
  const dot = shape("circle", { r: 6, style: "fill: var(--generator)" });
  const plane = shape("svg", {
    viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img",
    style: "display: block; flex: 1 1 18rem; min-width: 0; max-width: 26rem; height: auto; border: 1px solid var(--line); cursor: crosshair; touch-action: manipulation",
  },
  shape("path", { ...plain("line", 1), d: `M0 ${SIDE / 2}H${SIDE}M${SIDE / 2} 0V${SIDE}` }), arrows, heads,
  shape("circle", { cx: SIDE / 2, cy: SIDE / 2, r: 5, style: "fill: var(--data)" }), trail, dot,
  label("θ", { x: SIDE - 18, y: SIDE / 2 - 8 }), label("ψ", { x: SIDE / 2 + 8, y: 18 }));
  plane.addEventListener("click", (event) => { // a start by hand; the sliders do it by key
    const box = plane.getBoundingClientRect();
    const at = (share) => Math.round(10 * SPAN * (2 * share - 1)) / 10;
    model.set("position", 0);
    model.set("theta", at((event.clientX - box.left) / box.width));
    model.set("psi", -at((event.clientY - box.top) / box.height));
    model.save_changes();
  });
  const numbers = h("output", { class: "gb-formula", style: "display: grid; gap: 0.5rem; align-content: start; flex: 1 1 13rem" });

  function drawField() {
    const lines = [], tips = [];
    for (let i = -4; i <= 4; i += 1) for (let j = -4; j <= 4; j += 1) {
      const from = [i * 0.45, j * 0.45], [dx, dy] = field(from, game), size = Math.hypot(dx, dy);
      if (size < 1e-9) continue;
      const long = 0.3 * Math.min(1, 0.35 + size / 2) / size;
      const [x1, y1] = [x(from[0] + long * dx), y(from[1] + long * dy)];
      lines.push(`M${x(from[0]).toFixed(1)} ${y(from[1]).toFixed(1)}L${x1.toFixed(1)} ${y1.toFixed(1)}`);
      tips.push(shape("circle", { cx: x1.toFixed(1), cy: y1.toFixed(1), r: 2 }));
    }
    arrows.setAttribute("d", lines.join(""));
    heads.replaceChildren(...tips);
  }

  function update() {
    read();
    drawField();
    const t = position(), [theta, psi] = points[t];
    const near = (value) => Math.max(-9999, Math.min(9999, value)).toFixed(1); // runaways, off the picture
    trail.setAttribute("d", points.slice(0, t + 1)
      .map(([a, b], i) => `${i ? "L" : "M"}${near(x(a))} ${near(y(b))}`).join(""));
    dot.setAttribute("cx", near(x(theta)));
    dot.setAttribute("cy", near(y(psi)));
    const distance = Math.hypot(theta, psi), first = Math.hypot(...points[0]);
    numbers.replaceChildren(...[
      ["generator θ = ", fixed(theta), ""], ["slope ψ = ", fixed(psi), ""],
      ["distance from (0, 0): ", fixed(distance), ""],
      ["measured growth per step: ", t && first ? fixed((distance / first) ** (1 / t), 4) : "–", ""],
      ["spectral radius: ", fixed(spectralRadius(game), 4), ` (${verdict(game)})`],
    ].map(([before, number, after]) => h("span", {}, before, h("b", {}, number), after)));
    numbers.setAttribute("aria-live", player.playing() ? "off" : "polite");
    plane.setAttribute("aria-label", `The plane of theta and psi. The orbit starts at (${fixed(points[0][0], 1)}, `
      + `${fixed(points[0][1], 1)}) and stands at (${fixed(theta, 2)}, ${fixed(psi, 2)}) after ${t} steps; the equilibrium is (0, 0).`);
    for (const control of [...choices, ...dials]) control.draw();
    player.draw();
  }

  mountIn(el, model, h("div", { class: "gb-choices" }, ...choices.map((control) => control.el)),
    ...dials.map((control) => control.el),
    h("div", { style: "display: flex; flex-wrap: wrap; gap: 1rem" }, plane, numbers), player.el);
  model.on("change", update);
  update();
  return () => {
    player.close();
    model.off("change", update);
  };
}

export default { render };
