// What scrolls sideways (a formula, a line of code, a table) can be reached by keyboard.
const WIDE =
  "mjx-container[display], .pst-scrollable-table-container, " +
  ".bd-article :is(pre, .cell_output > div, div.math)";

function markWide() {
  for (const box of document.querySelectorAll(WIDE)) {
    const scrolls =
      box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX !== "visible";
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  markWide();
  new ResizeObserver(markWide).observe(document.body);
});
