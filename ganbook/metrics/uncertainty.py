"""How far to trust a number: intervals by bootstrap, and the limit of many samples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganbook.metrics.frechet import frechet_distance
from ganbook.metrics.statistics import Statistics


@dataclass(frozen=True)
class Interval:
    """A number and how far it may be off.

    Attributes:
        value: Of the samples as they are.
        low: Lower end of the interval.
        high: Upper end of the interval.
        error: Standard deviation over the replicates.
        bias: Their mean less ``value``: about as far as ``value`` is above the truth.
        level: The share of such intervals that should hold the truth.
    """

    value: float
    low: float
    high: float
    error: float
    bias: float
    level: float

    def __str__(self) -> str:
        """Return the value with its interval."""
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def bootstrap(
    function: Callable[..., float],
    *samples: Tensor,
    replicates: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    r"""Estimate an interval by drawing from the samples anew, with replacement.

    A replicate relates to the samples as the samples relate to the distributions. So
    the *difference* is what is learned: with :math:`q_\alpha` the quantiles of the
    replicates and :math:`v` the value, the basic interval is

    .. math:: \bigl[\, 2v - q_{1 - \alpha/2},\; 2v - q_{\alpha/2} \,\bigr]

    (Efron and Tibshirani 1993, chapter 13; Davison and Hinkley 1997, section 5.2). For
    a number that grows when samples repeat, as the Fréchet distance does, the plain
    quantiles :math:`[q_{\alpha/2}, q_{1-\alpha/2}]` would carry its bias twice.

    A kernel distance counts pairs of different points, and a replicate holds points
    twice: use the standard error that it comes with instead.

    Args:
        function: From as many samples as are given to a number.
        *samples: Tensors; each is drawn from along its first axis, independently.
        replicates: How often, at least 2.
        level: Between 0 and 1.
        seed: Of the draws.

    Raises:
        ValueError: If an argument is out of range.
    """
    if replicates < 2 or not 0 < level < 1 or not samples:
        raise ValueError(
            f"expected samples, at least 2 replicates and a level in (0, 1), got "
            f"{len(samples)} samples, {replicates} and {level}"
        )
    draws = torch.Generator().manual_seed(seed)
    found = torch.empty(replicates, dtype=torch.float64)
    for i in range(replicates):
        found[i] = float(function(*(_again(points, draws) for points in samples)))
    value = float(function(*samples))
    tails = found.new_tensor([(1 + level) / 2, (1 - level) / 2])
    low, high = (2 * value - found.quantile(tails)).tolist()
    return Interval(
        value=value,
        low=low,
        high=high,
        error=found.std().item(),
        bias=found.mean().item() - value,
        level=level,
    )


def _again(points: Tensor, draws: torch.Generator) -> Tensor:
    chosen = torch.randint(len(points), (len(points),), generator=draws)
    return points[chosen.to(points.device)]


@dataclass(frozen=True)
class Limit:
    """Distances of growing samples, and where they go.

    Attributes:
        value: The distance in the limit of infinitely many samples.
        slope: It is above that by ``slope / n`` for samples of size n.
        sizes: The sizes that were tried.
        distances: The distance at each of them.
    """

    value: float
    slope: float
    sizes: tuple[int, ...]
    distances: tuple[float, ...]


def extrapolate(
    real_features: Tensor | Statistics,
    fake_features: Tensor,
    *,
    sizes: Sequence[int] | None = None,
    seed: int = 0,
) -> Limit:
    r"""Extrapolate the Fréchet distance to infinitely many samples.

    The distance of :math:`n` samples is too large by about :math:`s / n`, with an
    :math:`s` that depends on the generator, so that it cannot even rank generators.
    A straight line through distances at several sizes, as a function of
    :math:`1 / n`, meets the axis at the limit (Chong and Forsyth 2020, section 3.2).
    Here each distance is the mean over as many disjoint draws as the samples allow.

    Args:
        real_features: Features (N, D), drawn from along with the samples; or
            statistics, which stay as they are (and keep the bias of *their* number).
        fake_features: Features (M, D) of samples.
        sizes: Ascending, at least two of them; by default ten, with equal steps of
            1/n, from an eighth of the samples to all.
        seed: Of the draws.

    Raises:
        ValueError: If there are fewer than two sizes, or one is below 2 or above the
            number of samples.
    """
    fixed = isinstance(real_features, Statistics)
    most = len(fake_features)
    if not fixed:
        most = min(most, len(real_features))
    if sizes is None:
        inverse = torch.linspace(8 / most, 1 / most, 10, dtype=torch.float64)
        sizes = (1 / inverse).round().int().tolist()
    if len(set(sizes)) < 2 or min(sizes) < 2 or max(sizes) > most:
        raise ValueError(
            f"expected at least two sizes from 2 to {most}, got {list(sizes)}"
        )
    draws = torch.Generator().manual_seed(seed)

    def parts(features: Tensor, size: int) -> list[Statistics]:
        order = torch.randperm(len(features), generator=draws).to(features.device)
        return [
            Statistics().update(features[chosen])
            for chosen in order.split(size)
            if len(chosen) == size
        ]

    distances = []
    for size in sizes:
        fakes = parts(fake_features, size)
        reals = [real_features] * len(fakes) if fixed else parts(real_features, size)
        pairs = list(zip(reals, fakes, strict=False))
        distances.append(sum(frechet_distance(*pair) for pair in pairs) / len(pairs))
    x = 1 / torch.tensor(list(sizes), dtype=torch.float64)
    y = torch.tensor(distances, dtype=torch.float64)
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    value = y.mean() - slope * x.mean()
    return Limit(value.item(), slope.item(), tuple(sizes), tuple(distances))
