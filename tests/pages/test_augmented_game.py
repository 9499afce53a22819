"""The widget of augmentation in a bare page: mouse, keyboard, phone."""

import re

import pytest
from playwright.sync_api import Locator

from ganbook.widgets import AugmentedGame
from tests.pages.conftest import Show, Visit


def number(widget: Locator, name: str) -> float:
    """Read a number that stands after its name in the widget's output."""
    text = widget.locator("output").first.inner_text().replace("\u2212", "-")
    found = re.search(rf"{re.escape(name)}:\s*(-?[\d.]+)", text)
    assert found, text
    return float(found[1])


def test_a_reader_finds_the_probability_that_leaks(show: Show) -> None:
    (widget,) = show(AugmentedGame(transform="mirror", probability=0.4))
    assert number(widget, "smallest modulus") == pytest.approx(0.2)
    assert number(widget, "misplaced mass of the generator") < 0.01
    dial = widget.get_by_role("slider", name="Probability")
    dial.press("ArrowRight")
    dial.press("ArrowRight")
    assert number(widget, "smallest modulus") == 0
    expected = AugmentedGame(transform="mirror", probability=0.5)
    wrong = (expected.play() - expected.law).abs().sum().item() / 2
    found = number(widget, "misplaced mass of the generator")
    assert found == pytest.approx(wrong, abs=1e-3)
    assert "Not invertible" in widget.inner_text()
    assert "The generator: " in widget.get_by_role("img").last.get_attribute(
        "aria-label"
    )


def test_data_alone_leak_whatever_is_chosen(show: Show) -> None:
    (widget,) = show(AugmentedGame(probability=0.3))
    moves = widget.get_by_role("radio", name="1,000")
    moves.press("ArrowRight")  # to 10,000, by keyboard
    assert number(widget, "misplaced mass of the generator") < 0.001
    widget.get_by_role("radio", name="data only").check()
    assert number(widget, "misplaced mass of the generator") > 0.05
    assert "the transformation leaks" in widget.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone(show: Show, visit: Visit, theme: str) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    show(AugmentedGame(), theme=theme)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
