// Two versions of one image under each other; a line says how much of which is seen.

// ------------------------------------------------------------------ geometry
// Plain functions of plain numbers. Places in the image are shares of its sides (0 to
// 1), so that they mean the same on every screen; lengths are image or screen pixels.

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/**
 * How large to draw: `scale` screen pixels for an image pixel, whole, so that squares
 * stay square; and the `view`, [width, height] in screen pixels, the same at each zoom.
 */
export function layout([width, height], room, zoom) {
  const base = Math.max(1, Math.floor(room / width));
  return { scale: base * zoom, view: [Math.min(Math.floor(room), width * base), height * base] };
}

/** The center nearest to `center` at which the view lies inside the image. */
export const settle = (center, size, { scale, view }) => center.map((share, i) => {
  const half = view[i] / scale / size[i] / 2; // half the view, as a share of the image
  return half >= 0.5 ? 0.5 : clamp(share, half, 1 - half);
});

/** The center after dragging the image by [dx, dy] screen pixels. */
export const pan = (center, [dx, dy], size, frame) =>
  settle([center[0] - dx / frame.scale / size[0], center[1] - dy / frame.scale / size[1]], size, frame);

/** Where the image's upper left corner goes, in whole screen pixels from the view's. */
export const origin = (center, size, frame) => settle(center, size, frame)
  .map((share, i) => Math.round(frame.view[i] / 2 - share * size[i] * frame.scale) + 0);

/** The divider's share of the view for a pointer `x` screen pixels from its left edge. */
export const shareAt = (x, { view }) => clamp(x / view[0], 0, 1);

/** How many image columns lie left of the divider. */
export const column = (share, center, size, frame) =>
  Math.round((share * frame.view[0] - origin(center, size, frame)[0]) / frame.scale);

/** Whether a part of the image lies outside the view. */
export const pannable = (size, { scale, view }) => view.some((room, i) => size[i] * scale > room);

/** What a press at `x` takes hold of: the line if it is near or nothing can be panned. */
export const grasp = (x, share, size, frame, reach = 22) =>
  (!pannable(size, frame) || Math.abs(x - share * frame.view[0]) <= reach ? "line" : "image");

// ------------------------------------------------------------------- drawing

const ROOM = 656; // the widest a view grows, in screen pixels
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** A menu bound to a trait: pick one of the names. */
function menu(model, trait, name, options) {
  const select = h("select", {
    onchange() { model.set(trait, select.value); model.save_changes(); },
  }, ...options.map((option) => h("option", { value: option }, option)));
  return {
    el: h("label", { class: "gb-menu" }, h("span", {}, name), select),
    draw() { select.value = model.get(trait); },
  };
}

function render({ model, el }) {
  const names = model.get("names"), size = [model.get("width"), model.get("height")];
  const zoom = () => Number(model.get("zoom")), center = () => [model.get("x"), model.get("y")];
  const controls = [
    menu(model, "left", "Left", names),
    menu(model, "right", "Right", names),
    choice(model, "zoom", "Zoom", ["1", "2", "4", "8"].map((n) => [n, `${n}×`])),
  ];
  // inline, since themes dim and frame pictures in dark mode; here colors are the matter
  const picture = () => h("img", { draggable: false, style: "padding:0;background:none;filter:none;border-radius:0" });
  const sides = ["left", "right"].map((trait) => {
    const image = picture(), tag = h("span", { class: "gb-tag", "aria-hidden": true });
    return { trait, image, tag, box: h("div", { class: `gb-side gb-${trait}` }, image, tag) };
  });
  const line = h("div", { class: "gb-line", "aria-hidden": true });
  const view = h("div", { class: "gb-view", role: "group", tabindex: 0 }, sides[1].box, sides[0].box, line);
  const slider = h("input", {
    type: "range", min: 0, max: 100, step: 1, "aria-label": "Line between left and right",
    oninput() { model.set("divider", Number(slider.value) / 100); model.save_changes(); },
  });
  const notes = h("output", { class: "gb-formula gb-notes", "aria-live": "polite" });
  const hint = h("p", { class: "gb-legend" });
  const stage = h("div", {}, view);

  const frame = () => {
    const room = Math.min(ROOM, stage.getBoundingClientRect().width || ROOM);
    return layout(size, room, zoom());
  };

  function moveTo(place) {
    [["x", place[0]], ["y", place[1]]].forEach(([trait, value]) => model.set(trait, value));
  }

  let held = null; // what the pointer holds, and where it was
  view.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const left = view.getBoundingClientRect().left;
    const what = grasp(event.clientX - left, model.get("divider"), size, frame());
    held = { what, x: event.clientX, y: event.clientY };
    view.setPointerCapture(event.pointerId);
    if (what === "line") model.set("divider", shareAt(event.clientX - left, frame()));
  });
  view.addEventListener("pointermove", (event) => {
    if (!held) return;
    if (held.what === "line") {
      model.set("divider", shareAt(event.clientX - view.getBoundingClientRect().left, frame()));
    } else {
      moveTo(pan(center(), [event.clientX - held.x, event.clientY - held.y], size, frame()));
      Object.assign(held, { x: event.clientX, y: event.clientY });
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    view.addEventListener(end, () => {
      if (held) model.save_changes();
      held = null;
    });
  }
  view.addEventListener("keydown", (event) => {
    const way = ARROWS[event.key], now = frame();
    if (!way || !pannable(size, now)) return;
    event.preventDefault(); // the page stays, the image moves by an eighth of the view
    moveTo(pan(center(), way.map((sign, i) => (sign * now.view[i]) / 8), size, now));
    model.save_changes();
  });

  function update() {
    const now = frame(), share = model.get("divider"), [left, top] = origin(center(), size, now);
    const pans = pannable(size, now);
    view.style.width = `${now.view[0]}px`;
    view.style.height = `${now.view[1]}px`;
    view.style.touchAction = zoom() === 1 ? "pan-y" : "none"; // zoomed, a finger moves it all ways
    view.style.setProperty("--divider", `${100 * share}%`);
    view.setAttribute("aria-label", `The two images${pans ? ": arrow keys move the view" : ""}`);
    for (const { trait, image, tag } of sides) {
      const name = model.get(trait), source = model.get("images")[names.indexOf(name)];
      if (image.src !== source) image.src = source;
      image.alt = `${model.get("alt")}: ${name}`;
      image.style.width = `${size[0] * now.scale}px`;
      image.style.height = `${size[1] * now.scale}px`;
      image.style.transform = `translate(${left}px, ${top}px)`;
      tag.textContent = name;
    }
    slider.value = 100 * share;
    slider.setAttribute("aria-valuetext",
      `column ${clamp(column(share, center(), size, now), 0, size[0])} of ${size[0]}`);
    hint.textContent = pans ? "Drag the line or the image; the arrow keys move the image when it has the focus."
      : "Drag the line, or move it with the slider.";
    for (const control of controls) control.draw();
  }

  function write() { // only when the names change: a screen reader reads this out
    notes.replaceChildren(...sides.map(({ trait }) => {
      const name = model.get(trait), note = model.get("notes")[names.indexOf(name)];
      return h("span", {}, h("b", {}, name), note ? `: ${note}` : "");
    }));
  }

  mountIn(el, model, h("div", { class: "gb-choices" }, ...controls.map((control) => control.el)),
    stage, h("div", { class: "gb-transport" }, slider), notes, hint);
  const both = "change:left change:right";
  model.on("change", update);
  model.on(both, write);
  const resized = new ResizeObserver(update);
  resized.observe(stage);
  update();
  write();
  return () => {
    resized.disconnect();
    model.off("change", update);
    model.off(both, write);
  };
}

export default { render };
