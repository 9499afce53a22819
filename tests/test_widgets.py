"""Widgets: what the page runs agrees with PyTorch, and the page needs nothing else."""

import base64
import io
import json
import random
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import traitlets
from PIL import Image
from torch.nn import functional

import ganbook.widgets
from ganbook.widgets import FilmStrip, PageWidget, TransposedConvolution
from ganbook.widgets.page import module_source, read_source, script_json
from ganbook.widgets.transposed_convolution import refusal

FOLDER = Path(ganbook.widgets.__file__).parent


def random_cases(count: int) -> list[dict[str, Any]]:
    """Allowed cases: rectangles, all strides and paddings, integers and fractions."""
    draw, cases = random.Random(0), []
    while len(cases) < count:
        sizes = [draw.randint(1, 5) for _ in range(4)]
        params = {"s": draw.randint(1, 4), "p": draw.randint(0, 3)}
        params["a"] = draw.randint(0, 3)
        pairs = [(sizes[0], sizes[2]), (sizes[1], sizes[3])]
        if any(refusal(n=n, k=k, **params) for n, k in pairs):
            continue
        x, w = (
            [[round(draw.uniform(-9, 9), draw.choice([0, 3])) for _ in range(columns)]
             for _ in range(rows)]
            for rows, columns in (sizes[:2], sizes[2:])
        )  # fmt: skip
        cases.append({"x": x, "w": w, "params": params})
    return cases


def by_torch(case: dict[str, Any]) -> torch.Tensor:
    x, w = (torch.tensor(case[key], dtype=torch.float64)[None, None] for key in "xw")
    s, p, a = (case["params"][key] for key in "spa")
    return functional.conv_transpose2d(x, w, stride=s, padding=p, output_padding=a)[
        0, 0
    ]


@pytest.mark.parametrize("algorithm", ["transposedConvolution", "gather"])
def test_javascript_agrees_with_torch(javascript: Callable, algorithm: str) -> None:
    cases = random_cases(200)
    outputs = javascript(
        "transposed_convolution.js",
        f"input.map(({{ x, w, params }}) => module.{algorithm}(x, w, params))",
        cases,
    )
    for case, output in zip(cases, outputs, strict=True):
        got = torch.tensor(output, dtype=torch.float64)
        torch.testing.assert_close(
            got, by_torch(case), msg=lambda m, c=case: f"{c}: {m}"
        )


def test_terms_add_up_to_each_output(javascript: Callable) -> None:
    cases = random_cases(60)
    outputs = javascript(
        "transposed_convolution.js",
        """input.map(({ x, w, params: q }) =>
          module.transposedConvolution(x, w, q).map((row, r) => row.map((_, c) =>
            module.terms(r, c, x, w, q)
              .reduce((sum, { pixel, weight }) => sum + pixel * weight, 0))))""",
        cases,
    )
    for case, output in zip(cases, outputs, strict=True):
        got = torch.tensor(output, dtype=torch.float64)
        torch.testing.assert_close(got, by_torch(case))


def test_scatter_adds_one_stamp_a_step(javascript: Callable) -> None:
    canvases = javascript(
        "transposed_convolution.js",
        "[0, 1, 2, 3, 4].map((t) => module.scatter(input.x, input.w, input.params, t))",
        {
            "x": [[0, 1], [2, 3]],
            "w": [[4, 1], [2, 3]],
            "params": {"s": 1, "p": 0, "a": 0},
        },
    )
    assert canvases == [
        [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[0, 4, 1], [0, 2, 3], [0, 0, 0]],
        [[0, 4, 1], [8, 4, 3], [4, 6, 0]],
        [[0, 4, 1], [8, 16, 6], [4, 12, 9]],
    ]


def test_size_and_refusal_over_the_whole_grid(javascript: Callable) -> None:
    """Both languages allow the same sizes, all that torch computes within p < k."""
    keys = ("n", "k", "s", "p", "a")
    grid = product(range(1, 5), range(1, 5), range(1, 4), range(4), range(3))
    cases = [dict(zip(keys, case, strict=True)) for case in grid]
    answers = javascript(
        "transposed_convolution.js",
        """input.map((sizes) => [
          module.refusal(sizes), module.outputSize(...Object.values(sizes))])""",
        cases,
    )
    for case, (reason, size) in zip(cases, answers, strict=True):
        n, k, s, p, a = (case[key] for key in keys)
        assert bool(reason) == bool(refusal(**case)), case
        x, w = torch.ones(1, 1, n, n), torch.ones(1, 1, k, k)
        try:
            output = functional.conv_transpose2d(
                x, w, stride=s, padding=p, output_padding=a
            )
        except RuntimeError:
            assert reason, case
            continue
        assert not reason or p >= k or size == 0, case  # torch also gives []
        assert output.shape[-1] == size, case


def test_film_strip_arithmetic(javascript: Callable) -> None:
    answer = javascript(
        "film_strip.js",
        """[[0, 3], [2, 3]].map(([at, count]) => module.following(at, count))
          .concat([[100, 560], [900, 560]].map(([w, room]) => module.zoom(w, room)))""",
        None,
    )
    assert answer == [1, 0, 5, 1]


# ----------------------------------------------------------------- the page


class Elements(HTMLParser):
    """What a browser would see: elements with attributes, and the scripts' text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script" and self.scripts:
            self.scripts[-1] += data


def film(**changes: Any) -> FilmStrip:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    values = {"frames": [pixels, pixels[::-1]], "labels": ["a", "b"], "alt": "Squares"}
    return FilmStrip(**values | changes)


@pytest.mark.parametrize("make", [TransposedConvolution, film])
def test_page_is_self_contained(make: Callable[[], PageWidget]) -> None:
    widget = make()
    text = widget.to_html()
    page = Elements(text)
    tag, attributes = page.elements[0]
    assert (tag, attributes["role"]) == ("div", "group")
    assert attributes["aria-label"] == widget.label
    content = json.loads(page.scripts[0])
    assert content["module"] == module_source(widget.module)
    assert content["state"] == json.loads(json.dumps(widget.page_state()))
    assert "layout" not in content["state"]
    assert not any("src" in a for t, a in page.elements if t == "script")
    addresses = re.findall(r"https?://[^\s\"']+", text)
    assert addresses == [], addresses
    assert "require" not in text


@pytest.mark.parametrize("make", [TransposedConvolution, film])
def test_display_offers_the_live_view_and_the_page(make: Callable) -> None:
    widget = make()
    data, _ = widget._repr_mimebundle_()
    view = data["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == widget.model_id
    assert data["text/html"] == widget.to_html()
    assert widget.get_state()["_esm"] == module_source(widget.module)
    assert widget.get_state()["_css"] == read_source("page.css")


def test_two_widgets_write_equal_pages() -> None:
    """Nothing random: executing a chapter again gives the same page."""
    assert TransposedConvolution().to_html() == TransposedConvolution().to_html()


def test_hostile_text_stays_inside_its_script() -> None:
    hostile = "</script><script>alert(1)</script><!-- \"'&"
    page = Elements(film(alt=hostile, labels=[hostile, "b"]).to_html())
    assert len(page.scripts) == 2
    assert json.loads(page.scripts[0])["state"]["labels"][0] == hostile
    image = next(a for t, a in page.elements if t == "img")
    assert image["alt"] == f"{hostile}: b"
    assert "<" not in script_json({"a": hostile})


def test_description_names_the_result() -> None:
    assert "[[0, 4, 1], [8, 16, 6], [4, 12, 9]]" in TransposedConvolution().describe()


class Odd(TransposedConvolution):
    anything = traitlets.Any().tag(sync=True)


@pytest.mark.parametrize(
    ("value", "error"), [(float("nan"), ValueError), ({1, 2}, TypeError)]
)
def test_state_that_is_not_json_is_refused(value: Any, error: type) -> None:
    with pytest.raises(error, match="Odd: its traits must be plain JSON"):
        Odd(anything=value).to_html()


def test_base_class_asks_for_a_module() -> None:
    with pytest.raises(NotImplementedError, match="must name its JavaScript file"):
        PageWidget()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.stem)
def test_every_module_named_exists(path: Path) -> None:
    for name in re.findall(r'module: ClassVar\[str\] = "(.+)"', path.read_text()):
        assert "export default" in read_source(name)


# ---------------------------------------------------- the traits of the widgets


def test_defaults_are_the_worked_example() -> None:
    widget = TransposedConvolution()
    assert widget.output.tolist() == [[0, 4, 1], [8, 16, 6], [4, 12, 9]]
    assert (widget.size, widget.steps) == (3, 4)
    widget.view = "gather"
    assert widget.steps == 9


def test_python_output_agrees_with_size() -> None:
    widget = TransposedConvolution(
        input=torch.arange(9.0).reshape(3, 3),
        kernel=np.ones((4, 4)),
        stride=2,
        padding=1,
    )
    assert widget.output.shape == (widget.size, widget.size) == (6, 6)
    assert widget.input == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"input": [[1, 2]]}, "square matrix of finite numbers"),
        ({"input": [[1] * 5] * 5}, "1 x 1 to 4 x 4"),
        ({"input": []}, "square matrix"),
        ({"input": 3}, "square matrix"),
        ({"kernel": [[float("nan")]]}, "finite"),
        ({"kernel": [["1"]]}, "finite"),
        ({"stride": 0}, "stride"),
        ({"stride": 4}, "stride"),
        ({"padding": -1}, "padding"),
        ({"padding": 2}, "padding 2 needs a kernel wider than 2, got kernel size 2"),
        ({"output_padding": 1}, "output padding 1 needs a stride above 1"),
        ({"input": [[1]], "padding": 1}, "nothing is left"),
        ({"view": "sideways"}, "sideways"),
        ({"position": 5}, "position 5 is beyond the last step, 4"),
    ],
)
def test_bad_values_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(traitlets.TraitError, match=re.escape(message)):
        TransposedConvolution(**values)


def test_a_refused_change_leaves_the_widget_as_it_was() -> None:
    widget = TransposedConvolution()
    with pytest.raises(traitlets.TraitError):
        widget.padding = 2
    assert widget.padding == 0
    with pytest.raises(traitlets.TraitError), widget.hold_trait_notifications():
        widget.stride, widget.output_padding = 2, 2
    assert (widget.stride, widget.output_padding) == (1, 0)


def test_position_follows_when_the_example_shrinks() -> None:
    widget = TransposedConvolution(view="gather", position=9)
    widget.input = [[1]]
    assert widget.position == 4


def test_a_message_from_the_browser_changes_all_traits_at_once() -> None:
    """stride 1 -> 3 and output padding 0 -> 2 are only allowed together."""
    widget = TransposedConvolution()
    widget.set_state({"output_padding": 2, "stride": 3, "position": 2})
    assert (widget.stride, widget.output_padding, widget.position) == (3, 2, 2)
    assert widget.output.shape == (7, 7)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_frames_come_back_bit_for_bit(shape: tuple[int, ...]) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    strip = FilmStrip(torch.from_numpy(frames), ["a", "b"], alt="Noise", position=-1)
    for uri, frame in zip(strip.frames, frames, strict=True):
        scheme, data = uri.split(",")
        assert scheme in ("data:image/png;base64", "data:image/webp;base64")
        decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        if frame.ndim < decoded.ndim:  # WebP knows colors only
            frame = np.stack([frame] * 3, axis=-1)
        np.testing.assert_array_equal(decoded, frame)
    assert (strip.width, strip.height, strip.position) == (7, 5, 1)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"frames": [np.zeros((4, 4))] * 2}, TypeError, "got float64"),
        ({"frames": [np.zeros((4, 4, 2), np.uint8)] * 2}, ValueError, "(4, 4, 2)"),
        ({"frames": [], "labels": []}, ValueError, "at least one frame"),
        ({"labels": ["a"]}, ValueError, "2 frames and 1 labels"),
        ({"alt": " "}, traitlets.TraitError, "alt must say"),
        ({"fps": 0.0}, traitlets.TraitError, "fps"),
        ({"position": 2}, traitlets.TraitError, "0..1, got 2"),
        (
            {"frames": [np.zeros((4, 4), np.uint8), np.zeros((5, 4), np.uint8)]},
            ValueError,
            "one shape",
        ),
    ],
)
def test_bad_films_are_named(changes: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        film(**changes)
