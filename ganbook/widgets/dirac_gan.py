"""The Dirac-GAN: the smallest game that circles."""

import html
import math
from typing import Any, ClassVar

import torch
import traitlets
from torch import Tensor

from ganbook.widgets.page import PageWidget

_PARTS = {"minimax": 0.5, "non-saturating": 0.5, "wasserstein": 1.0}


class DiracGan(PageWidget):
    r"""Follow two players with one number each around their equilibrium.

    All data lie at 0, the generator puts all its samples at :math:`\theta`, and the
    discriminator's logit is :math:`\psi x`. Then :math:`\theta = \psi = 0` is the
    equilibrium, and the eigenvalues of a step's matrix there say whether the players
    approach it.

    Attributes:
        loss: ``"minimax"``, ``"non-saturating"`` or ``"wasserstein"``.
        updates: ``"simultaneous"``, or ``"alternating"``: the discriminator first.
        regularizer: ``"none"``; ``"r1"``, the penalty :math:`\gamma \psi^2 / 2`; or
            ``"gp"``, the penalty :math:`\gamma (|\psi| - 1)^2 / 2` of WGAN-GP.
        gamma: Strength of the penalty, 0 to 2.
        rate: Learning rate h of both players, 0.02 to 1.
        theta: Where the generator starts, -2 to 2.
        psi: Where the discriminator starts, -2 to 2.
        steps: Length of the orbit, 1 to 1000.
        position: The step shown; a shorter orbit shows its end.

    Raises:
        traitlets.TraitError: If a value is out of range.

    Source: Mescheder, Geiger and Nowozin (2018), section 2.
    """

    module: ClassVar[str] = "dirac_gan.js"

    label = traitlets.Unicode("Dirac-GAN: two players around an equilibrium").tag(
        sync=True
    )
    loss = traitlets.Enum(list(_PARTS), "minimax").tag(sync=True)
    updates = traitlets.Enum(["simultaneous", "alternating"], "simultaneous").tag(
        sync=True
    )
    regularizer = traitlets.Enum(["none", "r1", "gp"], "none").tag(sync=True)
    gamma = traitlets.Float(0.3, min=0.0, max=2.0).tag(sync=True)
    rate = traitlets.Float(0.2, min=0.02, max=1.0).tag(sync=True)
    theta = traitlets.Float(1.0, min=-2.0, max=2.0).tag(sync=True)
    psi = traitlets.Float(0.0, min=-2.0, max=2.0).tag(sync=True)
    steps = traitlets.Int(300, min=1, max=1000).tag(sync=True)
    position = traitlets.Int(0, min=0, max=1000).tag(sync=True)

    @property
    def linearization(self) -> Tensor:
        r"""The matrix of a step at the equilibrium, on (theta, psi), float64 (2, 2).

        Raises:
            ValueError: If the penalty has no derivative there (``"gp"``).
        """
        if self.regularizer == "gp" and self.gamma > 0:
            raise ValueError("the penalty 'gp' has a kink at psi = 0: no linearization")
        a = self.rate * _PARTS[self.loss]
        keep = 1 - self.rate * self.gamma * (self.regularizer == "r1")
        rows = [[1, a], [-a, keep]]
        if self.updates == "alternating":  # the generator answers the new psi
            rows[0] = [1 - a * a, a * keep]
        return torch.tensor(rows, dtype=torch.float64)

    @property
    def spectral_radius(self) -> float:
        """Growth per step near the equilibrium: above 1 the players leave it."""
        return torch.linalg.eigvals(self.linearization).abs().max().item()

    @traitlets.validate("gamma", "rate", "theta", "psi")
    def _finite(self, proposal: Any) -> float:
        if math.isnan(proposal.value):  # passes every comparison of bounds
            raise traitlets.TraitError(f"{proposal.trait.name} must be a number")
        return proposal.value

    def describe(self) -> str:
        """Return the game in words, for readers without scripts."""
        kinked = self.regularizer == "gp" and self.gamma > 0
        radius = "undefined" if kinked else f"{self.spectral_radius:.4f}"
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> Loss: {self.loss}; "
            f"{self.updates} steps of rate {self.rate:g}; penalty: {self.regularizer}. "
            f"Spectral radius of a step: {radius}. "
            "(The figure moves where scripts run.)</p>"
        )
