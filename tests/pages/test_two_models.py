"""The widget of the first chapter in a bare page: keyboard, phone, dark mode."""

import re

import pytest
from playwright.sync_api import Locator, expect

from ganbook.widgets import TwoModels
from tests.pages.conftest import Show, Visit


def score(widget: Locator, name: str) -> float:
    text = widget.locator("output").inner_text()
    found = re.search(rf"{name}: right on ([\d.]+) %", text)
    assert found, text
    return float(found[1])


def test_labels_decide_who_is_ahead(show: Show, visit: Visit) -> None:
    (widget,) = show(TwoModels(bend=1.5, labels="4"))
    assert score(widget, "Generative") > score(widget, "Discriminative")
    widget.get_by_role("radio", name="256").check()
    assert score(widget, "Discriminative") > score(widget, "Generative") + 3


def test_keyboard_moves_the_classes_apart(show: Show, visit: Visit) -> None:
    (widget,) = show(TwoModels())
    before = widget.get_by_role("img").get_attribute("aria-label")
    slider = widget.get_by_role("slider", name="Distance")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "4.0")
    assert widget.get_by_role("img").get_attribute("aria-label") != before
    assert score(widget, "Generative") > 95
    dots = widget.locator("svg g").first.inner_html()
    widget.get_by_role("button", name="New labels").press("Enter")
    assert widget.locator("svg g").first.inner_html() != dots


def test_samples_replace_the_labeled_points(show: Show, visit: Visit) -> None:
    (widget,) = show(TwoModels(labels="16"))
    expect(widget.locator("circle")).to_have_count(32)
    widget.get_by_role("radio", name="samples").check()
    expect(widget.locator("circle")).to_have_count(200)


def test_another_picture_of_the_same_models_fits_none(show: Show, visit: Visit) -> None:
    (widget,) = show(TwoModels(labels="16"))
    visit.page.evaluate(
        """() => {
          const exp = Math.exp;
          window.steps = 0; // of Newton's method
          Math.exp = (t) => { window.steps += 1; return exp(t); };
        }"""
    )
    widget.get_by_role("radio", name="samples").check()
    expect(widget.locator("circle")).to_have_count(200)
    assert visit.page.evaluate("window.steps") == 0
    widget.get_by_role("button", name="New labels").click()
    assert visit.page.evaluate("window.steps") > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_phone(show: Show, visit: Visit, theme: str) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 900})
    show(TwoModels(bend=1.5, labels="256", show="samples"), theme=theme)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375
