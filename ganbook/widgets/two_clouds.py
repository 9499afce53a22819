"""Two clouds of points in the plane and the Fréchet distance between them."""

import html
import math
from typing import Any, ClassVar

import torch
import traitlets
from torch import Tensor

from ganbook.widgets.page import PageWidget

#: Center, spreads and angle (degrees) of the data, which stay.
DATA = {"x": 0.0, "y": 0.0, "along": 1.4, "across": 0.6, "turn": 30.0}
SIZES = (5, 10, 20, 50, 100, 200, 500, 1000)


def gaussian(
    x: float, y: float, along: float, across: float, turn: float
) -> tuple[Tensor, Tensor]:
    """Return mean (2,) and covariance (2, 2) of a cloud, float64."""
    angle = math.radians(turn)
    c, s = math.cos(angle), math.sin(angle)
    axes = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    spreads = axes.new_tensor([along, across])
    return axes.new_tensor([x, y]), axes @ spreads.square().diag() @ axes.T


class TwoClouds(PageWidget):
    r"""Move, stretch and turn a generator; see the distance, its parts and its bias.

    Shown are ``samples`` points of each of two Gaussians, the squared Fréchet distance
    of the points and of the distributions, each in its two parts, and a chart of the
    mean distance against the number of points, for the generator and for data against
    data.

    Attributes:
        x: Center of the generator, -3 to 3.
        y: Likewise.
        along: Standard deviation along its first axis, 0 to 2.
        across: Standard deviation along the second, 0 to 2.
        turn: Angle of the first axis in degrees, -90 to 90.
        samples: Points in each cloud, one of 5, 10, 20, 50, 100, 200, 500, 1000.
        draw: Number of the draw; another number shows other points.

    Raises:
        traitlets.TraitError: If a value is out of range.
    """

    module: ClassVar[str] = "two_clouds.js"

    label = traitlets.Unicode("Two clouds and their Fréchet distance").tag(sync=True)
    x = traitlets.Float(1.5, min=-3.0, max=3.0).tag(sync=True)
    y = traitlets.Float(0.5, min=-3.0, max=3.0).tag(sync=True)
    along = traitlets.Float(0.8, min=0.0, max=2.0).tag(sync=True)
    across = traitlets.Float(0.8, min=0.0, max=2.0).tag(sync=True)
    turn = traitlets.Float(0.0, min=-90.0, max=90.0).tag(sync=True)
    samples = traitlets.Enum(SIZES, 100).tag(sync=True)
    draw = traitlets.Int(0, min=0).tag(sync=True)

    @property
    def parts(self) -> tuple[float, float]:
        """The distance of the distributions: what means and covariances contribute."""
        mean_a, cov_a = gaussian(**DATA)
        mean_b, cov_b = gaussian(self.x, self.y, self.along, self.across, self.turn)
        roots = torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt()
        spread = cov_a.trace() + cov_b.trace() - 2 * roots.sum()
        return (mean_a - mean_b).square().sum().item(), max(spread.item(), 0.0)

    @traitlets.validate("x", "y", "along", "across", "turn")
    def _finite(self, proposal: Any) -> float:
        if proposal.value != proposal.value:  # NaN passes every comparison of bounds
            raise traitlets.TraitError(f"{proposal.trait.name} must be a number")
        return proposal.value

    def describe(self) -> str:
        """Return the state in words, for readers without scripts."""
        mean, spread = self.parts
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> The generator's cloud is "
            f"centered at ({self.x:g}, {self.y:g}), with spreads {self.along:g} and "
            f"{self.across:g}, turned by {self.turn:g} degrees. The squared Fréchet "
            f"distance to the data is {mean + spread:.3f}: {mean:.3f} by the means and "
            f"{spread:.3f} by the covariances. "
            "(The figure moves where scripts run.)</p>"
        )
