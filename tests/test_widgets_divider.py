"""The divider: images that come back bit for bit, and the geometry of its view."""

import base64
import io
import random
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import traitlets
from PIL import Image

from ganbook.widgets import Divider

NOISE = np.random.default_rng(0).integers(0, 256, (3, 12, 20, 3), dtype=np.uint8)


def divider(**changes: Any) -> Divider:
    images = dict(zip(("low", "bicubic", "truth"), NOISE, strict=True))
    return Divider(**{"images": images, "alt": "Noise"} | changes)


@pytest.fixture(scope="module")
def javascript(javascript: Callable[..., Any]) -> Callable[..., Any]:
    """Run an expression of this widget's module."""
    return partial(javascript, "divider.js")


def random_views(count: int) -> list[dict[str, Any]]:
    draw = random.Random(0)
    return [
        {
            "size": [draw.randint(1, 400), draw.randint(1, 400)],
            "room": draw.uniform(40, 700),
            "zoom": draw.choice([1, 2, 4, 8]),
            "center": [draw.uniform(0, 1), draw.uniform(0, 1)],
            "drag": [draw.uniform(-300, 300), draw.uniform(-300, 300)],
            "x": draw.uniform(-50, 750),
            "share": draw.uniform(0, 1),
        }
        for _ in range(count)
    ]


def test_the_view_never_leaves_the_image(javascript: Callable) -> None:
    """At no zoom, wherever it is dragged, is there an empty strip in the view."""
    views = random_views(300)
    found = javascript(
        """input.map(({ size, room, zoom, center, drag }) => {
          const frame = module.layout(size, room, zoom);
          const moved = module.pan(center, drag, size, frame);
          return { frame, moved, places: [center, moved].map(
            (place) => module.origin(place, size, frame)) };
        })""",
        views,
    )
    for view, got in zip(views, found, strict=True):
        scale, shown = got["frame"]["scale"], got["frame"]["view"]
        assert scale % view["zoom"] == 0
        assert shown[0] <= view["room"]
        for place in got["places"]:
            for start, seen, size in zip(place, shown, view["size"], strict=True):
                assert start == int(start)
                assert start <= 0
                assert start + size * scale >= seen


def test_dragging_moves_the_image_with_the_pointer(javascript: Callable) -> None:
    """A pixel stays under the pointer unless the border of the image is reached."""
    before, after, back = javascript(
        """(() => {
          const size = [256, 192], frame = module.layout(size, 656, 4);
          const moved = module.pan([0.5, 0.5], [-40, 24], size, frame);
          const places = [[0.5, 0.5], moved, module.pan(moved, [40, -24], size, frame)];
          return places.map((place) => module.origin(place, size, frame));
        })()"""
    )
    assert np.subtract(after, before).tolist() == [-40, 24]
    assert back == before


def test_a_drag_beyond_the_border_is_not_remembered(javascript: Callable) -> None:
    """Having run into the border, the image follows at once when the way is turned."""
    corner, moved = javascript(
        """(() => {
          const size = [64, 64], frame = module.layout(size, 256, 2);
          const corner = module.pan([0.5, 0.5], [9999, 9999], size, frame);
          const moved = module.pan(corner, [-8, 0], size, frame);
          return [corner, moved].map((place) => module.origin(place, size, frame));
        })()"""
    )
    assert corner == [0, 0]
    assert moved == [-8, 0]


def test_the_line_knows_its_column(javascript: Callable) -> None:
    """The column it names is the one whose screen place is nearest to the line."""
    views = random_views(200)
    found = javascript(
        """input.map(({ size, room, zoom, center, share }) => {
          const frame = module.layout(size, room, zoom);
          return [frame, module.origin(center, size, frame)[0],
            module.column(share, center, size, frame)];
        })""",
        views,
    )
    for view, (frame, start, column) in zip(views, found, strict=True):
        line = view["share"] * frame["view"][0]
        edge = start + column * frame["scale"]
        assert abs(edge - line) <= frame["scale"] / 2 + 1e-9
        assert 0 <= column <= view["size"][0]


def test_the_pointer_and_the_line_agree(javascript: Callable) -> None:
    frame = {"scale": 2, "view": [512, 384]}
    expression = "input.xs.map((x) => module.shareAt(x, input.frame))"
    shares = javascript(expression, {"xs": [-3, 0, 128, 512, 900], "frame": frame})
    assert shares == [0, 0, 0.25, 1, 1]


@pytest.mark.parametrize(
    ("x", "wide", "zoom", "held"),
    [
        (10, 256, 1, "line"),
        (10, 256, 2, "image"),
        (250, 256, 2, "line"),
        (300, 256, 8, "image"),
        (10, 600, 1, "image"),  # wider than the screen
    ],
)
def test_what_a_press_takes_hold_of(
    javascript: Callable, x: int, wide: int, zoom: int, held: str
) -> None:
    expression = """(({ x, zoom, size }) =>
      module.grasp(x, 0.5, size, module.layout(size, 512, zoom)))(input)"""
    assert javascript(expression, {"x": x, "zoom": zoom, "size": [wide, 256]}) == held


def test_a_small_screen_shows_part_of_a_wide_image(javascript: Callable) -> None:
    assert javascript("module.layout([384, 256], 311.5, 1)") == {
        "scale": 1,
        "view": [311, 256],
    }
    assert javascript("module.layout([256, 256], 656, 4)") == {
        "scale": 8,
        "view": [512, 512],
    }


@pytest.mark.parametrize("gray", [False, True])
def test_images_come_back_bit_for_bit(gray: bool) -> None:
    frames = NOISE[..., 0] if gray else NOISE
    shown = divider(images=dict(zip("abc", frames, strict=True)))
    for uri, frame in zip(shown.images, frames, strict=True):
        scheme, data = uri.split(",")
        assert scheme in ("data:image/png;base64", "data:image/webp;base64")
        decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        flat = frame.ndim < decoded.ndim  # WebP knows colors only
        expected = np.stack([frame] * 3, axis=-1) if flat else frame
        np.testing.assert_array_equal(decoded, expected)
    assert (shown.width, shown.height) == (20, 12)


def test_first_and_last_stand_beside_each_other() -> None:
    shown = divider(notes={"bicubic": "27.3 dB"})
    assert (shown.left, shown.right) == ("low", "truth")
    assert shown.notes == ["", "27.3 dB", ""]
    assert "<li>bicubic: 27.3 dB</li>" in shown.describe()


def test_the_page_is_self_contained() -> None:
    text = divider(alt='<b>"Noise"</b>').to_html()
    assert not re.search(r"https?://", text)
    assert "<b>" not in text.replace("<strong>", "")
    assert len(re.findall("data:image/(png|webp)", text)) == 3  # none is there twice


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"images": {"a": NOISE[0]}}, ValueError, "two or more images"),
        ({"images": {"a": NOISE[0], "b": NOISE[0, :6]}}, ValueError, "one size"),
        ({"images": {"a": NOISE[0] / 2, "b": NOISE[0]}}, TypeError, "got float64"),
        (
            {"images": {"a": NOISE[..., :2][0], "b": NOISE[0]}},
            ValueError,
            "(12, 20, 2)",
        ),
        ({"notes": {"sharp": "1 dB"}}, ValueError, "notes ['sharp']"),
        ({"alt": " "}, traitlets.TraitError, "alt must say"),
        ({"left": "sharp"}, traitlets.TraitError, "left must be one of"),
        ({"zoom": "3"}, traitlets.TraitError, "zoom"),
        ({"divider": 1.5}, traitlets.TraitError, "divider"),
    ],
)
def test_bad_values_are_named(changes: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        divider(**changes)


def test_a_refused_name_changes_nothing() -> None:
    shown = divider()
    with pytest.raises(traitlets.TraitError):
        shown.right = "sharp"
    assert shown.right == "truth"
