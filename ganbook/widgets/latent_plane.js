// The plane of latent vectors: a small decoder runs here, wherever you point.

const REACH = 3, STEP = 0.1; // the plane shows -3 to 3; an arrow key moves by a tenth

// ---------------------------------------------------------------- arithmetic
// Plain functions of numbers. The tests run these against PyTorch.

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

/** Layers as they travel (bytes in base64) to layers as they compute. */
export function unpack(layers) {
  return layers.map(({ inputs, weights, scales, biases }) => ({
    inputs,
    weights: new Int8Array(bytesOf(weights)),
    scales: new Float32Array(bytesOf(scales)),
    biases: new Float32Array(bytesOf(biases)),
  }));
}

/** The image at z, row by row, in [-1, 1]: linear layers, SiLU between, tanh last. */
export function decode(layers, z) {
  let values = z;
  layers.forEach(({ inputs, weights, scales, biases }, depth) => {
    const from = depth ? values.map((t) => t / (1 + Math.exp(-t))) : values;
    values = Array.from(biases, (bias, row) => {
      let sum = 0;
      for (let i = 0; i < inputs; i += 1) sum += weights[row * inputs + i] * from[i];
      return bias + scales[row] * sum;
    });
  });
  return values.map(Math.tanh);
}

/** Encoded points: their places and classes. */
export function unpackPoints(points, classes) {
  const places = new Int16Array(bytesOf(points)), unit = REACH / 32767;
  return Array.from(classes, (name, i) => ({ name, z: [places[2 * i] * unit, places[2 * i + 1] * unit] }));
}

/** The class of the encoded point next to z, and how far that is. */
export function nearest(points, [z1, z2]) {
  let best = null, least = Infinity;
  for (const { name, z: [a, b] } of points) {
    const squared = (a - z1) ** 2 + (b - z2) ** 2;
    if (squared < least) [best, least] = [name, squared];
  }
  return { name: best, distance: Math.sqrt(least) };
}

// ------------------------------------------------------------------- drawing

const SIDE = 360, TILES = 15;
const across = (z) => (SIDE / 2) * (1 + z / REACH), up = (z) => across(-z);

/** Paint images into a canvas, `columns` beside each other. */
function paint(canvas, images, columns, width, height) {
  canvas.width = columns * width;
  canvas.height = Math.ceil(images.length / columns) * height;
  const context = canvas.getContext("2d");
  images.forEach((image, i) => {
    const pixels = context.createImageData(width, height);
    image.forEach((value, p) => {
      const gray = Math.round(127.5 * (value + 1));
      pixels.data.set([gray, gray, gray, 255], 4 * p);
    });
    context.putImageData(pixels, (i % columns) * width, Math.floor(i / columns) * height);
  });
}

function render({ model, el }) {
  const layers = unpack(model.get("layers"));
  const points = unpackPoints(model.get("points"), model.get("classes"));
  const width = model.get("width"), height = model.get("height");
  const controls = [
    choice(model, "view", "On the plane", [["classes", "encoded digits"], ["images", "decoded images"]]),
    dial(model, "z1", "z₁, to the right", { min: -REACH, max: REACH, step: 0.02 }),
    dial(model, "z2", "z₂, upward", { min: -REACH, max: REACH, step: 0.02 }),
  ];

  const line = (attributes) => shape("line", { style: "stroke: var(--line)", "stroke-width": 1, ...attributes });
  const grid = [-2, -1, 0, 1, 2].flatMap((z) => [
    line({ x1: across(z), x2: across(z), y1: 0, y2: SIDE }),
    line({ y1: up(z), y2: up(z), x1: 0, x2: SIDE }),
  ]);
  const encoded = shape("g", { "aria-hidden": true, "font-size": 9, "text-anchor": "middle", "font-weight": 600 },
    ...points.map(({ name, z }) => shape("text", {
      x: across(z[0]).toFixed(1), y: (up(z[1]) + 3).toFixed(1),
      style: `fill: color-mix(in srgb, hsl(${36 * Number(name)} 75% 45%) 70%, var(--ink))`,
    }, name)));
  const decoded = shape("image", { width: SIDE, height: SIDE, preserveAspectRatio: "none" });
  const marker = shape("g", { "pointer-events": "none" },
    shape("circle", { r: 11, style: "fill: none; stroke: var(--paper)", "stroke-width": 5 }),
    shape("circle", { r: 11, style: "fill: none; stroke: var(--latent)", "stroke-width": 3 }),
    shape("circle", { r: 2.5, style: "fill: var(--latent); stroke: var(--paper)", "stroke-width": 1 }));
  const plane = shape("svg", {
    viewBox: `0 0 ${SIDE} ${SIDE}`, role: "application", tabindex: 0,
    style: "display: block; width: 100%; height: auto; touch-action: none; cursor: crosshair; border: 1px solid var(--line); user-select: none",
  }, ...grid, encoded, decoded, marker);
  const image = h("canvas", {
    role: "img", style: "display: block; width: 100%; image-rendering: pixelated; border: 1px solid var(--line)",
  });
  const words = h("output", { class: "gb-formula", "aria-live": "polite" });

  const clip = (z) => Math.max(-REACH, Math.min(REACH, Math.round(50 * z) / 50));
  function go(z1, z2) {
    model.set("z1", clip(z1));
    model.set("z2", clip(z2));
    model.save_changes();
  }
  const follow = (event) => {
    const box = plane.getBoundingClientRect();
    go(REACH * (2 * (event.clientX - box.left) / box.width - 1),
      -REACH * (2 * (event.clientY - box.top) / box.height - 1));
  };
  plane.addEventListener("pointerdown", follow);
  plane.addEventListener("pointermove", follow);
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  plane.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 5 * STEP : STEP;
    if (event.key === "Home") go(0, 0);
    else if (ARROWS[event.key]) {
      const [right, upward] = ARROWS[event.key];
      go(model.get("z1") + step * right, model.get("z2") + step * upward);
    } else return;
    event.preventDefault(); // the page does not scroll
  });

  /** All over the plane, decoded once, when it is first asked for. */
  function tiles() {
    if (decoded.getAttribute("href")) return;
    const at = (i) => REACH * ((2 * i + 1) / TILES - 1), canvas = h("canvas");
    const places = Array.from({ length: TILES ** 2 }, (_, i) =>
      [at(i % TILES), -at(Math.floor(i / TILES))]);
    paint(canvas, places.map((z) => decode(layers, z)), TILES, width, height);
    decoded.setAttribute("href", canvas.toDataURL());
  }

  function update() {
    const z = [model.get("z1"), model.get("z2")], images = model.get("view") === "images";
    if (images) tiles();
    encoded.style.display = images ? "none" : "";
    decoded.style.display = images ? "" : "none";
    marker.setAttribute("transform", `translate(${across(z[0])} ${up(z[1])})`);
    paint(image, [decode(layers, z)], 1, width, height);
    const place = `z = (${fixed(z[0], 2)}, ${fixed(z[1], 2)})`, { name, distance } = nearest(points, z);
    const next = name === null ? "" : ` The nearest encoded digit, ${fixed(distance, 2)} away, is ${name === "8" ? "an" : "a"} ${name}.`;
    words.replaceChildren(h("b", {}, place), ".", next);
    image.setAttribute("aria-label", `The image decoded at ${place}.${next}`);
    plane.setAttribute("aria-label", `Latent plane, at ${place}. Arrow keys move, with Shift faster; Home goes to the middle.`);
    for (const control of controls) control.draw();
  }

  const columns = "display: grid; gap: 0.75rem 1.25rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr)); align-items: start";
  mountIn(el, model, h("div", { class: "gb-choices" }, controls[0].el),
    h("div", { style: columns }, plane,
      h("div", { style: "display: grid; gap: 0.5rem" }, image, words)),
    h("div", {}, controls[1].el, controls[2].el));
  model.on("change", update);
  update();
  return () => model.off("change", update);
}

export default { render };
