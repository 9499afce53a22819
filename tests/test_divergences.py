"""Divergences on a grid against closed forms, and their refusals."""

import math
import re

import pytest
import torch
from torch import Tensor

from ganbook import divergences
from ganbook.divergences import F_DIVERGENCES

X = torch.linspace(-12, 12, 4001, dtype=torch.float64)
NAMES = pytest.mark.parametrize("name", F_DIVERGENCES)


def normal(mean: float, deviation: float) -> Tensor:
    at = torch.as_tensor(X)
    density = torch.exp(-(((at - mean) / deviation) ** 2) / 2)
    return density / (deviation * math.sqrt(2 * math.pi))


P, Q = normal(0.5, 1.0), normal(-0.5, 1.3)


def test_kl_of_normals_has_its_closed_form() -> None:
    expected = math.log(1.3) + (1 + 1) / (2 * 1.3**2) - 0.5
    assert divergences.kullback_leibler(P, Q, X).item() == pytest.approx(expected)


def test_the_best_discriminator_attains_the_divergence() -> None:
    best = divergences.optimal_discriminator(P, Q)
    top = divergences.value(P, Q, best, X)
    jsd = divergences.jensen_shannon(P, Q, X)
    assert top.item() == pytest.approx(-math.log(4) + 2 * jsd.item())
    for other in (best**1.1, best * 0.9, torch.full_like(best, 0.5)):
        assert divergences.value(P, Q, other, X) < top


def test_a_best_answer_that_rounds_to_1_is_finite() -> None:
    q = normal(5.0, 0.3)  # at -12 its density is nothing beside the data's
    best = divergences.optimal_discriminator(P, q)
    assert best.max() == 1
    top = divergences.value(P, q, best, X).item()
    jsd = divergences.jensen_shannon(P, q, X).item()
    assert top == pytest.approx(2 * jsd - math.log(4), abs=1e-12)


def test_jensen_shannon_is_zero_for_equals_and_log_2_for_strangers() -> None:
    far = [divergences.jensen_shannon(normal(-s, 0.1), normal(s, 0.1), X)
           for s in (0.0, 5.0)]  # fmt: skip
    assert far[0].item() == pytest.approx(0, abs=1e-12)
    assert far[1].item() == pytest.approx(math.log(2))


def test_densities_may_underflow() -> None:
    """Narrow ones do so between them: there p > 0 while (p + q) / 2 rounds to 0."""
    for shift in torch.linspace(0, 2, 41):
        at = shift.item(), 0.05
        p, q = normal(0.0, 0.05).requires_grad_(), normal(*at).requires_grad_()
        jsd = divergences.jensen_shannon(p, q, X)
        assert -1e-9 < jsd.item() < math.log(2) + 1e-9
        for gradient in torch.autograd.grad(jsd, (p, q)):
            assert torch.isfinite(gradient).all()
        assert divergences.kullback_leibler(p, p, X).item() == 0


def test_the_best_answer_holds_among_subnormal_densities() -> None:
    p, q = normal(0.0, 0.85).float(), normal(0.0, 0.8).float()
    total = p + q
    faint = (total > 0) & (total < torch.finfo(total.dtype).tiny)
    assert faint.any()
    exact = divergences.optimal_discriminator(p.double(), q.double())
    p.requires_grad_(), q.requires_grad_()
    best = divergences.optimal_discriminator(p, q)
    torch.testing.assert_close(best.double()[faint], exact[faint])
    for gradient in torch.autograd.grad(best.sum(), (p, q)):
        assert torch.isfinite(gradient).all()


def test_no_mass_no_opinion() -> None:
    p = torch.tensor([1.0, 0.0, 0.0])
    q = torch.tensor([0.0, 1.0, 0.0])
    best = divergences.optimal_discriminator(p, q)
    assert best.tolist() == [1.0, 0.0, 0.5]
    x = torch.tensor([0.0, 1.0, 2.0])
    box = torch.tensor([1.0, 1.0, 0.0])
    with pytest.raises(ValueError, match="integrates to"):
        divergences.value(box, box, best, x)


@NAMES
def test_conjugate_is_the_supremum(name: str) -> None:
    f = F_DIVERGENCES[name]
    u = torch.logspace(-4, 4, 40_001, dtype=torch.float64)
    for t in f.critic(torch.tensor([0.2, 0.7, 1.5, 4.0], dtype=torch.float64)):
        highest = (u * t - f.generator(u)).max()
        torch.testing.assert_close(f.conjugate(t), highest, atol=1e-4, rtol=1e-4)


@NAMES
def test_critic_is_the_slope_of_the_generator(name: str) -> None:
    f = F_DIVERGENCES[name]
    u = torch.tensor([0.3, 0.9, 2.0, 5.0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(f.generator(u).sum(), u)
    torch.testing.assert_close(slope, f.critic(u.detach()))


@NAMES
def test_the_bound_is_tight_at_the_best_critic_alone(name: str) -> None:
    exact = divergences.f_divergence(name, P, Q, X)
    critic = F_DIVERGENCES[name].critic
    best = divergences.variational_bound(name, critic(P / Q), P, Q, X)
    worse = divergences.variational_bound(name, critic(1.5 * P / Q), P, Q, X)
    torch.testing.assert_close(best, exact)
    assert worse < best


def test_the_members_that_have_other_names() -> None:
    jsd = divergences.jensen_shannon(P, Q, X)
    by_name = {n: divergences.f_divergence(n, P, Q, X) for n in F_DIVERGENCES}
    kl = divergences.kullback_leibler
    torch.testing.assert_close(by_name["Jensen-Shannon"], 2 * jsd)
    torch.testing.assert_close(by_name["GAN"], 2 * jsd - math.log(4))
    torch.testing.assert_close(by_name["KL"], kl(P, Q, X))
    torch.testing.assert_close(by_name["reverse KL"], kl(Q, P, X))


@pytest.mark.parametrize(
    ("p", "q", "x", "message"),
    [
        (P[:5], Q, X, "p has shape (5,)"),
        (P[None], Q, X, "p has shape (1, 4001)"),
        (P, -Q, X, "q has a negative value"),
        (P, Q * math.nan, X, "q must hold finite"),
        (P, 2 * Q, X, "q integrates to 2"),
        (P, Q, X.flip(0), "x must be an increasing grid"),
        (P[:0], Q[:0], X[:0], "x has shape (0,)"),
        (P, Q, X * math.inf, "x must hold finite"),
    ],
)
def test_bad_input_is_named(p: Tensor, q: Tensor, x: Tensor, message: str) -> None:
    for compare in (divergences.kullback_leibler, divergences.jensen_shannon):
        with pytest.raises(ValueError, match=re.escape(message)):
            compare(p, q, x)
    with pytest.raises(ValueError, match=re.escape(message)):
        divergences.f_divergence("KL", p, q, x)


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("reverse KL", 0.1),
        ("Hellinger", 2.0),
        ("Jensen-Shannon", 1.0),
        ("GAN", 1.0),
        ("total variation", 1.0),
        ("total variation", -1.0),
    ],
)
def test_a_critic_beyond_the_slopes_proves_nothing(name: str, slope: float) -> None:
    with pytest.raises(ValueError, match=f"domain of the conjugate of {name}"):
        divergences.variational_bound(name, torch.full_like(P, slope), P, Q, X)


def test_other_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="reaches 2, above 1"):
        divergences.value(P, Q, torch.full_like(P, 2), X)
    with pytest.raises(ValueError, match="discriminator has a negative value"):
        divergences.value(P, Q, torch.full_like(P, -1), X)
    with pytest.raises(ValueError, match="no f-divergence 'JS'; expected one of KL"):
        divergences.f_divergence("JS", P, Q, X)
    with pytest.raises(ValueError, match="p must be positive"):
        divergences.f_divergence("KL", torch.where(X < 6, P, 0.0), Q, X)
    with pytest.raises(ValueError, match=r"q has shape \(3,\)"):
        divergences.optimal_discriminator(P, Q[:3])
