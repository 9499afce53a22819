r"""Divergences between densities on a grid, and what the minimax game makes of them.

Densities are tensors of their values at the points of a grid ``x``; integrals are
sums by the trapezoid rule. All results are in nats and differentiable. For the
generator's density write :math:`q = p_g`, for that of the data :math:`p`:

.. math::

    V(D, q) = \int p \log D + q \log(1 - D) \, dx, \qquad
    \max_D V = -\log 4 + 2 \operatorname{JSD}(p \Vert q).

Source: Goodfellow et al. (2014), section 4; Nowozin et al. (2016).
"""

from collections.abc import Callable
from math import inf, log
from typing import NamedTuple

import torch
from torch import Tensor

_TOLERANCE = 1e-2  # how far from 1 a density's integral may lie


def optimal_discriminator(p: Tensor, q: Tensor) -> Tensor:
    r"""The best answer to ``q``: :math:`D^* = p / (p + q)`, and ½ where both vanish.

    Args:
        p: Density of the data at the grid's points, (N,).
        q: Density of the generator, (N,).

    Raises:
        ValueError: If shapes differ, or a value is negative or not finite.
    """
    _check_values(p=p, q=q)
    total, tiny = p + q, _tiny(p)
    # Sums below the normal numbers divide well, but their slopes would overflow.
    faint = torch.where(total > 0, (p / total).detach(), 0.5)
    return torch.where(total >= tiny, p / total.clamp(min=tiny), faint)


def value(p: Tensor, q: Tensor, discriminator: Tensor, x: Tensor) -> Tensor:
    r"""The game's value :math:`V = \int p \log D + q \log(1 - D) \, dx`, at most 0.

    A place without mass costs nothing, whatever D says there (0 log 0 = 0). D cannot
    be told from 0 or 1 when it is closer than half the machine epsilon, and counts as
    that close.

    Args:
        p: Density of the data, (N,).
        q: Density of the generator, (N,).
        discriminator: :math:`D` in [0, 1], (N,).
        x: The grid, increasing, (N,).

    Raises:
        ValueError: If an argument is no density on the grid, or D leaves [0, 1].
    """
    _check_densities(x, p=p, q=q)
    _check_values(discriminator=discriminator, like=p)
    if (discriminator > 1).any():
        raise ValueError(f"discriminator reaches {discriminator.max():.4g}, above 1")
    least = torch.finfo(discriminator.dtype).eps / 2
    on_data = torch.xlogy(p, discriminator.clamp(min=least))
    terms = on_data + torch.xlogy(q, (1 - discriminator).clamp(min=least))
    return torch.trapezoid(terms, x)


def kullback_leibler(p: Tensor, q: Tensor, x: Tensor) -> Tensor:
    r""":math:`\operatorname{KL}(p \Vert q) = \int p \log(p / q) \, dx`, 0 to infinity.

    Args:
        p: Density that weighs the points, (N,).
        q: Density compared with it, (N,).
        x: The grid, increasing, (N,).

    Raises:
        ValueError: If ``p`` or ``q`` is no density on the grid.
    """
    _check_densities(x, p=p, q=q)
    there = p > 0  # elsewhere 0 log 0 = 0, and no gradient
    ratio = torch.where(there, p, 1.0).log() - torch.where(there, q, 1.0).log()
    return torch.trapezoid(p * ratio, x)


def jensen_shannon(p: Tensor, q: Tensor, x: Tensor) -> Tensor:
    r"""The mean distance from the mixture :math:`m = (p + q) / 2`, 0 to log 2.

    .. math:: \operatorname{JSD} = \tfrac12 \operatorname{KL}(p \Vert m)
        + \tfrac12 \operatorname{KL}(q \Vert m)

    Args:
        p: A density, (N,).
        q: A density, (N,).
        x: The grid, increasing, (N,).

    Raises:
        ValueError: If ``p`` or ``q`` is no density on the grid.
    """
    _check_densities(x, p=p, q=q)
    tiny = _tiny(p)
    terms = (  # p log(p / m): ratios of 0 to 2, for m itself may round to 0
        torch.xlogy(one, (2 * one / (p + q).clamp(min=tiny)).clamp(min=tiny))
        for one in (p, q)
    )
    return torch.trapezoid(sum(terms), x) / 2


class FDivergence(NamedTuple):
    r"""A divergence :math:`D_f(P \Vert Q) = \int q \, f(p / q) \, dx`, f convex.

    Attributes:
        generator: :math:`f(u)` for ``u > 0``.
        conjugate: :math:`f^*(t) = \sup_u ut - f(u)`, for t among f's slopes; not
            finite beyond them. (Pearson's below -2 is, and too large: a bound still.)
        critic: :math:`T^* = f'(u)`, at which the bound
            :math:`D_f \ge \mathbb{E}_p[T] - \mathbb{E}_q[f^*(T)]` is tight.
    """

    generator: Callable[[Tensor], Tensor]
    conjugate: Callable[[Tensor], Tensor]
    critic: Callable[[Tensor], Tensor]


#: The f-divergences of Nowozin et al. (2016), tables 1, 2 and 5, by name.
F_DIVERGENCES = {
    "KL": FDivergence(
        lambda u: u * u.log(), lambda t: (t - 1).exp(), lambda u: 1 + u.log()
    ),
    "reverse KL": FDivergence(
        lambda u: -u.log(), lambda t: -1 - (-t).log(), lambda u: -1 / u
    ),
    "Pearson": FDivergence(
        lambda u: (u - 1) ** 2, lambda t: t**2 / 4 + t, lambda u: 2 * (u - 1)
    ),
    "Hellinger": FDivergence(
        lambda u: (u.sqrt() - 1) ** 2,
        lambda t: torch.where(t < 1, t / (1 - t), inf),
        lambda u: 1 - u**-0.5,
    ),
    "Jensen-Shannon": FDivergence(
        lambda u: u * u.log() - (u + 1) * ((u + 1) / 2).log(),
        lambda t: -(2 - t.exp()).log(),
        lambda u: log(2) + u.log() - (1 + u).log(),
    ),
    "GAN": FDivergence(
        lambda u: u * u.log() - (u + 1) * (u + 1).log(),
        lambda t: -(1 - t.exp()).log(),
        lambda u: u.log() - (1 + u).log(),
    ),
    "total variation": FDivergence(
        lambda u: (u - 1).abs() / 2,
        lambda t: torch.where(t.abs() <= 0.5, t, inf),
        lambda u: (u - 1).sign() / 2,
    ),
}


def f_divergence(name: str, p: Tensor, q: Tensor, x: Tensor) -> Tensor:
    r"""Compute :math:`D_f(p \Vert q) = \int q \, f(p / q) \, dx` on a grid.

    Args:
        name: A key of :data:`F_DIVERGENCES`.
        p: Density of the data, positive, (N,).
        q: Density of the generator, positive, (N,).
        x: The grid, increasing, (N,).

    Raises:
        ValueError: If the name is unknown, or ``p`` or ``q`` is no positive density.
    """
    divergence = _named(name)
    _check_densities(x, p=p, q=q, positive=True)
    return torch.trapezoid(q * divergence.generator(p / q), x)


def variational_bound(
    name: str, critic: Tensor, p: Tensor, q: Tensor, x: Tensor
) -> Tensor:
    r"""What a critic proves: :math:`\mathbb{E}_p[T] - \mathbb{E}_q[f^*(T)] \le D_f`.

    Args:
        name: A key of :data:`F_DIVERGENCES`.
        critic: :math:`T` at the grid's points, within the slopes of f, (N,).
        p: Density of the data, (N,).
        q: Density of the generator, (N,).
        x: The grid, increasing, (N,).

    Raises:
        ValueError: If the name is unknown, an argument does not fit the grid, or
            the critic leaves the domain of the conjugate.
    """
    divergence = _named(name)
    _check_densities(x, p=p, q=q)
    conjugate = divergence.conjugate(critic)
    _check_values(critic=critic, like=p, lowest=-inf)
    if not torch.isfinite(conjugate).all():
        raise ValueError(f"critic leaves the domain of the conjugate of {name}")
    return torch.trapezoid(p * critic - q * conjugate, x)


def _named(name: str) -> FDivergence:
    if name not in F_DIVERGENCES:
        known = ", ".join(F_DIVERGENCES)
        raise ValueError(f"no f-divergence {name!r}; expected one of {known}")
    return F_DIVERGENCES[name]


def _tiny(tensor: Tensor) -> float:
    return torch.finfo(tensor.dtype).tiny


def _check_values(
    *, like: Tensor | None = None, lowest: float = 0.0, **named: Tensor
) -> None:
    shape = None if like is None else like.shape
    for name, values in named.items():
        shape = values.shape if shape is None else shape
        if values.ndim != 1 or not len(values) or values.shape != shape:
            raise ValueError(
                f"{name} has shape {tuple(values.shape)}; expected (N,) with N >= 1, "
                f"as the others: {tuple(shape)}"
            )
        if not values.is_floating_point() or not torch.isfinite(values).all():
            raise ValueError(f"{name} must hold finite floating-point numbers")
        if (values < lowest).any():
            raise ValueError(f"{name} has a negative value, {values.min():.4g}")


def _check_densities(x: Tensor, *, positive: bool = False, **named: Tensor) -> None:
    _check_values(x=x, lowest=-inf)
    if len(x) < 2 or not (x.diff() > 0).all():
        raise ValueError("x must be an increasing grid of at least two points")
    for name, values in named.items():
        _check_values(**{name: values}, like=x)
        mass = torch.trapezoid(values, x).item()
        if abs(mass - 1) > _TOLERANCE:
            raise ValueError(f"{name} integrates to {mass:.4g} on the grid; expected 1")
        if positive and not (values > 0).all():
            raise ValueError(f"{name} must be positive at every point of the grid")
