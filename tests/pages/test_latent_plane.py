"""The latent plane in a bare page: mouse, touch and keys move it, the image follows."""

import torch
from playwright.sync_api import Locator, expect

from ganbook.networks import VariationalAutoencoder
from ganbook.widgets import LatentPlane
from tests.pages.conftest import Show, Visit

PIXELS = (
    "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    ".filter((_, i) => i % 4 === 0)"
)


def example(**traits: object) -> LatentPlane:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        decoder = VariationalAutoencoder(2, (16,)).decoder
        for layer in decoder[::2]:
            torch.nn.init.normal_(layer.weight, std=0.7)
    points = torch.tensor([[1.0, 1.0], [-2.0, 0.5]])
    return LatentPlane(decoder, points=points, classes=[3, 8], **traits)


def shown(widget: Locator) -> torch.Tensor:
    pixels = widget.locator("canvas").evaluate(PIXELS)
    return torch.tensor(pixels).view(28, 28)


def expected(z1: float, z2: float) -> torch.Tensor:
    image = example().decode(torch.tensor([[z1, z2]]))[0, 0]
    return (127.5 * (image + 1)).round()


def test_the_image_follows_the_mouse(show: Show, visit: Visit) -> None:
    (widget,) = show(example())
    assert (shown(widget) - expected(0, 0)).abs().max() <= 1
    box = widget.get_by_role("application").bounding_box()
    assert box is not None
    # z = (-1.5, 1.5): a quarter from the left and from the top
    visit.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    place = widget.locator("output b").text_content() or ""
    z1, z2 = (
        float(part) for part in place.replace("\u2212", "-").strip("z= ()").split(",")
    )
    assert abs(z1 + 1.5) < 0.05 > abs(z2 - 1.5)
    assert (shown(widget) - expected(z1, z2)).abs().max() <= 1
    expect(widget.locator("output")).to_contain_text("is an 8")


def test_keys_move_and_stop_at_the_border(show: Show, visit: Visit) -> None:
    (widget,) = show(example())
    plane = widget.get_by_role("application")
    plane.focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowUp"):
        visit.page.keyboard.press(key)
    expect(widget.locator("output b")).to_have_text("z = (0.20, 0.50)")
    assert (shown(widget) - expected(0.2, 0.5)).abs().max() <= 1
    for _ in range(8):
        visit.page.keyboard.press("Shift+ArrowLeft")
    expect(widget.locator("output b")).to_have_text("z = (\u22123.00, 0.50)")
    visit.page.keyboard.press("Home")
    expect(widget.get_by_role("slider").first).to_have_value("0")
    widget.get_by_role("slider").last.fill("-1.5")
    expect(widget.locator("output b")).to_have_text("z = (0.00, \u22121.50)")


def test_a_finger_moves_it_and_it_fits_a_phone(show: Show, visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 375, "height": 800})
    (widget,) = show(example(view="images"), theme="dark")
    width = visit.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 375
    plane = widget.get_by_role("application")
    box = plane.bounding_box()
    assert box is not None
    at = {"clientX": box["x"] + box["width"] / 2, "clientY": box["y"] + 1}
    plane.dispatch_event("pointerdown", {**at, "pointerType": "touch"})
    expect(widget.locator("output b")).to_contain_text("2.9")
    assert plane.evaluate("el => getComputedStyle(el).touchAction") == "none"


def test_images_lie_under_the_plane(show: Show) -> None:
    (widget,) = show(example())
    below = widget.locator("svg image")
    expect(below).to_be_hidden()
    widget.get_by_role("radio", name="decoded images").check()
    expect(below).to_be_visible()
    assert (below.get_attribute("href") or "").startswith("data:image/png")
    expect(widget.locator("svg text").first).to_be_hidden()
