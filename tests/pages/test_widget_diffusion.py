"""The diffusion widget in a bare page: scrubbed, dragged and walked back."""

import re

import pytest
import torch
from playwright.sync_api import Locator, expect

from ganbook.widgets import DiffusionTime
from tests.pages.conftest import Show, Visit

DIGITS = torch.zeros(2, 28, 28, dtype=torch.uint8)
DIGITS[0, 4:24, 4:24] = 255


def share(widget: Locator) -> float:
    """Read how many walkers arrive."""
    found = re.search(r"steps ([\d.]+) %", widget.locator("output").inner_text())
    assert found
    return float(found[1])


def test_scrubbing_says_how_much_is_left(show: Show) -> None:
    (widget,) = show(DiffusionTime(time=500))
    words, time = widget.locator("output"), widget.get_by_role("slider", name="Time")
    alpha_bar = DiffusionTime().alpha_bar
    expect(words).to_contain_text(f"signal {alpha_bar[500] ** 0.5:.3f}")
    time.focus()
    time.press("ArrowRight")
    expect(words).to_contain_text("At t = 501")
    time.press("Home")
    expect(words).to_contain_text("signal 1.000, noise 0.000")
    expect(words).to_contain_text("off by 0.000 per coordinate")


def test_more_steps_arrive_more_often(show: Show) -> None:
    (widget,) = show(DiffusionTime(direction="back", time=0, steps=2))
    few = share(widget)
    steps = widget.get_by_role("slider", name="Steps back")
    steps.focus()
    for _ in range(30):
        steps.press("ArrowRight")
    assert share(widget) > few + 20
    assert share(widget) > 95
    widget.get_by_role("radio", name="add noise").check()
    expect(steps).to_be_hidden()


def test_dragging_the_dot_moves_time_and_schedule(show: Show, visit: Visit) -> None:
    (widget,) = show(DiffusionTime(time=500))
    box = widget.locator("svg[aria-label*='schedule, shifted']").bounding_box()
    assert box
    mouse = visit.page.mouse
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"])
    mouse.up()
    shift = widget.get_by_role("slider", name="Shift of log SNR")
    assert float(shift.input_value()) > 1
    assert 600 < int(widget.get_by_role("slider", name="Time").input_value()) < 900


def test_digits_are_offered_only_where_they_are(show: Show) -> None:
    plain, full = show(DiffusionTime(), DiffusionTime(DIGITS, data="digits", time=300))
    expect(plain.get_by_role("radio", name="digits")).to_have_count(0)
    expect(full.locator("canvas")).to_be_visible()
    full.get_by_role("radio", name="walk back").check()
    expect(full.locator("output")).to_contain_text("one of the 2 digits")
    full.get_by_role("radio", name="eight spots").check()
    expect(full.locator("canvas")).to_be_hidden()


@pytest.mark.parametrize("data", ["spiral", "digits"])
def test_fits_a_phone(show: Show, visit: Visit, data: str) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    show(DiffusionTime(DIGITS, data=data, direction="back"))
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
