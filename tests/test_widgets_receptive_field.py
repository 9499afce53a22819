"""The widget of the chapter on depth: its JavaScript against convolutions."""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
import traitlets
from torch import nn
from torch.nn import functional as F

from ganbook.networks import ConvDiscriminator, count_parameters
from ganbook.networks.conv import SameConv2d
from ganbook.widgets import ReceptiveField
from ganbook.widgets.receptive_field import KERNELS, PADDINGS, STRIDES

CASES = [
    dict(zip(("kernel", "stride", "padding", "layers"), values, strict=True))
    for values in product(KERNELS, STRIDES, PADDINGS, [1, 2, 4, 6])
]
BUILD = "module.build(input)"


@pytest.fixture(scope="module")
def javascript(javascript: Callable[..., Any]) -> Callable[..., Any]:
    """Run an expression of this widget's module."""
    return partial(javascript, "receptive_field.js")


def ones(options: dict) -> nn.Conv2d:
    """Return a convolution whose weights are all 1."""
    conv = nn.Conv2d(1, 1, options["kernel"], options["stride"], bias=False).double()
    nn.init.ones_(conv.weight)
    return conv


@pytest.fixture(scope="module")
def stacks(javascript: Callable) -> list[list[dict]]:
    """All stacks as the page builds them."""
    return javascript("input.map(module.build)", CASES)


def test_python_builds_the_same_stacks(stacks: list) -> None:
    for options, built in zip(CASES, stacks, strict=True):
        widget, last = ReceptiveField(**options), built[-1]
        assert len(widget.stack) == len(built)
        assert widget.side == last["side"]
        assert widget.reach == (last["reach"], last["jump"], last["start"])


def test_sides_and_living_weights_are_those_of_a_convolution(stacks: list) -> None:
    for options, layer in (
        (o, layer) for o, s in zip(CASES, stacks, strict=True) for layer in s
    ):
        conv = ones(options)
        below = torch.ones([1, 1] + [layer["input"]] * 2, dtype=torch.float64)
        out = conv(F.pad(below, (layer["before"], layer["after"]) * 2))
        assert out.shape[-1] == layer["side"]
        out.sum().backward()
        alive = torch.tensor(layer["alive"])
        used = conv.weight.grad[0, 0] > 0
        assert torch.equal(used, alive[:, None] & alive)
        assert layer["dead"] == pytest.approx(1 - used.double().mean())


def test_paths_are_gradients(javascript: Callable, stacks: list) -> None:
    asked = []
    for options, built in list(zip(CASES, stacks, strict=True))[::3]:
        last = built[-1]["side"] - 1
        units = [(0, 0), (last // 2, last), (last, last // 3)]
        asked += [{"o": options, "row": r, "column": c} for r, c in units]
    found = javascript(
        """input.map(({ o, row, column }) => {
          const stack = module.build(o);
          const [d, r] = [row, column].map((u) => module.paths(stack, o, u)[0]);
          return { stack, d, r, share: module.share(stack, o, d, r) };
        })""",
        asked,
    )
    for case, got in zip(asked, found, strict=True):
        options, built = case["o"], got["stack"]
        out = image = torch.zeros(1, 1, 28, 28, dtype=torch.float64, requires_grad=True)
        for layer in built:
            out = ones(options)(F.pad(out, (layer["before"], layer["after"]) * 2))
        out[0, 0, case["row"], case["column"]].backward()
        down, right = (torch.tensor(got[name]).double() for name in "dr")
        torch.testing.assert_close(image.grad[0, 0], torch.outer(down, right))
        every = options["kernel"] ** (2 * len(built))
        assert got["share"] == pytest.approx(image.grad.sum().item() / every)
        if options["stride"] <= options["kernel"] and down.sum():  # no gaps
            first = built[-1]["start"] + case["row"] * built[-1]["jump"]
            rows = down.nonzero().flatten().tolist()
            assert rows[0] == max(first, 0)
            assert rows[-1] == min(first + built[-1]["reach"] - 1, 27)


def test_the_default_stacks_are_the_discriminators_of_the_thesis(
    javascript: Callable,
) -> None:
    options = {"kernel": 3, "stride": 2, "padding": "same", "layers": 6}
    built = javascript(BUILD, options)
    assert [layer["side"] for layer in built] == [14, 7, 4, 2, 1, 1]
    network = ConvDiscriminator(tuple(layer["maps"] for layer in built))
    convolutions = [m for m in network.modules() if isinstance(m, SameConv2d)]
    for layer, conv in zip(built, convolutions, strict=True):
        assert layer["parameters"] == count_parameters(conv)
        side = layer["input"]
        assert [layer["before"], layer["after"]] == list(conv._zeros(side))
    assert [sum(layer["alive"]) for layer in built] == [3, 3, 3, 3, 2, 1]


def test_the_stack_ends_where_no_kernel_fits(javascript: Callable) -> None:
    options = {"kernel": 7, "stride": 3, "padding": "none", "layers": 6}
    assert [layer["side"] for layer in javascript(BUILD, options)] == [8, 1]
    assert ReceptiveField(**options).reach == (25, 9, 0)


def test_description_and_image() -> None:
    image = torch.zeros(1, 28, 28) - 1
    image[0, 3, 4] = 1
    widget = ReceptiveField(image)
    assert "make 4 by 4 units" in widget.describe()
    assert "sees 15 by 15 places, 8 from" in widget.describe()
    assert len(widget.pixels) == 4 * 262
    assert widget.page_state()["pixels"] == widget.pixels
    assert len(widget.to_html()) < 60_000


@pytest.mark.parametrize(
    "traits", [{"kernel": 6}, {"stride": 4}, {"padding": "reflect"}, {"layers": 7}]
)
def test_refuses(traits: dict) -> None:
    with pytest.raises(traitlets.TraitError):
        ReceptiveField(**traits)


def test_refuses_other_images() -> None:
    with pytest.raises(ValueError, match=r"\(28, 28\); expected \(1, 28, 28\)"):
        ReceptiveField(torch.zeros(28, 28))
