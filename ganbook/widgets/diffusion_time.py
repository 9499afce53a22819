"""Diffusion of a cloud of points, or of digits: scrub through time, drag the noise."""

import base64
import html
import math
from typing import Any, ClassVar

import torch
import traitlets
from torch import Tensor

from ganbook import diffusion
from ganbook.widgets.page import PageWidget

STEPS = 1000
_SCHEDULES = {
    "linear": diffusion.linear,
    "cosine": diffusion.cosine,
    "sigmoid": diffusion.sigmoid,
}


class DiffusionTime(PageWidget):
    r"""Scrub data through time, drag the schedule, walk back with the exact score.

    The data are a mixture of normal densities, for which the best noise prediction has
    a formula; nothing is learned. With digits, the mixture has a narrow spot at each
    digit that is handed in: the best prediction for a training set known by heart.

    Args:
        digits: uint8 pixels (K, 28, 28) with K from 1 to 60; without them the widget
            offers no digits.
        **traits: Initial values of the traits.

    Attributes:
        data: ``"ring"`` (eight spots), ``"spiral"`` or ``"digits"``.
        direction: ``"forward"`` adds noise, ``"back"`` walks from noise to data.
        schedule: ``"linear"``, ``"cosine"`` or ``"sigmoid"``, with T = 1000.
        shift: Is added to log SNR at all times, -6 to 6.
        time: t, 0 to 1000.
        steps: Steps of the walk back, 1 to 100.
        eta: Share of fresh noise in it, 0 (DDIM) to 1 (ancestral).
        digits: The pixels, base64.

    Raises:
        ValueError: If the digits are not such pixels.
        traitlets.TraitError: If a value is not allowed.
    """

    module: ClassVar[str] = "diffusion_time.js"

    label = traitlets.Unicode("Diffusion, there and back").tag(sync=True)
    data = traitlets.Enum(("ring", "spiral", "digits"), "ring").tag(sync=True)
    direction = traitlets.Enum(("forward", "back"), "forward").tag(sync=True)
    schedule = traitlets.Enum(tuple(_SCHEDULES), "cosine").tag(sync=True)
    shift = traitlets.Float(0.0, min=-6.0, max=6.0).tag(sync=True)
    time = traitlets.Int(300, min=0, max=STEPS).tag(sync=True)
    steps = traitlets.Int(20, min=1, max=100).tag(sync=True)
    eta = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True)
    digits = traitlets.Unicode("").tag(sync=True)

    def __init__(self, digits: Tensor | None = None, **traits: Any) -> None:
        if digits is not None:
            traits["digits"] = _encode(digits)
        super().__init__(**traits)

    @traitlets.validate("data")
    def _at_hand(self, proposal: Any) -> str:
        if proposal.value == "digits" and not self.digits:
            raise traitlets.TraitError("data is 'digits', but no digits came")
        return proposal.value

    @traitlets.validate("shift", "eta")
    def _finite(self, proposal: Any) -> float:
        if not math.isfinite(proposal.value):
            name = proposal.trait.name
            raise traitlets.TraitError(f"{name} must be finite, got {proposal.value}")
        return proposal.value

    @property
    def alpha_bar(self) -> Tensor:
        r"""What the page computes with: :math:`\bar\alpha_t`, float64 (1001,).

        The shift multiplies the signal-to-noise ratio by a constant.
        """
        alpha_bar = _SCHEDULES[self.schedule](STEPS).alpha_bar
        return alpha_bar / (alpha_bar + (1 - alpha_bar) * math.exp(-self.shift))

    def describe(self) -> str:
        """Return the state in words, for readers without scripts."""
        left = self.alpha_bar[self.time].item()
        return (
            f"<p><strong>{html.escape(self.label)}.</strong> With the {self.schedule} "
            f"schedule, a datum at time {self.time} of {STEPS} is multiplied by "
            f"{left**0.5:.3f}, and noise of deviation {(1 - left) ** 0.5:.3f} is added "
            "to it. (The figure moves where scripts run.)</p>"
        )


def _encode(digits: Tensor) -> str:
    wanted = isinstance(digits, Tensor) and digits.dtype == torch.uint8
    if not wanted or tuple(digits.shape[1:]) != (28, 28) or not 1 <= len(digits) <= 60:
        came = (
            f"{digits.dtype} of shape {tuple(digits.shape)}"
            if isinstance(digits, Tensor)
            else type(digits).__name__
        )
        raise ValueError(
            f"digits are {came}; expected uint8 (K, 28, 28) with K from 1 to 60"
        )
    return base64.b64encode(digits.cpu().contiguous().numpy().tobytes()).decode()
