"""The widget of the first chapter: its JavaScript against PyTorch's own fits."""

import math
import re
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
import traitlets
from torch import Tensor
from torch.distributions import MultivariateNormal
from torch.nn.functional import softplus

from ganbook.widgets import TwoModels

WORLDS = [
    dict(zip(("distance", "tilt", "bend", "labels"), values, strict=True))
    for values in product([0.0, 2.5], [-0.8, 0.3], [0.0, 1.5], [4, 64])
]

FITTED = ("first", "second")  # the classes, as the page names them


@pytest.fixture(scope="module")
def javascript(javascript: Callable[..., Any]) -> Callable[..., Any]:
    """Run an expression of this widget's module."""
    return partial(javascript, "two_models.js")


def tensor(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def monomials(x: Tensor) -> Tensor:
    a, b = x.T
    return torch.stack([torch.ones_like(a), a, b, a * a, a * b, b * b], dim=1)


def fitted_normals(draw: dict[str, Any]) -> list[MultivariateNormal]:
    """Fit each class anew: maximum likelihood, the covariance drawn toward I."""
    found = []
    for name in FITTED:
        x = tensor(draw[name])
        scatter = (x - x.mean(0)).T @ (x - x.mean(0)) + 0.5 * torch.eye(2)
        found.append(MultivariateNormal(x.mean(0), scatter / (len(x) + 0.5)))
    return found


@pytest.fixture(scope="module")
def draws(javascript: Callable) -> list[dict[str, Any]]:
    """What the page computes in each of the worlds, with the points it used."""
    return javascript(
        "input.map((world) => ({ ...module.measure(world, 3), "
        "fresh: module.newPoints(world) }))",
        WORLDS,
    )


def test_logistic_regression_is_at_its_maximum(draws: list) -> None:
    for world, draw in zip(WORLDS, draws, strict=True):
        theta = tensor(draw["shown"]["theta"]).requires_grad_()
        first, second = (monomials(tensor(draw["shown"][n])) for n in FITTED)
        loss = softplus(first @ theta).sum() + softplus(-second @ theta).sum()
        penalty = 0.01 / 2 * theta.square().sum()
        (slope,) = torch.autograd.grad(loss + penalty, theta)
        assert slope.abs().max() < 1e-6, world


def test_the_classes_are_fitted_normals(draws: list) -> None:
    for draw in draws:
        for one, normal in zip(
            draw["shown"]["classes"], fitted_normals(draw["shown"]), strict=True
        ):
            xx, xy, yy = one["covariance"]
            torch.testing.assert_close(tensor(one["mean"]), normal.mean)
            shown = tensor([[xx, xy], [xy, yy]])
            torch.testing.assert_close(shown, normal.covariance_matrix)


def test_scores_are_those_of_torch(draws: list) -> None:
    for world, draw in zip(WORLDS, draws, strict=True):
        kind = {name: world[name] for name in ("distance", "tilt", "bend")}
        widget = TwoModels(**kind)
        x, half = tensor(draw["fresh"]).flatten(0, 1), len(draw["fresh"][0])
        is_second = torch.arange(len(x)) >= half
        first, second = fitted_normals(draw["shown"])
        truths = [widget.log_density(x, sign) for sign in (-1, 1)]
        log_odds = {
            "discriminative": monomials(x) @ tensor(draw["shown"]["theta"]),
            "generative": second.log_prob(x) - first.log_prob(x),
        }
        for name, odds in log_odds.items():
            right = ((odds > 0) == is_second).double().mean()
            assert draw[name]["shown"] == pytest.approx(right.item(), abs=1e-9)
        best = ((truths[1] > truths[0]) == is_second).double().mean().item()
        assert draw["best"] == pytest.approx(best, abs=1e-9)
        models = torch.cat([first.log_prob(x[:half]), second.log_prob(x[half:])])
        truth = torch.cat([truths[0][:half], truths[1][half:]])
        assert draw["likelihood"] == pytest.approx(models.mean().item())
        assert draw["truth"] == pytest.approx(truth.mean().item())


def test_means_over_draws_are_means_over_seeds(javascript: Callable) -> None:
    world = WORLDS[-1]
    scores, summary = javascript(
        """[
          Array.from({ length: module.REPEATS }, (_, i) => module.accuracy(
            module.fit(input, 5 * module.REPEATS + i).generative,
            module.newPoints(input))),
          module.measure(input, 5).generative]""",
        world,
    )
    scores = tensor(scores)
    assert summary["mean"] == pytest.approx(scores.mean().item())
    deviation = scores.std(correction=0).item()
    assert summary["deviation"] == pytest.approx(deviation)
    assert deviation > 0


def test_samples_follow_the_fitted_normal(javascript: Callable) -> None:
    model = {"mean": [0.5, -1.0], "covariance": [2.0, -0.9, 1.0]}
    found = tensor(javascript("module.samples(input, module.normals(20000, 7))", model))
    assert (found.mean(0) - tensor(model["mean"])).abs().max() < 0.04
    wanted = tensor([[2.0, -0.9], [-0.9, 1.0]])
    assert (found.T.cov() - wanted).abs().max() < 0.08


def test_the_boundary_is_where_the_log_odds_vanish(javascript: Callable) -> None:
    pieces = tensor(
        javascript(
            "module.zeroLine(([x, y]) => x * x + y * y - input, [2, 2], "
            "(x) => x, (y) => y)",
            1.5**2,
        )
    )
    ends = pieces.view(-1, 2)
    assert (ends.norm(dim=1) - 1.5).abs().max() < 1e-3
    length = (pieces[:, :2] - pieces[:, 2:]).norm(dim=1).sum()
    assert length == pytest.approx(2 * math.pi * 1.5, rel=1e-3)


def test_true_densities_integrate_to_one() -> None:
    side = torch.linspace(-7, 7, 281, dtype=torch.float64)
    high = torch.linspace(-40, 40, 3201, dtype=torch.float64)
    grid = torch.cartesian_prod(side, high)
    for kind in ({}, {"bend": 1.5, "tilt": -0.6, "distance": 1.0}):
        for sign in (-1, 1):
            mass = TwoModels(**kind).log_density(grid, sign).exp().sum()
            assert mass * 0.05 * 0.025 == pytest.approx(1, abs=1e-4)


def test_best_accuracy_of_two_round_classes_is_known() -> None:
    below = torch.special.ndtr(tensor(1.25)).item()
    assert TwoModels(distance=2.5).best_accuracy == pytest.approx(below, abs=1e-4)
    assert TwoModels(distance=0.0).best_accuracy == pytest.approx(0.5, abs=1e-4)
    assert f"{100 * below:.1f} %" in TwoModels(distance=2.5).describe()


def test_the_page_is_self_contained() -> None:
    text = TwoModels().to_html()
    assert not re.search(r"https?://", text)
    assert f'aria-label="{TwoModels().label}"' in text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"distance": -1.0}, "distance"),
        ({"tilt": 1.0}, "tilt"),
        ({"bend": float("nan")}, "bend must be finite"),
        ({"labels": "5"}, "labels"),
        ({"seed": 1000}, "seed"),
        ({"show": "both"}, "show"),
    ],
)
def test_bad_values_are_named(values: dict, message: str) -> None:
    with pytest.raises(traitlets.TraitError, match=message):
        TwoModels(**values)


def test_bad_points_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(3,\).*expected \(N, 2\)"):
        TwoModels().log_density(torch.zeros(3), 1)
    with pytest.raises(ValueError, match="sign is 0"):
        TwoModels().log_density(torch.zeros(3, 2), 0)
