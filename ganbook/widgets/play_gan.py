"""A GAN in the plane that trains in the reader's page."""

import html
from typing import ClassVar

import traitlets

from ganbook.widgets.page import PageWidget

#: Modes of the data that can be chosen; of the curves, stretches that are counted.
DATA = {
    "ring of 8": 8,
    "grid of 9": 9,
    "grid of 25": 25,
    "two moons": 24,
    "spiral": 28,
}
LOSSES = ("minimax", "non-saturating", "least squares", "hinge", "Wasserstein")
REGULARIZERS = ("none", "R1", "gradient penalty", "spectral norm")
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


class PlayGan(PageWidget):
    """Train a GAN in the page: choose data, loss and rules, and watch both players.

    Two networks of two hidden layers of 32 units, Adam, batches of 128; gradients and
    the second derivatives of the penalties are computed in JavaScript. What is
    chosen counts from the next step on; other data or another seed begin anew.

    Attributes:
        data: One of ``"ring of 8"``, ``"grid of 9"``, ``"grid of 25"``,
            ``"two moons"``, ``"spiral"``.
        loss: ``"minimax"``, ``"non-saturating"``, ``"least squares"``, ``"hinge"`` or
            ``"Wasserstein"``; see :mod:`ganbook.losses`.
        regularizer: ``"none"``, ``"R1"``, ``"gradient penalty"`` or
            ``"spectral norm"``; see :mod:`ganbook.regularizers`.
        strength: Of a penalty: 0.01, 0.1, 1 or 10.
        rate_g: Learning rate of the generator: 1e-4, 3e-4, 1e-3, 3e-3 or 1e-2.
        rate_d: Of the discriminator.
        moves: Moves of the discriminator in a step: 1, 2 or 5.
        momentum: Adam's first decay rate: 0, 0.5 or 0.9.
        average: Show samples of the generator's moving average.
        seed: Of weights, data and noise, 0 to 9.

    Raises:
        traitlets.TraitError: If a value is none of these.
    """

    module: ClassVar[str] = "play_gan.js"

    label = traitlets.Unicode("A GAN in the plane, trained in this page").tag(sync=True)
    data = traitlets.Enum(list(DATA), "ring of 8").tag(sync=True)
    loss = traitlets.Enum(LOSSES, "non-saturating").tag(sync=True)
    regularizer = traitlets.Enum(REGULARIZERS, "none").tag(sync=True)
    strength = traitlets.Enum((0.01, 0.1, 1, 10), 0.1).tag(sync=True)
    rate_g = traitlets.Enum(RATES, 1e-3).tag(sync=True)
    rate_d = traitlets.Enum(RATES, 1e-3).tag(sync=True)
    moves = traitlets.Enum((1, 2, 5), 1).tag(sync=True)
    momentum = traitlets.Enum((0, 0.5, 0.9), 0.5).tag(sync=True)
    average = traitlets.Bool(False).tag(sync=True)
    seed = traitlets.Enum(range(10), 0).tag(sync=True)

    def describe(self) -> str:
        """Return the choices in words, for readers without scripts."""
        held = {"none": "held by nothing"}.get(
            self.regularizer, f"held by {self.regularizer}"
        )
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> Data: {self.data}. Loss: "
            f"{self.loss}; the discriminator is {held}. Rates: {self.rate_g:g} "
            f"(generator), {self.rate_d:g} (discriminator). "
            "(The game is played where scripts run.)</p>"
        )
