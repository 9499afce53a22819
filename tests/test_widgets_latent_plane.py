"""The latent plane: the page's decoder agrees with PyTorch."""

import json
from typing import Any

import numpy as np
import pytest
import torch
import traitlets
from torch import nn

from ganbook.networks import VariationalAutoencoder
from ganbook.widgets import LatentPlane

MODULE = "latent_plane.js"
DRAWS = torch.Generator().manual_seed(0)
PLACES = 3 * (2 * torch.rand(20, 2, generator=DRAWS) - 1)


def network(widths: tuple[int, ...] = (12, 20)) -> VariationalAutoencoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = VariationalAutoencoder(2, widths)
        for layer in made.decoder[::2]:  # stronger than a new network is
            nn.init.normal_(layer.weight, std=3 / layer.in_features**0.5)
    return made


@pytest.mark.parametrize("widths", [(12, 20), (8,), ()])
def test_page_decodes_as_torch_does(javascript: Any, widths: tuple) -> None:
    ours = network(widths)
    widget = LatentPlane(ours.decoder)
    shown = javascript(
        MODULE,
        "input.z.map((z) => module.decode(module.unpack(input.layers), z))",
        {"z": PLACES.tolist(), "layers": widget.layers},
    )
    images = torch.tensor(shown).view(-1, 1, 28, 28)
    torch.testing.assert_close(images, widget.decode(PLACES), atol=2e-5, rtol=0)
    with torch.no_grad():
        exact = ours.decode(PLACES)
    assert exact.std() > 0.3  # there is a picture to get right
    assert (images - exact).abs().mean() < 0.01  # what a byte a weight costs


def test_points_and_their_neighbors(javascript: Any) -> None:
    points = torch.cat([PLACES, torch.tensor([[0.0, 3.5], [torch.nan, 0.0]])])
    classes = torch.arange(22) % 10
    widget = LatentPlane(network().decoder, points=points, classes=classes)
    assert widget.classes == "01234567890123456789"  # those inside the plane
    there = [0.5, -0.5]
    found = javascript(
        MODULE,
        "((p) => ({ z: p.map((one) => one.z), near: module.nearest(p, input.there) }))"
        "(module.unpackPoints(input.points, input.classes))",
        {"points": widget.points, "classes": widget.classes, "there": there},
    )
    np.testing.assert_allclose(found["z"], PLACES.numpy(), atol=1e-4)
    distances = (PLACES - torch.tensor(there)).norm(dim=1)
    assert found["near"]["name"] == str(distances.argmin().item() % 10)
    assert found["near"]["distance"] == pytest.approx(distances.min().item(), abs=1e-3)


def test_without_points_nothing_is_near(javascript: Any) -> None:
    widget = LatentPlane(network().decoder)
    near = javascript(
        MODULE,
        "module.nearest(module.unpackPoints(input, ''), [0, 0]).name",
        widget.points,
    )
    assert near is None


def test_the_chapters_decoder_is_small() -> None:
    made = VariationalAutoencoder(2, (8,), (96, 96))
    widget = LatentPlane(
        made.decoder, points=torch.zeros(600, 2), classes=torch.zeros(600)
    )
    assert len(json.dumps(widget.page_state())) < 150_000


@pytest.mark.parametrize(
    ("decoder", "message"),
    [
        (
            VariationalAutoencoder(3).decoder,
            r"ends \(3, 784\); .* from 2 numbers to 784",
        ),
        (nn.Sequential(), "the decoder is empty"),
        (nn.Sequential(nn.Linear(2, 784), nn.ReLU()), "is Linear, ReLU with ends"),
        (
            nn.Sequential(nn.Linear(2, 8), nn.SiLU(), nn.Linear(9, 784)),
            "expected Linear layers",
        ),
        (nn.Sequential(nn.Linear(2, 4)), r"ends \(2, 4\)"),
    ],
)
def test_other_decoders_are_refused(decoder: nn.Sequential, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LatentPlane(decoder)


@pytest.mark.parametrize(
    ("points", "classes", "message"),
    [
        (torch.zeros(3, 3), [0, 0, 0], r"points have shape \(3, 3\)"),
        (torch.zeros(3, 2), [0, 0], r"classes \(2,\)"),
        (None, [1], r"shape \(0, 2\) and classes \(1,\)"),
        (torch.zeros(2, 2), [0, 10], "classes are from 0 to 10; expected 0 to 9"),
    ],
)
def test_bad_points_are_named(points: Any, classes: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LatentPlane(network().decoder, points=points, classes=classes)


def test_other_bad_input_is_named() -> None:
    decoder = nn.Sequential(nn.Linear(2, 12))
    with pytest.raises(ValueError, match=r"expected \(1, H, W\)"):
        LatentPlane(decoder, (3, 2, 2))
    widget = LatentPlane(decoder, (1, 3, 4), z1=1.0)
    assert widget.decode(torch.zeros(5, 2)).shape == (5, 1, 3, 4)
    with pytest.raises(ValueError, match=r"z has shape \(2,\)"):
        widget.decode(torch.zeros(2))
    for value in (3.5, torch.nan):
        with pytest.raises(traitlets.TraitError):
            widget.z2 = value


def test_description_names_the_place() -> None:
    text = LatentPlane(network().decoder, z1=0.5, z2=-1.0).describe()
    assert "(0.5, -1)" in text
    assert "28 by 28" in text
