// What scrolls sideways (a long formula, a long line of code) can be reached by keyboard.
const WIDE = "mjx-container[display], .bd-article pre, .bd-article .cell_output > div";

function markWide() {
  for (const box of document.querySelectorAll(WIDE)) {
    const scrolls =
      box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  markWide();
  new ResizeObserver(markWide).observe(document.body);
});
