"""The widgets of the minimax chapter: their JavaScript against PyTorch's gradients."""

import math
import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
import traitlets
from torch import Tensor
from torch.distributions import Normal
from torch.nn.functional import softplus

from ganbook import divergences, losses
from ganbook.widgets import DensityGame, DiracGan, PageWidget

# ------------------------------------------------------------- density game

GENERATORS = list(product(["one", "two"], [-4.0, -0.3, 0.0, 2.0], [0.2, 0.7, 2.0]))


def log_mixture(data: str, x: Tensor) -> Tensor:
    if data == "one":
        return Normal(0.0, 1.0).log_prob(x)
    parts = torch.stack([Normal(mean, 0.6).log_prob(x) for mean in (-2.0, 2.0)])
    return torch.logsumexp(parts, 0) - math.log(2)


def expected_measures(data: str, mean: float, deviation: float) -> dict[str, Any]:
    """Compute the same numbers: the grid by quadrature, the gradients by autograd."""
    widget = DensityGame(data=data, mean=mean, deviation=deviation)
    x, p, q = widget.densities()
    jsd = divergences.jensen_shannon(p, q, x)
    parameters = torch.tensor([mean, deviation], dtype=torch.float64).requires_grad_()
    moving = Normal(*parameters).log_prob(x).exp()
    # The discriminator stays; the generator's density moves. Its logarithms come
    # from its logit: far out, the probability itself rounds to 0 or 1.
    logit = log_mixture(data, x) - Normal(mean, deviation).log_prob(x)
    logs = {"saturating": -softplus(logit), "nonSaturating": softplus(-logit)}
    gradients = {
        name: torch.autograd.grad(
            torch.trapezoid(moving * log, x),
            parameters,
            retain_graph=True,
        )[0]
        for name, log in logs.items()
    }
    return {
        "value": 2 * jsd - math.log(4),
        "jsd": jsd,
        "reverseKl": -torch.trapezoid(q * logit, x),
        **gradients,
    }


def test_density_game_agrees_with_torch(javascript: Callable) -> None:
    measured = javascript(
        "density_game.js",
        "input.map(([data, ...rest]) => module.measure(module.DATA[data], ...rest))",
        GENERATORS,
    )
    for case, got in zip(GENERATORS, measured, strict=True):
        for name, wanted in expected_measures(*case).items():
            value = torch.tensor(got[name], dtype=torch.float64)
            torch.testing.assert_close(
                value,
                wanted.detach(),
                atol=1e-6,
                rtol=1e-4,
                msg=lambda m, c=case, n=name: f"{c} {n}: {m}",
            )


def test_density_game_draws_densities_and_pushes(javascript: Callable) -> None:
    xs = [-3.0, -1.0, 0.1, 2.5]
    points = javascript(
        "density_game.js",
        "input.map((x) => module.at(x, module.DATA.two, 0.5, 1.2))",
        xs,
    )
    x = torch.tensor(xs, dtype=torch.float64, requires_grad=True)
    log_p = log_mixture("two", x)
    log_q = Normal(0.5, 1.2).log_prob(x)
    game = {"saturating": losses.minimax(), "nonSaturating": losses.non_saturating()}
    for name, loss in game.items():
        total = len(xs) * loss.generator(log_p - log_q)
        (slope,) = torch.autograd.grad(total, x, retain_graph=True)
        got = torch.tensor([point[name] for point in points], dtype=torch.float64)
        torch.testing.assert_close(got, -slope)
    for name, wanted in {"p": log_p.exp(), "q": log_q.exp()}.items():
        got = torch.tensor([point[name] for point in points], dtype=torch.float64)
        torch.testing.assert_close(got, wanted.detach())


# ---------------------------------------------------------------- Dirac-GAN

GAMES = [
    dict(zip(("loss", "updates", "regularizer", "gamma", "rate"), values, strict=True))
    for values in product(
        ["minimax", "non-saturating", "wasserstein"],
        ["simultaneous", "alternating"],
        ["none", "r1", "gp"],
        [0.3, 1.7],
        [0.1, 0.8],
    )
]


def objective(loss: str) -> losses.Loss:
    if loss == "wasserstein":
        return losses.Loss(lambda r, f: f.mean() - r.mean(), lambda f: -f.mean())
    return losses.minimax() if loss == "minimax" else losses.non_saturating()


def torch_step(point: Tensor, game: dict[str, Any]) -> Tensor:
    """One step, with gradients from the losses that chapters train with."""
    loss, rate = objective(game["loss"]), game["rate"]
    theta, psi = point[0].detach().requires_grad_(), point[1].detach().requires_grad_()
    target = {"none": None, "r1": 0.0, "gp": 1.0}[game["regularizer"]]
    cost = loss.discriminator(psi * torch.zeros(1), psi * theta.detach().view(1))
    if target is not None:
        cost = cost + game["gamma"] / 2 * (psi.abs() - target) ** 2
    moved = (psi - rate * torch.autograd.grad(cost, psi)[0]).detach()
    seen = moved if game["updates"] == "alternating" else psi.detach()
    gain = torch.autograd.grad(loss.generator(seen * theta.view(1)), theta)[0]
    return torch.stack([(theta - rate * gain).detach(), moved])


def test_dirac_steps_follow_the_losses_gradients(javascript: Callable) -> None:
    start = [0.8, -0.6]
    orbits = javascript(
        "dirac_gan.js",
        "input.games.map((game) => module.orbit(input.start, game, 12))",
        {"start": start, "games": GAMES},
    )
    for game, orbit in zip(GAMES, orbits, strict=True):
        point = torch.tensor(start, dtype=torch.float64)
        for shown in orbit:
            got = torch.tensor(shown, dtype=torch.float64)
            torch.testing.assert_close(got, point, msg=lambda m, g=game: f"{g}: {m}")
            point = torch_step(point, game)


def test_dirac_linearization_is_the_jacobian_of_a_step(javascript: Callable) -> None:
    games = [game for game in GAMES if game["regularizer"] != "gp"]
    answers = javascript(
        "dirac_gan.js",
        """input.map((game) => [
          module.linearization(game), module.spectralRadius(game)])""",
        games,
    )
    nudges = 1e-6 * torch.eye(2, dtype=torch.float64)
    for game, (matrix, radius) in zip(games, answers, strict=True):
        widget = DiracGan(**game)
        shown = torch.tensor(matrix, dtype=torch.float64)
        torch.testing.assert_close(shown, widget.linearization)
        columns = [(torch_step(e, game) - torch_step(-e, game)) / 2e-6 for e in nudges]
        torch.testing.assert_close(
            torch.stack(columns, dim=1), shown, atol=1e-6, rtol=1e-6
        )
        assert radius == pytest.approx(widget.spectral_radius)


def test_eigenvalues_of_known_matrices(javascript: Callable) -> None:
    answers = javascript(
        "dirac_gan.js",
        "input.map(module.eigenvalues)",
        [[[0, 1], [-1, 0]], [[2, 0], [0, 3]], [[1, 1], [0, 1]]],
    )
    assert answers == [[[0, 1], [0, -1]], [[3, 0], [2, 0]], [[1, 0], [1, 0]]]


def test_only_complex_eigenvalues_turn(javascript: Callable) -> None:
    verdicts = {
        "above 1: it spirals out": {},
        "exactly 1: it circles": {"updates": "alternating"},
        "below 1: it spirals in": {"regularizer": "r1"},
        "below 1: it approaches": {"regularizer": "r1", "gamma": 1.0},  # a double one
        "above 1: it leaves": {"regularizer": "r1", "gamma": 2.0, "rate": 1.0}
        | {"updates": "alternating"},
        "exactly 1: it jumps to and fro": {"regularizer": "r1", "gamma": 1.5}
        | {"rate": 1.0, "updates": "alternating", "loss": "wasserstein"},
        "no derivative at ψ = 0, so no eigenvalues": {"regularizer": "gp"},
    }
    games = [DiracGan(**values).page_state() for values in verdicts.values()]
    said = javascript("dirac_gan.js", "input.map(module.verdict)", games)
    assert said == list(verdicts)


def test_a_kink_has_no_spectral_radius(javascript: Callable) -> None:
    game = {"regularizer": "gp", "gamma": 0.3}
    assert javascript("dirac_gan.js", "module.spectralRadius(input)", game) is None
    with pytest.raises(ValueError, match="kink at psi = 0"):
        _ = DiracGan(**game).spectral_radius
    assert DiracGan(regularizer="gp", gamma=0).spectral_radius > 1


def test_a_runaway_orbit_ends(javascript: Callable) -> None:
    game = {"loss": "wasserstein", "updates": "simultaneous", "rate": 1.0}
    points = javascript(
        "dirac_gan.js",
        "module.orbit([2, 2], input, 1000)",
        game | {"regularizer": "none", "gamma": 0},
    )
    assert len(points) < 50
    assert max(map(abs, points[-1])) < 2e6


# ----------------------------------------------------------------- the pages


@pytest.mark.parametrize("make", [DensityGame, DiracGan])
def test_pages_are_self_contained(make: Callable[[], PageWidget]) -> None:
    text = make().to_html()
    assert text == make().to_html()
    assert not re.search(r"https?://", text)
    assert f'aria-label="{make().label}"' in text


def test_descriptions_name_the_numbers() -> None:
    game = DensityGame(data="two", mean=0.0, deviation=2.0)
    assert f"{game.divergence:.3f}" in game.describe()
    assert "1.0050" in DiracGan(rate=0.2).describe()
    assert "undefined" in DiracGan(regularizer="gp").describe()


@pytest.mark.parametrize(
    ("make", "values", "message"),
    [
        (DensityGame, {"data": "three"}, "three"),
        (DensityGame, {"mean": 4.1}, "mean"),
        (DensityGame, {"deviation": 0.0}, "deviation"),
        (DensityGame, {"mean": float("nan")}, "mean must be a number"),
        (DiracGan, {"loss": "hinge"}, "hinge"),
        (DiracGan, {"rate": 0.0}, "rate"),
        (DiracGan, {"theta": float("inf")}, "theta"),
        (DiracGan, {"psi": float("nan")}, "psi must be a number"),
        (DiracGan, {"position": -1}, "position"),
    ],
)
def test_bad_values_are_named(make: type, values: dict, message: str) -> None:
    with pytest.raises(traitlets.TraitError, match=message):
        make(**values)


def test_too_coarse_a_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="points is 7"):
        DensityGame().densities(7)
