"""The minimax game in one dimension, against the best discriminator."""

import html
from typing import Any, ClassVar

import torch
import traitlets
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, Normal

from ganbook import divergences
from ganbook.widgets.page import PageWidget

#: Weights, means and deviations of the data that can be chosen.
DATA = {
    "one": ((1.0,), (0.0,), (1.0,)),
    "two": ((0.5, 0.5), (-2.0, 2.0), (0.6, 0.6)),
}


class DensityGame(PageWidget):
    r"""Move and spread a Gaussian generator; see :math:`D^*`, JSD, V and gradients.

    The discriminator is the best one, :math:`D^* = p / (p + q)`, at every moment. The
    lower panel shows the push that a generated sample at x receives from either loss
    of the generator, :math:`-\partial_x \log(1 - D^*)` and :math:`\partial_x \log D^*`.

    Attributes:
        data: ``"one"``, N(0, 1), or ``"two"``, equal parts of N(-2, 0.6²), N(2, 0.6²).
        mean: Mean of the generator, -4 to 4.
        deviation: Its standard deviation, 0.2 to 2.

    Raises:
        traitlets.TraitError: If a value is out of range.
    """

    module: ClassVar[str] = "density_game.js"

    label = traitlets.Unicode("A generator against the best discriminator").tag(
        sync=True
    )
    data = traitlets.Enum(list(DATA), "one").tag(sync=True)
    mean = traitlets.Float(2.0, min=-4.0, max=4.0).tag(sync=True)
    deviation = traitlets.Float(0.7, min=0.2, max=2.0).tag(sync=True)

    def densities(self, points: int = 1601) -> tuple[Tensor, Tensor, Tensor]:
        """Return the grid on [-16, 16] and both densities on it, float64 (points,).

        Raises:
            ValueError: If there are fewer than 100 points.
        """
        if points < 100:
            raise ValueError(f"points is {points}; expected at least 100")
        x = torch.linspace(-16, 16, points, dtype=torch.float64)
        weights, means, deviations = map(torch.tensor, DATA[self.data])
        mixture = MixtureSameFamily(
            Categorical(weights.double()), Normal(means.double(), deviations.double())
        )
        generator = Normal(x.new_tensor(self.mean), x.new_tensor(self.deviation))
        return x, mixture.log_prob(x).exp(), generator.log_prob(x).exp()

    @property
    def divergence(self) -> float:
        """The Jensen-Shannon divergence between data and generator, in nats."""
        x, p, q = self.densities()
        return float(divergences.jensen_shannon(p, q, x))

    @traitlets.validate("mean", "deviation")
    def _finite(self, proposal: Any) -> float:
        if proposal.value != proposal.value:  # NaN passes every comparison of bounds
            raise traitlets.TraitError(f"{proposal.trait.name} must be a number")
        return proposal.value

    def describe(self) -> str:
        """Return the state in words, for readers without scripts."""
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> Data: {self.data} Gaussian"
            f"{'s' if self.data == 'two' else ''}; generator: mean {self.mean:g}, "
            f"spread {self.deviation:g}. The Jensen-Shannon divergence is "
            f"{self.divergence:.3f} of at most 0.693. "
            "(The figure moves where scripts run.)</p>"
        )
