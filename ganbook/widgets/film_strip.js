// A strip of images: scrub with the slider, step with the arrows, or play.

/** The frame after `position`; playing wraps round, as a loop does. */
export const following = (position, count) => (position + 1) % count;

/** How many screen pixels one image pixel takes: whole, so that squares stay square. */
export const zoom = (width, room) => Math.max(1, Math.floor(room / width));

const ICONS = { back: "M13 4l-6 6 6 6", next: "M7 4l6 6-6 6", play: "M6 3l11 7-11 7z", pause: "M6 4v12M14 4v12" };
const ROOM = 656; // the widest a strip grows, in screen pixels

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function iconButton(label, icon, onclick) {
  const button = make("button", { type: "button", class: "gb-button", "aria-label": label, title: label });
  button.innerHTML = `<svg viewBox="0 0 20 20" aria-hidden="true"><path d="${ICONS[icon]}"/></svg>`;
  button.addEventListener("click", onclick);
  return button;
}

function render({ model, el }) {
  let timer = 0;
  const count = () => model.get("frames").length;
  const show = (position) => {
    model.set("position", Math.max(0, Math.min(count() - 1, position)));
    model.save_changes();
  };
  const stop = () => { clearInterval(timer); timer = 0; update(); };
  const step = (by) => () => { stop(); show(model.get("position") + by); };
  const play = () => {
    if (timer) return stop();
    timer = setInterval(() => show(following(model.get("position"), count())), 1000 / model.get("fps"));
    update();
  };

  const image = make("img", { class: "gb-film" });
  const caption = make("span", { class: "gb-counter", "aria-hidden": "true" }); // the slider says it
  const slider = make("input", { type: "range", min: 0, step: 1, "aria-label": "Frame" });
  slider.addEventListener("input", () => { const to = Number(slider.value); stop(); show(to); });
  const playButton = iconButton("Play", "play", play);

  function update() {
    const position = Math.min(model.get("position"), count() - 1), label = model.get("labels")[position];
    const width = model.get("width") * zoom(model.get("width"), ROOM);
    image.style.width = `${width}px`;
    image.style.aspectRatio = `${model.get("width")} / ${model.get("height")}`;
    image.src = model.get("frames")[position];
    image.alt = `${model.get("alt")}: ${label}`;
    caption.textContent = label;
    slider.max = count() - 1;
    slider.value = position;
    slider.setAttribute("aria-valuetext", label);
    playButton.setAttribute("aria-label", timer ? "Pause" : "Play");
    playButton.title = timer ? "Pause" : "Play";
    playButton.querySelector("path").setAttribute("d", timer ? ICONS.pause : ICONS.play);
  }

  el.classList.add("gb-widget");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", model.get("label"));
  el.replaceChildren(
    make("div", { class: "gb-screen" }, image),
    make("div", { class: "gb-transport" }, iconButton("Previous frame", "back", step(-1)), playButton,
      iconButton("Next frame", "next", step(1)), slider, caption),
  );
  model.on("change", update);
  update();
  return () => { clearInterval(timer); model.off("change", update); };
}

export default { render };
