"""The widget of augmentation: its JavaScript against PyTorch, and its theorems."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
import traitlets

from ganbook import divergences
from ganbook.widgets import AugmentedGame

CASES = [
    dict(zip(("data", "transform", "probability", "shown", "moves"), case, strict=True))
    for case in product(
        ["one", "two", "slope"],
        ["quarter", "step", "any", "mirror"],
        [0.0, 0.35, 0.5, 1.0],
        ["real", "all"],
        ["0", "10", "100"],
    )
]


def test_javascript_plays_the_same_game(javascript: Callable) -> None:
    games = javascript(
        "augmented_game.js",
        """input.map(({ data, transform, probability, shown, moves }) => ({
          T: module.matrix(transform, probability),
          values: module.eigenvalues(transform, probability),
          ...module.play(module.DATA[data].map((share) => share / 100),
            transform, probability, shown, Number(moves)),
        }))""",
        CASES,
    )
    for case, game in zip(CASES, games, strict=True):
        widget = AugmentedGame(**case)
        wanted = {
            "T": widget.matrix,
            "q": widget.play(),
            "real": widget.matrix @ widget.law,
        }
        for name, value in wanted.items():
            got = torch.tensor(game[name], dtype=torch.float64)
            torch.testing.assert_close(got, value, msg=lambda m, c=case: f"{c}: {m}")
        values = torch.tensor(game["values"], dtype=torch.float64)
        expected = torch.linalg.eigvalsh(widget.matrix)
        torch.testing.assert_close(values.sort().values, expected)
        assert abs(values[-1]) == pytest.approx(widget.smallest_eigenvalue, abs=1e-9)


def test_a_move_is_one_of_the_game_with_free_densities() -> None:
    """Without a transformation, the generator halves its way (minimax chapter)."""
    start = AugmentedGame(probability=0.0, moves="0")
    after = AugmentedGame(probability=0.0, moves="10").play()
    expected = start.law + (start.play() - start.law) / 2**10
    torch.testing.assert_close(after, expected)


def test_a_move_follows_the_slope_of_the_cost() -> None:
    widget = AugmentedGame(transform="step", probability=0.3, moves="10")
    q = widget.play().requires_grad_()
    real, fake = widget.matrix @ widget.law, widget.matrix @ q
    best = divergences.optimal_discriminator(real, fake).detach()
    (slope,) = torch.autograd.grad((fake * (1 - best).log()).sum(), q)
    wanted = widget.matrix.T @ (fake / (real + fake)).log()
    torch.testing.assert_close(slope, wanted.detach())


def test_real_only_leaks_and_both_do_not_where_it_can_be_undone() -> None:
    for transform in ("quarter", "mirror", "any", "step"):
        leaks = AugmentedGame(transform=transform, probability=0.3, shown="real")
        torch.testing.assert_close(leaks.play(), leaks.matrix @ leaks.law)
        assert (leaks.play() - leaks.law).abs().sum() > 0.05
        both = AugmentedGame(transform=transform, probability=0.3, moves="10000")
        torch.testing.assert_close(both.play(), both.law, atol=1e-6, rtol=0)


def test_what_cannot_be_undone_is_not_learned() -> None:
    for transform, probability in {"mirror": 0.5, "quarter": 1.0, "step": 0.5}.items():
        widget = AugmentedGame(
            transform=transform, probability=probability, moves="10000"
        )
        assert widget.smallest_eigenvalue < 1e-9
        q = widget.play()
        torch.testing.assert_close(
            widget.matrix @ q, widget.matrix @ widget.law, atol=1e-6, rtol=0
        )
        lost = q - widget.law  # what T takes to 0, and nothing else
        assert (widget.matrix @ lost).abs().max() < 1e-6
        assert lost.abs().sum() / 2 > 0.005


@pytest.mark.parametrize(
    "wrong",
    [
        {"probability": 1.1},
        {"probability": float("nan")},
        {"transform": "shear"},
        {"moves": "5"},
    ],
)
def test_bad_state(wrong: dict) -> None:
    with pytest.raises(traitlets.TraitError):
        AugmentedGame(**wrong)


def test_it_says_what_it_shows_without_scripts() -> None:
    text = AugmentedGame(transform="mirror", probability=0.5).describe()
    assert "smallest eigenvalue has the modulus 0.000" in text
