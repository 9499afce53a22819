"""The GAN that trains in the page, as a reader meets it."""

import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from ganbook.widgets import PlayGan
from tests.pages.conftest import Visit


def show(visit: Visit, tmp_path: Path, *widgets: PlayGan) -> list[Locator]:
    page = tmp_path / "page.html"
    page.write_text(
        '<!doctype html><html lang="en"><title>Widgets</title><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><body>'
        + "<hr>".join(widget.to_html() for widget in widgets),
        encoding="utf-8",
    )
    visit.open(page.as_uri())
    found = visit.page.locator('[data-gb-widget="ready"]')
    expect(found).to_have_count(len(widgets))
    return found.all()


def test_it_waits_steps_resets_and_repeats(visit: Visit, tmp_path: Path) -> None:
    first, second = show(visit, tmp_path, PlayGan(), PlayGan(seed=1))
    numbers, others = first.locator("output"), second.locator("output")
    expect(numbers).to_contain_text("step 0")
    first.get_by_role("button", name="100 steps").click()
    expect(numbers).to_contain_text("step 100")
    expect(others).to_contain_text("step 0")
    then = numbers.inner_text()
    first.get_by_role("button", name="One step").press("Enter")
    expect(numbers).to_contain_text("step 101")
    first.get_by_role("button", name="Reset").click()
    expect(numbers).to_contain_text("step 0")
    second.get_by_label("Seed").select_option("0")
    second.get_by_role("button", name="100 steps").click()
    assert others.inner_text() == then
    assert visit.errors == visit.foreign == []


def test_it_plays_until_paused(visit: Visit, tmp_path: Path) -> None:
    (widget,) = show(visit, tmp_path, PlayGan(data="grid of 9", loss="hinge"))
    widget.get_by_role("button", name="Play").click()
    expect(widget.locator("output")).not_to_contain_text("step 0")
    widget.get_by_label("Discriminator held by").select_option("spectral norm")
    widget.get_by_role("button", name="Pause").click()
    before = widget.locator("output").inner_text()
    visit.page.wait_for_timeout(300)
    assert widget.locator("output").inner_text() == before
    canvas = widget.locator("canvas")
    expect(canvas).to_have_attribute(
        "aria-label", re.compile(r"after \d+ steps: data \(grid of 9\).* of 9 modes")
    )
    assert visit.errors == []


def test_a_score_is_never_right(visit: Visit, tmp_path: Path) -> None:
    (widget,) = show(visit, tmp_path, PlayGan(loss="Wasserstein"))
    right = widget.get_by_text("discriminator right: ")
    expect(right).to_have_text("discriminator right: \u2013 (a score has no zero)")
    dotted = widget.locator("path[stroke-dasharray='2 3']")
    expect(dotted).to_have_attribute("d", "")
    widget.get_by_label("Loss").select_option("hinge")
    expect(right).to_have_text(re.compile(r"right: \d+ %"))
    expect(dotted).to_have_attribute("d", re.compile("^M"))


def test_taken_out_and_put_back_it_plays_on(visit: Visit, tmp_path: Path) -> None:
    (widget,) = show(visit, tmp_path, PlayGan())
    look = "canvas => canvas.toDataURL()"
    canvas, then = widget.locator("canvas"), widget.locator("canvas").evaluate(look)
    leave = """async () => {
      const frames = async () => {
        for (let i = 0; i < 3; i += 1) await new Promise(requestAnimationFrame);
      };
      const el = document.querySelector(".gb-widget");
      el.remove();
      document.documentElement.dataset.theme = "light"; // draws it, without colors
      await frames();
      document.body.append(el);
      await frames();
    }"""
    visit.page.evaluate(leave)
    assert canvas.evaluate(look) == then
    play = widget.get_by_role("button", name="Play")
    play.click()
    visit.page.evaluate(leave)
    before = widget.locator("output").inner_text()
    play.click()
    expect(widget.locator("output")).not_to_have_text(before)


def test_it_fits_a_phone(visit: Visit, tmp_path: Path) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    show(visit, tmp_path, PlayGan(data="two moons"))
    width = visit.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 375
