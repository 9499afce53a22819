"""Noise-contrastive estimation with a noise distribution to move and spread."""

import html
import math
from typing import Any, ClassVar

import torch
import traitlets

from ganbook.widgets.page import PageWidget

_CHOICES = (1, 2, 4, 8, 16)


class NoiseContrast(PageWidget):
    r"""Move and spread the noise, change k; see the posterior and the estimate.

    Data come from the standard normal density. The model
    $\log p_\theta(x) = -(x - \mu)^2 / 2 - \zeta$ has a mean $\mu$ and a log-normalizer
    $\zeta$ to learn; the truth is $\mu = 0$, $\zeta = \tfrac12 \log 2\pi$. The page
    fits both, by Newton's method, in 40 repetitions of an experiment with 100 data
    and 100 k noise points, and draws the spread of the estimates beside the one that
    the asymptotic formula predicts.

    Attributes:
        mean: Mean of the normal noise, -4 to 4.
        spread: Standard deviation of the noise, 0.2 to 5.
        k: Noise points for each datum: 1, 2, 4, 8 or 16.
        estimate: Which estimate is drawn, ``"mean"`` or ``"log Z"``.

    Raises:
        traitlets.TraitError: If a value is not allowed.
    """

    module: ClassVar[str] = "noise_contrast.js"

    label = traitlets.Unicode("Noise-contrastive estimation").tag(sync=True)
    mean = traitlets.Float(1.0, min=-4.0, max=4.0).tag(sync=True)
    spread = traitlets.Float(1.5, min=0.2, max=5.0).tag(sync=True)
    k = traitlets.Enum(_CHOICES, 1).tag(sync=True)
    estimate = traitlets.Enum(("mean", "log Z"), "mean").tag(sync=True)

    @traitlets.validate("mean", "spread")
    def _finite(self, proposal: Any) -> float:
        if not math.isfinite(proposal.value):
            name = proposal.trait.name
            raise traitlets.TraitError(f"{name} must be finite, got {proposal.value}")
        return proposal.value

    def predicted_deviations(self, data: int = 100) -> tuple[float, float]:
        r"""Return the asymptotic standard deviations of $\mu$ and $\zeta$.

        $$\Sigma = I_w^{-1} - (1 + 1/k)\, e_\zeta e_\zeta^\top, \qquad
        I_w = \mathbb{E}_d[w\, s s^\top], \qquad w = P(y = 0 \mid x)$$

        Args:
            data: Number of data in one experiment.

        Raises:
            ValueError: If there is no datum.

        Source: Gutmann and Hyvärinen (2012), theorem 3.
        """
        if data < 1:
            raise ValueError(f"data is {data}; expected at least 1")
        x = torch.linspace(-10, 10, 8001, dtype=torch.float64)
        normal = torch.distributions.Normal
        log_data = normal(0, 1).log_prob(x)
        log_noise = normal(self.mean, self.spread).log_prob(x)
        weight = torch.sigmoid(math.log(self.k) + log_noise - log_data)
        slopes = torch.stack([x, -torch.ones_like(x)])  # of log p in (mean, log Z)
        mass = weight * log_data.exp() * (x[1] - x[0])
        covariance = torch.linalg.inv((slopes * mass) @ slopes.T)
        covariance[1, 1] -= 1 + 1 / self.k
        mean, normalizer = (covariance.diagonal().clamp(min=0) / data).sqrt().tolist()
        return mean, normalizer

    def describe(self) -> str:
        """Return the setting in words, for readers without scripts."""
        mean, normalizer = self.predicted_deviations()
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> Data: mean 0, deviation "
            f"1. Noise: mean {self.mean:g}, deviation {self.spread:g}, k = {self.k}. "
            f"From 100 data the mean is estimated with a standard deviation of about "
            f"{mean:.2g}, log Z with {normalizer:.2g}. With scripts, this figure can "
            "be moved.</p>"
        )
