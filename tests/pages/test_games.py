"""The widgets of the minimax chapter in a bare page: mouse, keyboard, phone."""

import re

import pytest
from playwright.sync_api import Locator

from ganbook.widgets import DensityGame, DiracGan
from tests.pages.conftest import Show, Visit


def number(widget: Locator, name: str) -> float:
    """Read a number that stands after its name in the widget's output."""
    text = widget.locator("output").first.inner_text().replace("\u2212", "-")
    found = re.search(rf"{re.escape(name)}\s*(-?[\d.]+)", text)
    assert found, text
    return float(found[1])


def move(dial: Locator, key: str, times: int) -> None:
    for _ in range(times):
        dial.press(key)


def test_densities_measure_what_torch_measures(show: Show) -> None:
    (widget,) = show(DensityGame(data="two", mean=1.0, deviation=0.8))
    dial = widget.get_by_role("slider", name="Generator: mean")
    move(dial, "ArrowRight", 4)
    expected = DensityGame(data="two", mean=1.2, deviation=0.8).divergence
    assert number(widget, "JSD = ") == pytest.approx(expected, abs=2e-3)
    assert number(widget, "JSD = ") > 0
    widget.get_by_role("radio", name="one Gaussian").check()
    expected = DensityGame(data="one", mean=1.2, deviation=0.8).divergence
    assert number(widget, "JSD = ") == pytest.approx(expected, abs=2e-3)
    assert "mean 1.20" in widget.get_by_role("img").first.get_attribute("aria-label")


def test_orbits_follow_the_chosen_game(show: Show) -> None:
    (widget,) = show(DiracGan(steps=100))
    position = widget.get_by_role("slider").last
    position.press("End")
    assert number(widget, "distance from (0, 0):") > 1  # simultaneous: outwards
    assert number(widget, "spectral radius:") > 1
    widget.get_by_role("radio", name="alternating").check()
    assert number(widget, "spectral radius:") == pytest.approx(1, abs=1e-4)
    widget.get_by_role("radio", name="R1").check()
    game = DiracGan(steps=100, updates="alternating", regularizer="r1")
    assert number(widget, "spectral radius:") == pytest.approx(
        game.spectral_radius, abs=1e-3
    )
    position.press("End")
    assert number(widget, "distance from (0, 0):") < 0.1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_fit_a_phone(show: Show, visit: Visit, theme: str) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    show(DensityGame(), DiracGan(), theme=theme)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
