// Brings the widgets of a page to life without a kernel. Every widget carries this
// script; whichever runs first mounts all that wait, so no ids are needed.

// The part of anywidget's model that our modules use, over a plain object.
function pageModel(state) {
  const listeners = new Map();
  const of = (name) => listeners.get(name) ?? listeners.set(name, new Set()).get(name);
  return {
    get: (name) => state[name],
    set(name, value) {
      if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
      state[name] = value;
      for (const event of [`change:${name}`, "change"]) for (const f of [...of(event)]) f();
    },
    save_changes() {},
    on: (events, f) => events.split(" ").forEach((name) => of(name).add(f)),
    off: (events, f) => events.split(" ").forEach((name) => (f ? of(name).delete(f) : of(name).clear())),
  };
}

async function mount(el) {
  const { module, style, state } = JSON.parse(el.querySelector("script").textContent);
  if (!document.getElementById("gb-widget-style")) {
    const sheet = document.createElement("style");
    sheet.id = "gb-widget-style";
    sheet.textContent = style;
    document.head.append(sheet);
  }
  const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  try {
    const { default: widget } = await import(url);
    el.replaceChildren(); // the description has served
    await widget.render({ model: pageModel(state), el });
    el.dataset.gbWidget = "ready";
  } finally {
    URL.revokeObjectURL(url);
  }
}

for (const el of document.querySelectorAll('[data-gb-widget=""]')) {
  el.dataset.gbWidget = "loading";
  mount(el).catch((error) => console.error("A widget did not start:", error));
}
