// What our widgets share. Python puts this text before each widget's module, so that
// a module stays one file that needs nothing else.

/** An element with attributes (on... listens, --... is a CSS variable) and children. */
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

/** Uniform numbers below 1 from a seed (mulberry32): each reader sees the same points. */
function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A standard normal number out of two uniform ones (Box and Muller). */
const gaussian = (next) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

const ICONS = {
  first: "M5 4v12M15 4l-6 6 6 6",
  previous: "M13 4l-6 6 6 6",
  next: "M7 4l6 6-6 6",
  play: "M6 3l11 7-11 7z",
  pause: "M6 4v12M14 4v12",
};

function dress(button, label, icon) {
  button.title = label;
  button.setAttribute("aria-label", label);
  button.querySelector("path").setAttribute("d", ICONS[icon]);
}

function iconButton(label, icon, onclick) {
  const button = h("button", { type: "button", class: "gb-button", onclick });
  button.innerHTML = '<svg viewBox="0 0 20 20" aria-hidden="true"><path/></svg>';
  dress(button, label, icon);
  return button;
}

/**
 * Buttons and a slider that step through the positions 0 to `last`.
 *
 * word: what a position is called, as in "Next step".
 * state(): { position, last, text, interval }, with the milliseconds between two steps.
 * go(position): moves there; the widget redraws, and calls draw() of what we return.
 * after(position, starting): where playing goes next, or null to stop.
 */
function transport({ word, state, go, after }) {
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    draw();
  };
  const move = (to) => () => {
    const { position, last } = state(), target = to(position);
    stop();
    go(Math.max(0, Math.min(last, target)));
  };
  const advance = (starting) => {
    const next = after(state().position, starting);
    if (next === null) stop();
    else go(next);
  };
  const play = iconButton("Play", "play", () => {
    if (timer) return stop();
    timer = setInterval(() => advance(false), state().interval);
    advance(true);
  });
  const slider = h("input", {
    type: "range", min: 0, step: 1, "aria-label": word, oninput: move(() => Number(slider.value)),
  });
  const counter = h("span", { class: "gb-counter", "aria-hidden": true }); // the slider says it
  const small = word.toLowerCase();
  const el = h("div", { class: "gb-transport" },
    iconButton(`First ${small}`, "first", move(() => 0)),
    iconButton(`Previous ${small}`, "previous", move((position) => position - 1)),
    play,
    iconButton(`Next ${small}`, "next", move((position) => position + 1)),
    slider, counter);

  function draw() {
    const { position, last, text } = state();
    slider.max = last; // before the value, which it bounds
    slider.value = position;
    slider.setAttribute("aria-valuetext", text);
    counter.textContent = text;
    dress(play, timer ? "Pause" : "Play", timer ? "pause" : "play");
  }
  return { el, draw, stop, playing: () => timer !== 0, close: () => clearInterval(timer) };
}

/** Name the widget to readers and to our style sheet; put its parts in place. */
function mountIn(el, model, ...parts) {
  el.classList.add("gb-widget");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", model.get("label"));
  el.replaceChildren(...parts);
}

let svgSpace; // asked once, of an icon: no address in a page

/** An SVG element; attributes as in h(), except that nothing listens. */
function shape(tag, attributes = {}, ...children) {
  svgSpace ??= iconButton("", "play").querySelector("svg").namespaceURI;
  const node = document.createElementNS(svgSpace, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A number for readers: `digits` after the point, with a real minus sign. */
const fixed = (value, digits = 3) =>
  (Number.isFinite(value) ? value.toFixed(digits).replace(/^-(?=0\.?0*$)/, "").replace("-", "−")
    : value > 0 ? "∞" : value < 0 ? "−∞" : "undefined");

/** One of a few options (pairs of value and name), bound to a trait. */
function choice(model, trait, legend, options) {
  const group = `${trait}-${Math.random().toString(36).slice(2)}`;
  const inputs = options.map(([value, name]) => {
    const input = h("input", {
      type: "radio", name: group, value,
      onchange() { model.set(trait, value); model.save_changes(); },
    });
    return [input, h("label", {}, input, h("span", {}, name))];
  });
  const el = h("fieldset", { class: "gb-choice" }, h("legend", {}, legend),
    h("div", { class: "gb-options" }, ...inputs.map(([, label]) => label)));
  return {
    el,
    draw() { for (const [input] of inputs) input.checked = input.value === model.get(trait); },
  };
}

/** A slider bound to a number: its name, its value in words beside it. */
function dial(model, trait, name, { min, max, step, digits = 2 }) {
  const output = h("span", { // not for screen readers: the slider says it
    class: "gb-counter", "aria-hidden": true, style: "min-width: 0",
  });
  const input = h("input", {
    type: "range", min, max, step, "aria-label": name, style: "min-width: 0",
    oninput() { model.set(trait, Number(input.value)); model.save_changes(); },
  });
  const columns = "display: grid; grid-template-columns: minmax(0, 9.5rem) minmax(3rem, 1fr) 3rem";
  const el = h("label", { class: "gb-transport", style: `${columns}; margin: 0` },
    h("span", { "aria-hidden": true }, name), input, output);
  return {
    el,
    draw() {
      input.value = model.get(trait);
      output.textContent = fixed(model.get(trait), digits);
      input.setAttribute("aria-valuetext", output.textContent);
    },
  };
}
