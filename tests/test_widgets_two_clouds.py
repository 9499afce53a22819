"""The widget of the measuring chapter: its JavaScript against the package's metrics."""

import re
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
import traitlets

from ganbook.metrics import Statistics, frechet_distance
from ganbook.widgets import TwoClouds
from ganbook.widgets.two_clouds import DATA, SIZES, gaussian

CLOUDS = [
    dict(zip(("x", "y", "along", "across", "turn"), values, strict=True))
    for values in product([-1.5, 0.0], [0.7], [0.0, 0.8, 2.0], [0.0, 1.3], [-35, 80])
]


@pytest.fixture(scope="module")
def javascript(javascript: Callable[..., Any]) -> Callable[..., Any]:
    """Run an expression of this widget's module."""
    return partial(javascript, "two_clouds.js")


def test_both_sides_agree_on_data_and_sizes(javascript: Callable) -> None:
    assert javascript("module.DATA") == DATA
    assert javascript("module.SIZES") == list(SIZES)


def test_distance_of_points_is_the_packages(javascript: Callable) -> None:
    """From the very points that are drawn, few and many."""
    expression = """input.map(([cloud, n]) => {
      const z = module.normals(7, 4 * n);
      const [[a, b], [c, d]] = module.shapeOf(cloud);
      const points = Array.from({ length: n }, (_, i) => {
        const [u, v] = [z[2 * n + 2 * i], z[2 * n + 2 * i + 1]];
        return [cloud.x + a * u + b * v, cloud.y + c * u + d * v];
      });
      const real = Array.from({ length: n }, (_, i) => [z[2 * i], z[2 * i + 1]]);
      const parts = module.frechet(module.moments(z, n),
        module.transformed(cloud, module.moments(z, n, 2 * n)));
      return { points, real, value: parts.mean + parts.covariance };
    })"""
    cases = list(product(CLOUDS, [5, 200]))
    for got in javascript(expression, cases):
        real, fake = (
            Statistics().update(torch.tensor(got[name], dtype=torch.float64))
            for name in ("real", "points")
        )
        expected = frechet_distance(real, fake)
        assert got["value"] == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_parts_of_the_distributions(javascript: Callable) -> None:
    found = javascript("input.map((cloud) => module.exact(cloud))", CLOUDS)
    for cloud, got in zip(CLOUDS, found, strict=True):
        mean, covariance = TwoClouds(**cloud).parts
        assert got["mean"] == pytest.approx(mean)
        assert got["covariance"] == pytest.approx(covariance, abs=1e-7)
    assert sum(TwoClouds(**DATA).parts) == pytest.approx(0, abs=1e-7)


def test_gaussian_has_the_spreads_it_says() -> None:
    mean, covariance = gaussian(1.0, 2.0, 2.0, 0.5, 30)
    assert mean.tolist() == [1, 2]
    torch.testing.assert_close(
        torch.linalg.eigvalsh(covariance), torch.tensor([0.25, 4.0]).double()
    )


def test_draws_are_normal_and_differ(javascript: Callable) -> None:
    z = torch.tensor(javascript("module.normals(3, 20000)"), dtype=torch.float64)
    assert abs(z.mean()) < 0.03 and abs(z.std() - 1) < 0.02
    assert abs((z**4).mean() - 3) < 0.2
    assert abs((z[::2] * z[1::2]).mean()) < 0.03
    first, second = javascript("[module.normals(3, 5), module.normals(4, 5)]")
    assert first == z[:5].tolist() != second


def test_the_mean_distance_falls_as_one_over_n(javascript: Callable) -> None:
    """Data against data: n times the mean is about constant, as theory says."""
    series = javascript("module.curves(input, module.draws())", DATA)
    scaled = [point["n"] * point["toData"] for point in series[1:]]
    assert max(scaled) < 1.6 * min(scaled)
    for point in series:
        assert point["toGenerator"] == pytest.approx(point["toData"])
    assert series[0]["toData"] > 50 * series[-1]["toData"]
    moved = javascript("module.curves(input, module.draws())", DATA | {"x": 1.0})
    assert moved[-1]["toGenerator"] == pytest.approx(1.0, abs=0.1)
    assert moved[0]["toGenerator"] > moved[-1]["toGenerator"] + 0.3


def test_description_says_the_distance() -> None:
    widget = TwoClouds(x=2.0, y=0.0, along=1.4, across=0.6, turn=30.0)
    assert "is 4.000: 4.000 by the means and 0.000" in widget.describe()
    assert re.search(r"gb-widget.*two clouds", widget.to_html(), re.I | re.S)


@pytest.mark.parametrize(
    "traits", [{"x": 4.0}, {"along": -0.1}, {"samples": 7}, {"turn": float("nan")}]
)
def test_refuses(traits: dict) -> None:
    with pytest.raises(traitlets.TraitError):
        TwoClouds(**traits)
