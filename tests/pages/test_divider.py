"""The divider in a bare page: mouse, keyboard, phone, both modes."""

import io

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Locator, expect

from ganbook.widgets import Divider
from tests.pages.conftest import Show, Visit

COLORS = {"low": (200, 0, 0), "bicubic": (0, 160, 0), "truth": (0, 0, 220)}


def stripes(**traits: object) -> Divider:
    """Three images of one color, 64 x 48, with a white column at 16."""
    images = {}
    for name, color in COLORS.items():
        images[name] = np.full((48, 64, 3), color, np.uint8)
        images[name][:, 16] = 255
    return Divider(images, "Stripes", {"low": "20 dB"}, **traits)


def box(locator: Locator) -> dict[str, float]:
    found = locator.bounding_box()
    assert found is not None
    return found


def pixel(view: Locator, x: float, y: float) -> tuple[int, ...]:
    """Return the color on the screen at a place of the view, in screen pixels."""
    png = Image.open(io.BytesIO(view.screenshot())).convert("RGB")
    return png.getpixel((round(x), round(y)))


def test_left_and_right_of_the_line(show: Show, visit: Visit) -> None:
    (widget,) = show(stripes())
    view = widget.locator(".gb-view")
    size = box(view)
    assert (size["width"], size["height"]) == (640, 480)  # ten screen pixels each
    assert pixel(view, 100, 400) == COLORS["low"]
    assert pixel(view, 500, 400) == COLORS["truth"]
    assert pixel(view, 165, 400) == (255, 255, 255)  # crisp, up to its edges
    assert pixel(view, 161, 400) == (255, 255, 255)
    assert pixel(view, 159, 400) == COLORS["low"]


def test_the_mouse_drags_the_line(show: Show, visit: Visit) -> None:
    (widget,) = show(stripes())
    view = widget.locator(".gb-view")
    place = box(view)
    visit.page.mouse.move(place["x"] + 320, place["y"] + 100)
    visit.page.mouse.down()
    visit.page.mouse.move(place["x"] + 64, place["y"] + 100)
    visit.page.mouse.up()
    slider = widget.get_by_role("slider")
    expect(slider).to_have_value("10")
    expect(slider).to_have_attribute("aria-valuetext", "column 6 of 64")
    assert pixel(view, 300, 400) == COLORS["truth"]


def test_keyboard_moves_line_choice_and_view(show: Show, visit: Visit) -> None:
    (widget,) = show(stripes())
    view, slider = widget.locator(".gb-view"), widget.get_by_role("slider")
    slider.press("End")
    assert pixel(view, 620, 400) == COLORS["low"]
    widget.get_by_role("combobox", name="Left").select_option("bicubic")
    assert pixel(view, 620, 400) == COLORS["bicubic"]
    expect(widget.locator("output")).to_have_text("bicubictruth")
    image = view.locator(".gb-left img")
    expect(image).to_have_attribute("alt", "Stripes: bicubic")
    widget.get_by_role("radio", name="4").check()
    expect(view).to_have_attribute(
        "aria-label", "The two images: arrow keys move the view"
    )
    before = box(image)
    view.press("ArrowLeft")
    view.press("ArrowUp")
    after = box(image)
    assert (after["x"] - before["x"], after["y"] - before["y"]) == (80, 60)
    for _ in range(20):
        view.press("ArrowRight")
    place, edge = box(view), box(image)
    assert edge["x"] + edge["width"] == place["x"] + place["width"]


def test_zoomed_the_image_is_dragged(show: Show, visit: Visit) -> None:
    (widget,) = show(stripes(zoom="2"))
    view, image = widget.locator(".gb-view"), widget.locator(".gb-left img")
    place, before = box(view), box(image)
    visit.page.mouse.move(place["x"] + 100, place["y"] + 100)
    visit.page.mouse.down()
    visit.page.mouse.move(place["x"] + 130, place["y"] + 80)
    visit.page.mouse.up()
    after = box(image)
    assert (after["x"] - before["x"], after["y"] - before["y"]) == (30, -20)
    expect(widget.get_by_role("slider")).to_have_value("50")  # the line stayed


def test_notes_stand_under_the_pair(show: Show) -> None:
    (widget,) = show(stripes())
    expect(widget.locator("output")).to_have_text("low: 20 dBtruth")
    widget.get_by_role("combobox", name="Right").select_option("low")
    expect(widget.locator("output")).to_have_text("low: 20 dBlow: 20 dB")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone_and_axe_is_content(
    show: Show, visit: Visit, theme: str
) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    wide = {name: np.full((200, 384, 3), c, np.uint8) for name, c in COLORS.items()}
    (first, _) = show(Divider(wide, "Colors", zoom="2"), stripes(), theme=theme)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
    place = box(first.locator(".gb-view"))
    assert place["x"] >= 0 and place["x"] + place["width"] <= 375
    found = Axe().run(visit.page, context=".gb-widget").response["violations"]
    assert [violation["id"] for violation in found] == []


def test_all_of_a_wide_image_can_be_reached(show: Show, visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    wide = {name: np.full((100, 600, 3), c, np.uint8) for name, c in COLORS.items()}
    (widget,) = show(Divider(wide, "Colors"))
    view, slider = widget.locator(".gb-view"), widget.get_by_role("slider")
    slider.press("End")
    for _ in range(10):
        view.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "column 600 of 600")
    place = box(view)
    visit.page.mouse.move(place["x"] + 50, place["y"] + 50)
    visit.page.mouse.down()
    visit.page.mouse.move(place["x"] + 150, place["y"] + 50)
    visit.page.mouse.up()
    expect(slider).to_have_attribute("aria-valuetext", "column 500 of 600")


def test_a_finger_drags_the_line(show: Show, visit: Visit) -> None:
    (widget,) = show(stripes())
    view = widget.locator(".gb-view")
    place = box(view)
    touch = {"pointerType": "touch", "pointerId": 1, "button": 0, "bubbles": True}
    at = {"clientX": place["x"] + 160, "clientY": place["y"] + 50}
    view.evaluate("view => { view.setPointerCapture = () => {}; }")  # no real finger
    for event in ("pointerdown", "pointermove", "pointerup"):
        view.dispatch_event(event, touch | at)
    expect(widget.get_by_role("slider")).to_have_value("25")
    assert view.evaluate("view => getComputedStyle(view).touchAction") == "pan-y"
    widget.get_by_role("radio", name="2").check()
    assert view.evaluate("view => getComputedStyle(view).touchAction") == "none"
