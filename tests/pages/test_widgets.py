"""Widgets in a bare page, opened from a file: no book, no kernel, no network."""

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from ganbook.widgets import FilmStrip, TransposedConvolution
from tests.pages.conftest import Show, Visit


def output_of(widget: Locator) -> list[list[float]]:
    """Read the numbers of the output grid as a reader sees them."""
    rows = widget.locator("[role=row]").evaluate_all(
        "rows => rows.map(row => [...row.children].map(cell =>"
        " cell.firstChild.textContent.replace('\\u2212', '-')))"
    )
    return [[float(value) for value in row] for row in rows]


def film(alt: str = "Gray squares") -> FilmStrip:
    frames = [np.full((20, 30), shade, np.uint8) for shade in (0, 120, 240)]
    return FilmStrip(frames, ["step 100", "step 195", "step 390"], alt, fps=20)


def test_each_widget_of_a_page_keeps_to_itself(show: Show) -> None:
    example = TransposedConvolution(position=4)
    first, second, strip = show(example, TransposedConvolution(position=4), film())
    first.get_by_label("Input, row 0, column 0").fill("5")
    assert output_of(first)[0] == [20, 9, 1]
    assert output_of(second) == example.output.tolist()
    expect(strip.locator("img")).to_have_attribute("alt", "Gray squares: step 100")


def test_page_computes_what_torch_computes(show: Show) -> None:
    values = {
        "input": [[1, -2, 0.5], [0, 3, 1], [2, 2, -1]],
        "kernel": [[1, 2, 0], [0, -1, 3], [2, 0.5, 1]],
        "stride": 2,
        "padding": 1,
        "output_padding": 1,
        "view": "gather",
    }
    widget = TransposedConvolution(**values, position=36)
    (shown,) = show(widget)
    np.testing.assert_allclose(output_of(shown), widget.output.numpy(), atol=0.005)
    shown.get_by_role("radio", name="Scatter").check()
    canvas = np.array(output_of(shown))  # scatter shows what padding crops, too
    np.testing.assert_allclose(canvas[1:7, 1:7], widget.output.numpy(), atol=0.005)
    assert shown.locator("[role=gridcell].gb-cropped").count() == canvas.size - 36


def test_keyboard_alone_sets_sizes_and_steps(show: Show, visit: Visit) -> None:
    (widget,) = show(TransposedConvolution())
    press = visit.page.keyboard.press
    widget.get_by_role("radio", name="Scatter").focus()
    press("Tab")  # input size
    press("ArrowRight")
    assert len(output_of(widget)) == 4
    press("Tab")  # kernel size
    press("Tab")  # stride
    press("ArrowRight")
    assert len(output_of(widget)) == 6
    widget.get_by_role("slider").focus()
    press("Home")
    assert not np.any(output_of(widget))
    press("ArrowRight")
    press("ArrowRight")
    expect(widget.locator("output")).to_contain_text("1·4 = 4")


def test_a_refused_value_says_why_and_changes_nothing(show: Show) -> None:
    (widget,) = show(TransposedConvolution(position=4))
    padding = widget.get_by_role("group", name="Padding p")
    refused = padding.get_by_role("radio", name="2")
    expect(refused).to_have_attribute("aria-disabled", "true")
    before = output_of(widget)
    refused.click(force=True)
    expect(widget.locator(".gb-note")).to_contain_text("needs a kernel wider than 2")
    expect(padding.get_by_role("radio", name="0")).to_be_checked()
    assert output_of(widget) == before


def test_a_smaller_kernel_lowers_the_padding(show: Show) -> None:
    (widget,) = show(TransposedConvolution(padding=1, position=4))
    kernel = widget.get_by_role("group", name="Kernel k")
    kernel.get_by_role("radio", name="1").check()
    expect(widget.locator(".gb-note")).to_contain_text("p = 0")
    assert len(output_of(widget)) == 2


def test_half_typed_numbers_change_nothing(show: Show) -> None:
    (widget,) = show(TransposedConvolution(position=4))
    cell = widget.get_by_label("Kernel, row 0, column 0")
    before = output_of(widget)
    cell.fill("")
    assert output_of(widget) == before
    cell.blur()
    expect(cell).to_have_value("4")
    cell.fill("-1.5")
    assert output_of(widget)[0] == [0, -1.5, 1]


def test_chosen_output_cell_writes_its_sum(show: Show, visit: Visit) -> None:
    (widget,) = show(TransposedConvolution(position=4))
    widget.get_by_role("gridcell").nth(4).click()
    expect(widget.locator("output")).to_have_text(
        "y[1, 1] = 0·3 + 1·2 + 2·1 + 3·4 = 16"
    )
    visit.page.keyboard.press("ArrowRight")
    expect(widget.locator("output")).to_have_text("y[1, 2] = 1·3 + 3·1 = 6")
    expect(widget.locator("[role=gridcell]:focus")).to_have_text("6+3")


def test_play_runs_to_the_end_and_stops(show: Show) -> None:
    (widget,) = show(TransposedConvolution(view="gather", input=[[2]]))
    widget.get_by_role("button", name="Play").click()
    expect(widget.locator(".gb-counter")).to_have_text("4 / 4", timeout=15_000)
    expect(widget.get_by_role("button", name="Play")).to_be_visible(timeout=5_000)
    assert output_of(widget) == [[8, 2], [4, 6]]


def test_film_scrubs_plays_and_names_each_frame(show: Show) -> None:
    (strip,) = show(film())
    image, slider = strip.get_by_role("img").first, strip.get_by_role("slider")
    slider.press("End")
    expect(image).to_have_attribute("alt", "Gray squares: step 390")
    expect(slider).to_have_attribute("aria-valuetext", "step 390")
    strip.get_by_role("button", name="Previous").click()
    expect(image).to_have_attribute("alt", "Gray squares: step 195")
    box = image.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (630, 420)  # 21 screen pixels each
    strip.get_by_role("button", name="Play").click()
    expect(image).to_have_attribute("alt", "Gray squares: step 100")
    strip.get_by_role("button", name="Pause").click()


def test_hostile_text_is_text(show: Show, visit: Visit) -> None:
    alt = '</script><script>document.title = "broken"</script>'
    (strip,) = show(film(alt))
    assert strip.locator("img").get_attribute("alt") == f"{alt}: step 100"
    assert visit.page.title() == "Widgets"


@pytest.mark.parametrize("view", ["scatter", "gather"])
def test_the_largest_example_fits_a_phone(show: Show, visit: Visit, view: str) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    ones = np.ones((4, 4))
    sizes = {"input": ones, "kernel": ones, "stride": 3, "output_padding": 2}
    show(TransposedConvolution(**sizes, view=view, position=5), film())
    width = visit.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 375


def test_dark_pages_get_light_ink(show: Show) -> None:
    (widget,) = show(TransposedConvolution(), theme="dark")
    style = (
        "el => { const s = getComputedStyle(el); return [s.color, s.backgroundColor] }"
    )
    ink, paper = (
        sum(json.loads(f"[{color[4:-1]}]")) for color in widget.evaluate(style)
    )
    assert ink > 600 > 150 > paper


def test_without_scripts_the_description_stays(visit: Visit, tmp_path: Path) -> None:
    context = visit.page.context.browser.new_context(java_script_enabled=False)
    page = tmp_path / "still.html"
    page.write_text(TransposedConvolution().to_html() + film().to_html())
    still = context.new_page()
    still.goto(page.as_uri())
    expect(still.get_by_role("group").first).to_contain_text("[8, 16, 6]")
    expect(still.get_by_alt_text("Gray squares: step 390")).to_be_visible()
    context.close()
