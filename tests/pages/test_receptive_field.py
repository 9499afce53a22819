"""The widget of the chapter on depth in a bare page: mouse, keyboard, phone."""

import re

import pytest
import torch
from playwright.sync_api import Locator, expect

from ganbook.widgets import ReceptiveField
from tests.pages.conftest import Show, Visit


def said(widget: Locator, name: str) -> str:
    found = re.search(
        rf"{re.escape(name)} (\S+)", widget.locator("output").inner_text()
    )
    assert found
    return found[1]


def test_it_shows_the_field_of_a_unit(show: Show, visit: Visit) -> None:
    widget = ReceptiveField(torch.rand(1, 28, 28), layers=2, row=3, column=3)
    (shown,) = show(widget)
    assert said(shown, "field") == "\N{MULTIPLICATION SIGN}".join(
        [str(widget.reach.size)] * 2
    )
    assert said(shown, "pixels that it sees:") == "49"
    label = shown.get_by_role("img").first.get_attribute("aria-label")
    assert "from row 12 and column 12; 49 pixels" in label


def test_the_keyboard_builds_the_stack(show: Show, visit: Visit) -> None:
    (shown,) = show(ReceptiveField(layers=5))
    layers = shown.get_by_role("group", name="Layers")
    layers.get_by_role("radio", name="5").press("ArrowRight")
    expect(shown.locator("tbody tr")).to_have_count(6)
    assert said(shown, "parameters:") == "25,145,856"
    assert said(shown, "of them never used:") == "19,398,656"
    slider = shown.get_by_role("slider", name="Unit, row")
    expect(slider).to_have_attribute("aria-valuetext", "1 of 1")
    zeros = shown.get_by_role("group", name="Zeros")
    zeros.get_by_role("radio", name="same").press("ArrowLeft")
    expect(shown.locator("tbody tr")).to_have_count(3)
    expect(shown.locator(".gb-note")).to_contain_text("Only 3 of 6 layers fit")


def test_the_unit_moves(show: Show, visit: Visit) -> None:
    (shown,) = show(ReceptiveField(layers=1, row=0, column=0))
    slider = shown.get_by_role("slider", name="Unit, column")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "14 of 14")
    assert said(shown, "pixels that it sees:") == "6"  # a column of zeros


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone(show: Show, visit: Visit, theme: str) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 900})
    show(ReceptiveField(layers=6), theme=theme)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375


@pytest.mark.parametrize("width", [375, 640, 760])
def test_the_table_fits_its_frame(show: Show, visit: Visit, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 900})
    (shown,) = show(ReceptiveField(layers=6))
    table = shown.get_by_role("table")
    room = "table => [table.scrollWidth, table.parentElement.clientWidth]"
    wide, frame = table.evaluate(room)
    assert wide <= frame
