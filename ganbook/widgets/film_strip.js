// A strip of images: scrub with the slider, step with the arrows, or play.

/** The frame after `position`; playing wraps round, as a loop does. */
export const following = (position, count) => (position + 1) % count;

/** How many screen pixels one image pixel takes: whole, so that squares stay square. */
export const zoom = (width, room) => Math.max(1, Math.floor(room / width));

const ROOM = 656; // the widest a strip grows, in screen pixels

function render({ model, el }) {
  const last = () => model.get("frames").length - 1;
  const position = () => Math.min(model.get("position"), last());
  const player = transport({
    word: "Frame",
    state: () => ({
      position: position(),
      last: last(),
      text: model.get("labels")[position()],
      interval: 1000 / model.get("fps"),
    }),
    go(to) {
      model.set("position", to);
      model.save_changes();
    },
    after: (from) => following(from, last() + 1),
  });
  const image = h("img", { class: "gb-film" });

  function update() {
    const width = model.get("width"), height = model.get("height");
    image.style.width = `${width * zoom(width, ROOM)}px`;
    image.style.aspectRatio = `${width} / ${height}`;
    image.src = model.get("frames")[position()];
    image.alt = `${model.get("alt")}: ${model.get("labels")[position()]}`;
    player.draw();
  }

  mountIn(el, model, h("div", { class: "gb-screen" }, image), player.el);
  model.on("change", update);
  update();
  return () => {
    player.close();
    model.off("change", update);
  };
}

export default { render };
