r"""Energy models: unnormalized densities that learn their normalizer as a parameter.

.. math:: \log p_\theta(x) = -E_\theta(x) - \zeta

The number :math:`\zeta` is free; where it equals
:math:`\log Z(\theta) = \log \int e^{-E_\theta(x)}\,dx`, the density is normalized.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, log

import torch
from torch import Tensor, nn


class PolynomialEnergy(nn.Module):
    r"""A polynomial in one dimension, :math:`-E(x) = \sum_{i=1}^{d} a_i x^i`.

    An even degree with a negative leading coefficient has a finite normalizer. The
    model starts at :math:`-E(x) = -x^2/2`, the standard normal density.

    Args:
        degree: :math:`d`, an even number of at least 2.

    Attributes:
        coefficients: :math:`a_1, \dots, a_d`, shape (d,).
        log_normalizer: :math:`\zeta`, a scalar; starts at 0.

    Raises:
        ValueError: If the degree is odd or below 2.
    """

    def __init__(self, degree: int = 4) -> None:
        super().__init__()
        if degree < 2 or degree % 2:
            raise ValueError(f"degree is {degree}; expected an even number >= 2")
        start = torch.zeros(degree)
        start[1] = -0.5
        self.coefficients = nn.Parameter(start)
        self.log_normalizer = nn.Parameter(torch.zeros(()))

    def energy(self, x: Tensor) -> Tensor:
        """Map points (N, 1) to energies (N,).

        Raises:
            ValueError: If the points have another shape.
        """
        _check_points(x, 1)
        powers = torch.arange(1, len(self.coefficients) + 1, device=x.device)
        return -(x**powers) @ self.coefficients

    def forward(self, x: Tensor) -> Tensor:
        r"""Map points (N, 1) to :math:`\log p_\theta`, shape (N,)."""
        return -self.energy(x) - self.log_normalizer


class DenseEnergy(nn.Module):
    r"""A small dense network as energy, confined by a bowl.

    .. math:: E(x) = g_\theta(x) + \frac{\lVert x \rVert^2}{2 r^2}

    The network :math:`g_\theta` grows no faster than linearly, so that the bowl makes
    :math:`Z` finite whatever the weights. Its last layer has no bias, which would say
    the same as :math:`\zeta`.

    Args:
        dimension: Coordinates of a point.
        widths: Units of the hidden layers.
        radius: :math:`r`, the width of the bowl; choose it wider than the data.

    Raises:
        ValueError: If the radius is not a positive number.
    """

    def __init__(
        self,
        dimension: int = 2,
        widths: Sequence[int] = (64, 64),
        radius: float = 3.0,
    ) -> None:
        super().__init__()
        if not (isfinite(radius) and radius > 0):
            raise ValueError(f"radius is {radius}; expected a positive number")
        self.dimension, self.radius = dimension, radius
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise([dimension, *widths]):
            layers += [nn.Linear(fan_in, fan_out), nn.SiLU()]
        last = nn.Linear([dimension, *widths][-1], 1, bias=False)
        self.layers = nn.Sequential(*layers, last)
        self.log_normalizer = nn.Parameter(torch.zeros(()))

    def energy(self, x: Tensor) -> Tensor:
        """Map points (N, dimension) to energies (N,).

        Raises:
            ValueError: If the points have another shape.
        """
        _check_points(x, self.dimension)
        bowl = x.square().sum(1) / (2 * self.radius**2)
        return self.layers(x).squeeze(1) + bowl

    def forward(self, x: Tensor) -> Tensor:
        r"""Map points (N, dimension) to :math:`\log p_\theta`, shape (N,)."""
        return -self.energy(x) - self.log_normalizer


@torch.no_grad()
def log_partition(
    model: nn.Module,
    *,
    dimension: int = 1,
    half_width: float = 8.0,
    points: int = 401,
) -> float:
    r"""Return :math:`\log Z` by the trapezoidal rule on a grid around the origin.

    Only in few dimensions is this possible: the grid has ``points ** dimension``
    nodes. That the box holds the mass is for the caller to see to.

    Args:
        model: Any module with ``energy``, which maps (N, dimension) to (N,).
        dimension: 1 or 2.
        half_width: The box is ``[-half_width, half_width]`` along each axis.
        points: Nodes along each axis, at least 3.

    Raises:
        ValueError: If an argument is out of range, or an energy is not a number.
    """
    if dimension not in (1, 2):
        raise ValueError(f"dimension is {dimension}; expected 1 or 2")
    if points < 3 or not (isfinite(half_width) and half_width > 0):
        raise ValueError(
            f"points is {points} and half_width {half_width}; "
            "expected at least 3 and a positive number"
        )
    like = next(model.parameters(), torch.empty(0))
    axis = torch.linspace(-half_width, half_width, points, dtype=torch.float64)
    nodes = torch.cartesian_prod(*[axis] * dimension).view(-1, dimension)
    energies = model.energy(nodes.to(like)).cpu().double()  # not every GPU has float64
    if energies.isnan().any():
        raise ValueError("an energy on the grid is NaN; expected numbers")
    weights = torch.ones(points, dtype=torch.float64)
    weights[[0, -1]] = 0.5
    for _ in range(dimension - 1):
        weights = torch.outer(weights, weights).flatten()
    step = 2 * half_width / (points - 1)
    total = torch.logsumexp(weights.log() - energies, 0)
    return total.item() + dimension * log(step)


def _check_points(x: Tensor, dimension: int) -> None:
    if x.ndim != 2 or x.shape[1] != dimension or not len(x):
        raise ValueError(
            f"points have shape {tuple(x.shape)}; expected (N, {dimension}) with N >= 1"
        )
    if not torch.isfinite(x).all():
        raise ValueError("a point is not finite; expected finite coordinates")
