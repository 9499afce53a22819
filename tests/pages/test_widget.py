"""The widget of the static page moves: by mouse and by keyboard, without a kernel."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator

from tests.pages.conftest import Visit

PAGE = "book/transposed-convolution.html"


@pytest.fixture
def widget(visit: Visit, html: Path) -> Locator:
    visit.open((html / PAGE).as_uri())
    widget = visit.page.locator(".gb-widget").first
    widget.wait_for()
    widget.scroll_into_view_if_needed()
    return widget


def test_slider_moves_by_keyboard(widget: Locator) -> None:
    slider = widget.locator("input[type=range]").first
    slider.focus()
    slider.press("Home")
    first = widget.inner_text()
    slider.press("ArrowRight")
    assert widget.inner_text() != first
    slider.press("Home")
    assert widget.inner_text() == first


def test_buttons_step_by_mouse(widget: Locator) -> None:
    slider = widget.locator("input[type=range]").first
    slider.press("Home")
    before = slider.input_value()
    widget.get_by_role("button", name="Next").click()
    assert float(slider.input_value()) == float(before) + 1


def test_edited_number_changes_the_output(widget: Locator) -> None:
    slider = widget.locator("input[type=range]").first
    slider.press("End")
    before = widget.inner_text()
    cell = widget.locator("[role=gridcell] input, .gb-cell input").first
    cell.fill("7")
    cell.press("Enter")
    assert widget.inner_text() != before


def test_moves_on_a_phone(visit: Visit, html: Path) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    visit.open((html / PAGE).as_uri())
    slider = visit.page.locator(".gb-widget input[type=range]").first
    box = slider.bounding_box()
    assert box is not None
    assert 0 <= box["x"]
    assert box["x"] + box["width"] <= 375
    slider.press("End")
    assert slider.input_value() == slider.get_attribute("max")
