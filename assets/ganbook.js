// What scrolls sideways (a formula, a line of code, a table) can be reached by keyboard.
const WIDE =
  "mjx-container:is([display], .gb-wide), .pst-scrollable-table-container, " +
  ".bd-article :is(pre, .cell_output > div, div.math)";

// A formula in a line of text that is wider than the text scrolls by itself.
function holdFormulas() {
  const formulas = [...document.querySelectorAll(".bd-article span.math > mjx-container")];
  formulas.forEach((formula) => formula.classList.remove("gb-wide"));
  const wide = formulas.filter((formula) => {
    const room = formula.closest("p, li, dd, td, figcaption")?.clientWidth;
    return room && formula.getBoundingClientRect().width > room;
  });
  wide.forEach((formula) => formula.classList.add("gb-wide"));
}

function markWide() {
  for (const box of document.querySelectorAll(WIDE)) {
    const scrolls =
      box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX !== "visible";
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

function fit() {
  holdFormulas();
  markWide();
}

addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  fit();
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(document.body);
});
