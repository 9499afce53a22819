"""The widget of the measuring chapter in a bare page: mouse, keyboard, phone."""

import re

import pytest
from playwright.sync_api import Locator, expect

from ganbook.widgets import TwoClouds
from ganbook.widgets.two_clouds import DATA
from tests.pages.conftest import Show, Visit


def number(widget: Locator, name: str) -> float:
    text = widget.locator("output").inner_text()
    found = re.search(rf"{re.escape(name)} = ([\d.]+)", text)
    assert found, text
    return float(found[1])


def test_it_shows_the_distance_of_the_distributions(show: Show, visit: Visit) -> None:
    widget = TwoClouds(x=1.0, y=-0.5, along=0.4, across=1.2, turn=70.0)
    (shown,) = show(widget)
    expected = sum(widget.parts)
    assert number(shown, "FD of the distributions") == pytest.approx(expected, abs=6e-4)


def test_more_points_come_closer_to_it(show: Show, visit: Visit) -> None:
    (shown,) = show(TwoClouds(**DATA))
    slider = shown.get_by_role("slider", name="Points in each cloud")
    slider.press("Home")
    few = number(shown, "mean FD of 5 points")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "1000")
    assert number(shown, "mean FD of 1000 points") < few / 50
    before = number(shown, "FD of these points")
    shown.get_by_role("button", name="Draw again").press("Enter")
    assert number(shown, "FD of these points") != before


def test_the_cloud_can_be_dragged(show: Show, visit: Visit) -> None:
    (shown,) = show(TwoClouds(x=0.0, y=0.0))
    plane = shown.get_by_role("img").first
    box = plane.bounding_box()
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(*at)
    visit.page.mouse.down()
    visit.page.mouse.move(at[0] + box["width"] / 5, at[1])  # a fifth of ten units
    visit.page.mouse.up()
    slider = shown.get_by_role("slider", name="Shift right")
    expect(slider).to_have_attribute("aria-valuetext", "2.0")
    assert "2.0, 0.0" in plane.get_attribute("aria-label")


def test_a_flat_cloud_keeps_its_ring(show: Show, visit: Visit) -> None:
    (shown,) = show(TwoClouds(along=0.0))
    ring = shown.locator("ellipse[stroke-dasharray='7 4']")
    assert float(ring.get_attribute("rx")) > 0  # SVG draws no ellipse of radius 0


def test_only_what_is_dragged_holds_a_finger(show: Show, visit: Visit) -> None:
    (shown,) = show(TwoClouds())
    actions = shown.get_by_role("img").evaluate_all(
        "pictures => pictures.map(picture => getComputedStyle(picture).touchAction)"
    )
    assert actions == ["none", "auto"]  # the plane, the chart


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone(show: Show, visit: Visit, theme: str) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 900})
    show(TwoClouds(samples=1000), theme=theme)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
