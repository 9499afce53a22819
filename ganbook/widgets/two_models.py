"""One picture, two questions: a discriminative and a generative model side by side."""

import html
import math
from typing import Any, ClassVar

import torch
import traitlets
from torch import Tensor

from ganbook.widgets.page import PageWidget


class TwoModels(PageWidget):
    r"""Move, tilt and bend two classes; see both models, their boundaries and scores.

    The class with the sign $s = \pm 1$ is a standard normal $u$, moved and bent:

    $$x_1 = \tfrac12 s d + u_1, \qquad
    x_2 = s t u_1 + \sqrt{1 - t^2}\, u_2 + s b (u_1^2 - 1)$$

    with the distance $d$, the tilt $t$ and the bend $b$. The discriminative model is
    a logistic regression on all monomials up to degree two; the generative model is
    one normal density a class, which is right if and only if $b = 0$.

    Attributes:
        distance: Distance $d$ of the means, 0 to 4.
        tilt: Correlation $t$ of the two numbers (of opposite sign in the other
            class), -0.9 to 0.9.
        bend: Bend $b$, 0 to 1.5.
        labels: Labeled points of each class: ``"4"``, ``"16"``, ``"64"``, ``"256"``.
        seed: Which labeled points are drawn, 0 to 999.
        show: ``"data"``, the labeled points, or ``"samples"`` of the generative model.

    Raises:
        traitlets.TraitError: If a value is not allowed.
    """

    module: ClassVar[str] = "two_models.js"

    label = traitlets.Unicode("A discriminative and a generative model").tag(sync=True)
    distance = traitlets.Float(2.5, min=0.0, max=4.0).tag(sync=True)
    tilt = traitlets.Float(0.0, min=-0.9, max=0.9).tag(sync=True)
    bend = traitlets.Float(0.0, min=0.0, max=1.5).tag(sync=True)
    labels = traitlets.Enum(("4", "16", "64", "256"), "16").tag(sync=True)
    seed = traitlets.Int(0, min=0, max=999).tag(sync=True)
    show = traitlets.Enum(("data", "samples"), "data").tag(sync=True)

    @traitlets.validate("distance", "tilt", "bend")
    def _finite(self, proposal: Any) -> float:
        if not math.isfinite(proposal.value):
            name = proposal.trait.name
            raise traitlets.TraitError(f"{name} must be finite, got {proposal.value}")
        return proposal.value

    def log_density(self, x: Tensor, sign: int) -> Tensor:
        r"""Return the true $\log p(x \mid y)$ of one class, in nats, shape (N,).

        The map from $u$ to $x$ has the Jacobian determinant $\sqrt{1 - t^2}$.

        Args:
            x: Points, shape (N, 2).
            sign: Which class: -1 or 1.

        Raises:
            ValueError: If the points have another shape or the sign another value.
        """
        if x.ndim != 2 or x.shape[1] != 2:
            raise ValueError(f"points have shape {tuple(x.shape)}; expected (N, 2)")
        if sign not in (-1, 1):
            raise ValueError(f"sign is {sign!r}; expected -1 or 1")
        width = math.sqrt(1 - self.tilt**2)
        u1 = x[:, 0] - sign * self.distance / 2
        middle = sign * (self.tilt * u1 + self.bend * (u1**2 - 1))
        u2 = (x[:, 1] - middle) / width
        return -(u1**2 + u2**2) / 2 - math.log(2 * math.pi * width)

    @property
    def best_accuracy(self) -> float:
        """The share of points that the true densities put into the right class."""
        # The tails reach far where the classes bend: x2 up to 1.5 (5² - 1) = 36.
        first = torch.linspace(-7, 7, 281, dtype=torch.float64)
        second = torch.linspace(-40, 40, 3201, dtype=torch.float64)
        grid = torch.cartesian_prod(first, second)
        densities = [self.log_density(grid, sign).exp() for sign in (-1, 1)]
        area = float((first[1] - first[0]) * (second[1] - second[0]))
        return float(torch.maximum(*densities).sum()) * area / 2

    def describe(self) -> str:
        """Return the setting in words, for readers without scripts."""
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> Two classes of "
            f"{self.labels} labeled points each: distance {self.distance:g}, tilt "
            f"{self.tilt:g}, bend {self.bend:g}. Who knew the true densities would put "
            f"{100 * self.best_accuracy:.1f} % of new points into the right class. "
            "(The figure moves where scripts run.)</p>"
        )
